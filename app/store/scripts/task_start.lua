-- Starts an attempt at a delivered task and fences off every earlier one.
-- KEYS: the task's record, its stream, the dead letters
-- ARGV: group, entry id, task id, token of this attempt, most attempts, ttl of a finished record in ms
-- Returns: attempt number, name, arguments, ms waited since it was enqueued; or a word: 'gone', 'done', 'dead'.
-- Repeatable by the token.
local record, stream, dead = KEYS[1], KEYS[2], KEYS[3]
local found = redis.call('HMGET', record, 'status', 'token', 'attempts', 'name', 'args', 'enqueued')
local status = found[1]
if not status or status == 'done' or status == 'dead' then
  redis.call('XACK', stream, ARGV[1], ARGV[2])
  redis.call('XDEL', stream, ARGV[2])
  return status or 'gone'
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local attempts = tonumber(found[3])
if found[2] ~= ARGV[4] then
  if attempts >= tonumber(ARGV[5]) then
    local why = 'started ' .. attempts .. ' times without an end: its worker was killed each time'
    redis.call('HSET', record, 'status', 'dead', 'error', why, 'finished', now, 'token', '')
    redis.call('PEXPIRE', record, ARGV[6])
    redis.call('XADD', dead, 'MAXLEN', '~', 10000, '*', 'id', ARGV[3], 'name', found[4], 'error', why)
    redis.call('XACK', stream, ARGV[1], ARGV[2])
    redis.call('XDEL', stream, ARGV[2])
    return 'dead'
  end
  attempts = redis.call('HINCRBY', record, 'attempts', 1)
  redis.call('HSET', record, 'status', 'running', 'token', ARGV[4], 'started', now)
end
return { attempts, found[4], found[5], now - found[6] }
