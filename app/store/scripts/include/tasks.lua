-- What the scripts of the tasks share. A task is in one place at a time, which its record names (state):
--   queued     in the stream of its queue, with its envelope, at its record's place ("queue entry"); handed to a worker
--              when it is pending there. A task that has just been taken in has a place, and no state yet; every
--              other record has a place as well, if only an empty one, as that is what tells that the id is known.
--   delayed    in the set of delayed tasks until its time has come     } the record has
--   held       at the gate of its limit                                } the envelope
--   done, dead, cancelled, expired     ended; the record expires
local GROUP, RECORD, STREAM, DELAYED, DEAD = '${TASK_GROUP}', '${TASK_RECORD}', '${TASK_STREAM}', '${TASK_DELAYED}', '${TASK_DEAD}'
local MOST_LETTERS, MOST_PASSING = 10000, 100

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- A flat list of fields and values as a table.
local function table_of(list)
  local found = {}
  for index = 1, #list, 2 do found[list[index]] = list[index + 1] end
  return found
end

-- Where a task is: its state (none: there is no such task), the name of its limit, queue and entry.
local function where(id)
  local found = redis.call('HMGET', RECORD .. id, 'state', 'gate', 'place')
  return found[1] or (found[3] and 'queued'), found[2], string.match(found[3] or '', '^(%a+) (.+)$')
end

-- Puts a task whose record has the envelope into its stream.
local function place(id)
  local record = RECORD .. id
  local found = redis.call('HMGET', record, 'queue', 'task', 'attempts', 'sign')
  if not found[2] then return end -- ended meanwhile
  local fields = { 'id', id, 'task', found[2] }
  if found[4] then fields[5], fields[6] = 'sign', found[4] end
  if found[3] ~= '0' then fields[#fields + 1], fields[#fields + 2] = 'attempts', found[3] end
  local entry = redis.call('XADD', STREAM .. found[1], '*', unpack(fields))
  redis.call('HSET', record, 'state', 'queued', 'place', found[1] .. ' ' .. entry)
  redis.call('HDEL', record, 'task', 'sign')
end

-- Lets through a gate what its limits allow now: so many at once, so many in a time (GCRA with a burst).
local function open_gate(name)
  local gate, passed, pace = '${TASK_GATE}' .. name, '${TASK_PASSED}' .. name, '${TASK_PACE}' .. name
  local limit = redis.call('HGET', '${TASK_GATES}', name)
  if not limit then -- no worker that knows it was here yet: the sweeps look again
    redis.call('ZADD', '${TASK_OPENINGS}', 0, name)
    return
  end
  local most, interval, burst = string.match(limit, '^(%d+) (%d+) (%d+)$')
  most, interval, burst = tonumber(most), tonumber(interval), tonumber(burst)
  local now = now_ms()
  redis.call('ZREM', '${TASK_OPENINGS}', name)
  for turn = 1, MOST_PASSING + 1 do
    if redis.call('ZCARD', gate) == 0 then return end
    if most > 0 and redis.call('SCARD', passed) >= most then return end -- the next that ends opens it
    local opens = now
    if interval > 0 then
      local due = math.max(now, tonumber(redis.call('GET', pace) or 0))
      due = math.min(due, now + interval * burst) -- further ahead only when the clock was put back
      opens = due - interval * (burst - 1)
      if opens <= now and turn <= MOST_PASSING then
        redis.call('SET', pace, due + interval, 'PX', (due + interval - now) + 1000)
      end
    end
    if opens > now or turn > MOST_PASSING then
      redis.call('ZADD', '${TASK_OPENINGS}', opens, name)
      return
    end
    local id = redis.call('ZPOPMIN', gate)[1]
    if most > 0 then redis.call('SADD', passed, id) end
    place(id)
  end
end

-- A task whose time has come: to its stream, or to the gate of its limit.
local function ready(id)
  local record = RECORD .. id
  local found = redis.call('HMGET', record, 'gate', 'queue')
  if not found[1] then return place(id) end
  local rank = found[2] == 'high' and 0 or found[2] == 'normal' and 1 or 2
  redis.call('HSET', record, 'state', 'held')
  redis.call('ZADD', '${TASK_GATE}' .. found[1], rank * 1e13 + redis.call('INCR', '${TASK_SEQUENCE}'), id)
  open_gate(found[1])
end

-- The task that has a unique key: one that waits or runs, else nobody.
local function holder_of(unique)
  local holder = redis.call('GET', '${TASK_UNIQUE}' .. unique)
  local state = holder and redis.call('HGET', RECORD .. holder, 'state')
  return (state == 'queued' or state == 'delayed' or state == 'held') and holder or nil
end

-- Gives back what a task holds: its place behind the gate and, when it has ended, its unique key.
local function release(id, ended)
  local found = redis.call('HMGET', RECORD .. id, 'gate', 'unique')
  if found[2] and ended and redis.call('GET', '${TASK_UNIQUE}' .. found[2]) == id then
    redis.call('DEL', '${TASK_UNIQUE}' .. found[2])
  end
  if found[1] then
    redis.call('SREM', '${TASK_PASSED}' .. found[1], id)
    open_gate(found[1])
  end
end

-- Takes an entry out of its stream.
local function take_out(queue, entry)
  redis.call('XACK', STREAM .. queue, GROUP, entry)
  redis.call('XDEL', STREAM .. queue, entry)
end

-- Writes down how a task ended, for as long as that can be looked up.
local function close(id, state, ttl, ...)
  local record = RECORD .. id
  redis.call('HSETNX', record, 'place', '')
  redis.call('HSET', record, 'state', state, 'finished', now_ms(), ...)
  redis.call('HDEL', record, 'task', 'sign')
  redis.call('PEXPIRE', record, ttl)
end

-- Lays an envelope to the dead letters. `payload` is the entry's list of fields.
local function bury(id, queue, name, why, attempts, ttl, payload)
  local held = redis.call('HMGET', RECORD .. id, 'gate', 'unique') -- the letter outlives the record
  for place, field in ipairs({ 'gate', 'unique' }) do
    if held[place] then payload[#payload + 1], payload[#payload + 2] = field, held[place] end
  end
  local letter = redis.call('XADD', DEAD, 'MAXLEN', '~', MOST_LETTERS, '*', 'id', id, 'name', name, 'queue', queue,
    'error', why, 'attempts', attempts, unpack(payload))
  close(id, 'dead', ttl, 'error', why, 'attempts', attempts, 'letter', letter, 'name', name, 'queue', queue)
  release(id, true)
end

-- What a record needs of an entry or a letter: the envelope, its signature, and what the task holds.
local NEEDED = { task = true, sign = true, gate = true, unique = true }
local function payload_of(fields)
  local found = {}
  for index = 1, #fields, 2 do
    if NEEDED[fields[index]] then
      found[#found + 1], found[#found + 2] = fields[index], fields[index + 1]
    end
  end
  return found
end
