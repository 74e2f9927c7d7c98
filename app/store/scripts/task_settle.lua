-- include: tasks
-- include: submit
-- Ends one attempt, unless the task belongs to another worker, and takes in what follows it in the same step.
-- ARGV: consumer, queue, entry, id, name, outcome (done, retry, dead, cancelled, expired), attempt, result (JSON) or
--       error, delay of a retry in ms, ttl of the record in ms, then the arguments of submit for each task that follows
-- Returns: 1, or 0 when the task belongs to another worker. Repeatable.
local consumer, queue, entry, id, name, outcome = unpack(ARGV, 1, 6)
local attempt, detail, delay, ttl = unpack(ARGV, 7, 10)
local stream, record = STREAM .. queue, RECORD .. id
local pending = redis.call('XPENDING', stream, GROUP, entry, entry, 1)[1]
if pending and pending[2] ~= consumer then return 0 end
local found = redis.call('XRANGE', stream, entry, entry)[1]
if not found then
  take_out(queue, entry)
  local before = redis.call('HMGET', record, 'by', 'place')
  return (before[1] == consumer and before[2] == queue .. ' ' .. entry) and 1 or 0
end
local payload = payload_of(found[2])
take_out(queue, entry)
if outcome == 'retry' and redis.call('HEXISTS', record, 'cancel') == 1 then outcome = 'cancelled' end
if outcome == 'retry' then
  local now = now_ms()
  redis.call('HSET', record, 'state', 'delayed', 'queue', queue, 'attempts', attempt, 'error', detail, 'by', consumer,
    'name', name, unpack(payload))
  redis.call('HSETNX', record, 'enqueued', string.match(entry, '^%d+'))
  redis.call('ZADD', DELAYED, now + delay, id)
  release(id, false)
elseif outcome == 'dead' then
  redis.call('HSET', record, 'by', consumer)
  bury(id, queue, name, detail, attempt, ttl, payload)
else
  close(id, outcome, ttl, 'name', name, 'attempts', attempt, 'by', consumer,
    outcome == 'done' and 'result' or 'error', detail)
  release(id, true)
end
for index = 11, #ARGV, 9 do
  submit(unpack(ARGV, index, index + 8))
end
return 1
