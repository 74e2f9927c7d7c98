-- include: tasks
-- Keeps a task from running; one that runs is told to stop.
-- ARGV: id, ttl of the record in ms
-- Returns: cancelled, asked (it runs), the state in which it ended before, or unknown. Repeatable.
local id, record = ARGV[1], RECORD .. ARGV[1]
local state, gate, queue, entry = where(id)
if not state then return 'unknown' end
if state == 'queued' then
  local group = redis.pcall('XPENDING', STREAM .. queue, GROUP, entry, entry, 1)
  if not group.err and group[1] then
    redis.call('HSET', record, 'cancel', 1)
    return 'asked'
  end
  redis.call('XDEL', STREAM .. queue, entry)
elseif state == 'delayed' then
  redis.call('ZREM', DELAYED, id)
elseif state == 'held' then
  redis.call('ZREM', '${TASK_GATE}' .. gate, id)
else
  return state
end
close(id, 'cancelled', ARGV[2])
release(id, true)
return 'cancelled'
