-- Takes a task in, once per id.
-- KEYS: the task's record, the stream of its priority
-- ARGV: id, name, arguments (JSON), priority
-- Returns: 1 when new, 0 when the id is known. Repeatable by the id.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'name', ARGV[2], 'args', ARGV[3], 'priority', ARGV[4], 'status', 'queued', 'attempts', 0,
  'enqueued', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('XADD', KEYS[2], '*', 'id', ARGV[1])
return 1
