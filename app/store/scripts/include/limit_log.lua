-- The exact log: a list with an entry for every place that is taken, oldest first: time (ms) and id of the request.
local ENTRY = '<di4'
local NEWEST = 32 -- of which the ids are looked at
local log = {}

local function time_of(state, index)
  return (struct.unpack(ENTRY, redis.call('LINDEX', state.key, index)))
end

-- The clock was put back: all that came is moved to where the last is now.
local function move(state, by)
  local entries = redis.call('LRANGE', state.key, 0, -1)
  redis.call('UNLINK', state.key)
  for _, entry in ipairs(entries) do
    local at, id = struct.unpack(ENTRY, entry)
    redis.call('RPUSH', state.key, struct.pack(ENTRY, at - by, id))
  end
  redis.call('PEXPIRE', state.key, state.window)
end

function log.read(state)
  local newest = redis.call('LRANGE', state.key, -NEWEST, -1)
  state.length, state.from, state.ids, state.every = #newest, 0, table.concat(newest), 12
  if #newest > 0 then
    if #newest == NEWEST then state.length = redis.call('LLEN', state.key) end
    local last = struct.unpack(ENTRY, newest[#newest])
    if last > now then move(state, last - now) end
    local low, high = 0, state.length -- the first that is still in the window is between them; mostly it is the first of all
    while low < high do
      local middle = low == 0 and high == state.length and 0 or math.floor((low + high) / 2)
      if time_of(state, middle) > now - state.window then high = middle else low = middle + 1 end
    end
    state.from = low
  end
  state.room = state.limit - (state.length - state.from)
end

function log.count(state, cost, id)
  local entry, taken = struct.pack(ENTRY, now, id), math.min(cost, state.limit)
  for _ = 1, taken do redis.call('RPUSH', state.key, entry) end
  state.length = state.length + taken
  -- there are more than the limit when what was rejected counts as well: the last decide alone
  state.from = math.max(state.from, state.length - state.limit)
  if state.from > 0 then
    redis.call('LTRIM', state.key, state.from, -1)
    state.length, state.from = state.length - state.from, 0
  end
  redis.call('PEXPIRE', state.key, state.window)
  state.room = state.room - cost
end

function log.wait(state, places)
  if places > state.limit then return state.window end
  local lacking = places - (state.limit - (state.length - state.from))
  return lacking > 0 and time_of(state, state.from + lacking - 1) + state.window - now or 0
end
