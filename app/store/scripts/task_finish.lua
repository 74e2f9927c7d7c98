-- Ends an attempt, unless another one has begun since.
-- KEYS: the task's record, its stream, the delayed tasks, the dead letters
-- ARGV: group, entry id, task id, token, outcome (done, retry, dead), result or error (JSON), delay of a retry in ms,
--       ttl of a finished record in ms
-- Returns: 1, or 0 when the task belongs to a later attempt. Repeatable by the token.
local record, stream = KEYS[1], KEYS[2]
local found = redis.call('HMGET', record, 'status', 'token', 'priority', 'name')
if found[2] ~= ARGV[4] then
  return 0
end
if found[1] ~= 'running' then
  return 1
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('XACK', stream, ARGV[1], ARGV[2])
redis.call('XDEL', stream, ARGV[2])
if ARGV[5] == 'retry' then
  redis.call('HSET', record, 'status', 'retrying', 'error', ARGV[6], 'starts', 0)
  redis.call('ZADD', KEYS[3], now + ARGV[7], found[3] .. ':' .. ARGV[3])
elseif ARGV[5] == 'dead' then
  redis.call('HSET', record, 'status', 'dead', 'error', ARGV[6], 'finished', now)
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', 10000, '*', 'id', ARGV[3], 'name', found[4], 'error', ARGV[6])
  redis.call('PEXPIRE', record, ARGV[8])
else
  redis.call('HSET', record, 'status', 'done', 'result', ARGV[6], 'finished', now)
  redis.call('PEXPIRE', record, ARGV[8])
end
return 1
