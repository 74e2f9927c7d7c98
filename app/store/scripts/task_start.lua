-- Starts an attempt at a delivered task and fences off every earlier one.
-- KEYS: the task's record, its stream, the dead letters
-- ARGV: group, consumer, entry id, task id, token of this attempt, most starts without an end, ttl of a finished record
--       in ms
-- Returns: attempt number, name, arguments, ms waited since it was enqueued; or a word: 'gone', 'done', 'dead'.
-- Repeatable by the token.
local record, stream, dead = KEYS[1], KEYS[2], KEYS[3]
local group, consumer, entry, id, token = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if #redis.call('XPENDING', stream, group, entry, entry, 1, consumer) == 0 then
  return 'gone' -- ended, or another consumer's by now
end
local found = redis.call('HMGET', record, 'status', 'token', 'attempts', 'name', 'args', 'enqueued', 'starts')
local status = found[1]
if not status or status == 'done' or status == 'dead' then
  redis.call('XACK', stream, group, entry)
  redis.call('XDEL', stream, entry)
  return status or 'gone'
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local attempts = tonumber(found[3])
if found[2] ~= token then
  local starts = tonumber(found[7] or 0)
  if starts >= tonumber(ARGV[6]) then
    local why = 'started ' .. starts .. ' times without an end: its worker was killed each time'
    redis.call('HSET', record, 'status', 'dead', 'error', why, 'finished', now, 'token', '')
    redis.call('PEXPIRE', record, ARGV[7])
    redis.call('XADD', dead, 'MAXLEN', '~', 10000, '*', 'id', id, 'name', found[4], 'error', why)
    redis.call('XACK', stream, group, entry)
    redis.call('XDEL', stream, entry)
    return 'dead'
  end
  attempts = redis.call('HINCRBY', record, 'attempts', 1)
  redis.call('HSET', record, 'status', 'running', 'token', token, 'started', now, 'starts', starts + 1)
end
return { attempts, found[4], found[5], now - found[6] }
