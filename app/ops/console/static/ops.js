// Keeps the operations page up to date: by a stream; where that is refused or falls silent, by asking every second.
"use strict";

const STALE = 3000; // ms without news until the page says so
const SILENT = 5000; // ms without news until the stream is given up
const AGAIN = 15000; // ms of asking until the stream is tried again
const PARTS = 5000;
const MOST = 200;

const byId = (id) => document.getElementById(id);
const known = new Map(); // what a moment says -> when, so that one told by two processes is shown once
let news = Date.now(); // of the page itself
let source = null;
let begun = 0; // the present stream
let asking = 0;
let over = false;

function show(state) {
  news = Date.now();
  if (state.at !== null) {
    byId("picture").innerHTML = state.topology;
    if (byId("summary").textContent !== state.summary) byId("summary").textContent = state.summary;
  }
  for (const moment of state.moments) add(moment);
}

function add(moment) {
  const before = known.get(moment.key);
  if (before !== undefined && Math.abs(before - moment.at) < 1.5) return;
  known.set(moment.key, moment.at);
  const holder = document.createElement("template");
  holder.innerHTML = moment.html;
  const list = byId("moments");
  const time = (item) => item.querySelector("time").getAttribute("datetime");
  const item = holder.content.firstElementChild;
  let place = list.firstElementChild;
  while (place && time(place) > time(item)) place = place.nextElementSibling;
  list.insertBefore(item, place);
  while (list.children.length > MOST) list.lastElementChild.remove();
}

function end(text) {
  over = true;
  if (source) source.close();
  byId("stale").textContent = text;
  byId("stale").hidden = false;
}

function listen() {
  asking = 0;
  begun = Date.now();
  source = new EventSource("/ops/stream");
  source.onopen = () => { byId("mode").textContent = "Live"; };
  source.onmessage = (event) => show(JSON.parse(event.data));
  source.onerror = () => { if (source.readyState === EventSource.CLOSED) ask(); };
}

function ask() {
  source.close();
  asking = asking || Date.now();
  byId("mode").textContent = "Asked every second";
}

async function get(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(2500) });
  if (answer.status === 401) end("You are signed out: sign in at /ops/login again.");
  if (answer.status === 403) end("You are no operator any more.");
  if (!answer.ok) throw new Error(`${path} says ${answer.status}`);
  return answer.json();
}

async function turn() {
  if (over) return;
  if (asking) {
    try { show(await get("/ops/state.json")); } catch { /* the banner says how long there has been no news */ }
    if (!over && Date.now() - asking > AGAIN) listen();
  } else if (Date.now() - Math.max(news, begun) > SILENT) {
    ask();
  }
}

function tell() {
  if (over) return;
  const age = Date.now() - news;
  byId("age").textContent = `, ${(age / 1000).toFixed(0)} s old`;
  if (age > STALE) {
    byId("mode").textContent = "Stale";
    const text = "No news from the web process: what you see is old. The page goes on trying.";
    if (byId("stale").hidden) byId("stale").textContent = text;
  }
  byId("stale").hidden = age <= STALE;
  document.body.classList.toggle("old", age > STALE);
  if (age <= STALE && byId("mode").textContent === "Stale") byId("mode").textContent = asking ? "Asked every second" : "Live";
}

async function refresh() {
  if (over || Date.now() - news > STALE) return;
  let parts;
  try { parts = await get("/ops/parts.json"); } catch { return; }
  for (const [name, html] of Object.entries(parts)) {
    const part = document.querySelector(`[data-part="${name}"]`);
    // not under somebody's hands
    if (!part.contains(document.activeElement) && !part.querySelector("details[open]")) part.innerHTML = html;
  }
}

function forever(act, pause) {
  const again = () => act().finally(() => setTimeout(again, pause));
  setTimeout(again, pause);
}

for (const item of byId("moments").children) {
  known.set(item.dataset.key, Date.parse(item.querySelector("time").getAttribute("datetime")) / 1000);
}
listen();
forever(turn, 1000);
forever(refresh, PARTS);
setInterval(tell, 250);
