-- The sliding counter: how many came since the first of them, and how many in the window before. Of each of the two the
-- first and the last are known by time (ms), and the others are taken to lie evenly between them.
-- Its value: the first's time, how many, ms to the last; of those before: how many, ms from their last to our first, ms
-- between their first and last; then the ids of the last requests.
local COUNTER = '<dI4I4I4I4I4'
local counter = {}

-- How many of a group are still in the window.
local function left(count, first, last, window)
  if count == 0 or now >= last + window then return 0 end
  if now < first + window then return count end
  return 1 + (count - 2) * (last + window - now) / (last - first)
end

-- When no more than so many of a group will be left.
local function thinned(count, first, last, window, most)
  if most >= count then return now end
  if most >= count - 1 and first < last then return first + window end
  if most < 1 or first == last then return last + window end
  return last + window - math.floor((most - 1) * (last - first) / (count - 2))
end

local function keep(state)
  local value = struct.pack(COUNTER, state.first, state.count, state.last - state.first, state.before,
    state.first - state.before_last, state.before_last - state.before_first)
  redis.call('SET', state.key, value .. state.ids, 'PX', state.window)
end

function counter.read(state)
  state.count, state.first, state.last, state.ids = 0, now, now, ''
  state.before, state.before_first, state.before_last = 0, now, now
  local value, window = redis.call('GET', state.key), state.window
  if value then
    local first, count, span, before, gap, before_span, at = struct.unpack(COUNTER, value)
    local ahead = first + span - now
    if ahead > 0 then first = now - span end -- the clock was put back: all that came is moved to where the last is now
    state.ids = string.sub(value, at)
    state.before, state.before_first, state.before_last = before, first - gap - before_span, first - gap
    if now < first + window then
      state.count, state.first, state.last = count, first, first + span
    else
      state.before, state.before_first, state.before_last = count, first, first + span
    end
    if ahead > 0 then keep(state) end
  end
  state.room = state.limit - state.count - left(state.before, state.before_first, state.before_last, window)
end

function counter.count(state, cost, id)
  if state.count == 0 then state.first = now end
  state.count, state.last, state.ids = math.min(state.count + cost, state.limit), now, remembered(state.ids, id)
  if now >= state.before_last + state.window then
    state.before, state.before_first, state.before_last = 0, state.first, state.first
  end
  state.room = state.room - cost
  keep(state)
end

function counter.wait(state, places)
  local most, window = state.limit - places, state.window
  if most < state.count then
    return thinned(state.count, state.first, state.last, window, most) - now
  end
  return thinned(state.before, state.before_first, state.before_last, window, most - state.count) - now
end
