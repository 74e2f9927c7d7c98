"""What is shown when the stack is up: where to look and what to try."""

import shutil
import sys
from pathlib import Path
from typing import Final

from app.example import ABOUT, TRY
from app.local.nodes import RedisNode
from app.local.state import StackState
from app.local.terminal import Terminal

_LOGIN: Final = """-H 'Content-Type: application/json' -d '{"email":"ada@example.com","password":"haven-demo"}'"""


def show_urls(terminal: Terminal, state: StackState) -> None:
    """Write the table of addresses."""
    width = max(map(len, state.urls))
    for what, url in state.urls.items():
        terminal.line(f"  {what:<{width}}  {url}")


def welcome(terminal: Terminal, state: StackState, data: Path, primary: RedisNode) -> None:
    """Write the addresses and a few commands, with the present primary in them."""
    web = f"http://127.0.0.1:{state.http_port}"
    shown = _short(data)
    option = "" if shown == ".haven" else f" --data {shown}"
    terminal.line()
    terminal.line(terminal.heading("Open"))
    show_urls(terminal, state)
    terminal.line()
    terminal.line(terminal.heading("Try"))
    for command, why in (
        (f"curl -s {web}{TRY}", ABOUT.rstrip(".").lower()),
        (f"curl -s {web}/api/login {_LOGIN}", "log in; send session_id as X-Session-ID from then on"),
        (f"{program()} status{option}", "roles, lag, queues"),
        (f"kill -9 $(cat {_short(primary.directory)}/pid)", f"kill the primary ({primary.name}) and watch a failover"),
        (f"{program()} doctor{option}", "check everything"),
    ):
        terminal.line(f"  {terminal.faint('# ' + why)}")
        terminal.line(f"  {command}")
    terminal.line()
    terminal.line("Ctrl-C ends everything; the data stays.")
    terminal.line()


def program() -> str:
    """How this reader calls haven: by its name if that is on PATH, else by where it lies."""
    return "haven" if shutil.which("haven") else _short(Path(sys.executable).with_name("haven"))


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
