-- The token bucket, as a level that falls: it holds a burst, and each request raises it by its cost. In whole numbers: a
-- request weighs as much as the window has ms, and in each ms as much flows off as the limit says.
-- Its value: when it was measured (ms), the level, then the ids of the last requests.
local BUCKET = '<dd'
local bucket = {}

local function put(state)
  redis.call('SET', state.key, struct.pack(BUCKET, now, state.level) .. state.ids,
    'PX', math.max(1, math.ceil(state.level / state.limit)))
end

function bucket.read(state)
  state.level, state.ids = 0, ''
  local value = redis.call('GET', state.key)
  if value then
    local measured, level, at = struct.unpack(BUCKET, value)
    state.ids, state.level = string.sub(value, at), math.max(0, level - math.max(0, now - measured) * state.limit)
    if measured > now then put(state) end -- the clock was put back: nothing has flown off, and from now on it does
  end
  state.room = (state.burst * state.window - state.level) / state.window
end

function bucket.count(state, cost, id)
  state.level = math.min(state.level + cost * state.window, state.burst * state.window)
  state.room, state.ids = state.room - cost, remembered(state.ids, id)
  put(state)
end

function bucket.wait(state, places)
  return math.ceil((state.level + (math.min(places, state.burst) - state.burst) * state.window) / state.limit)
end
