-- include: tasks
-- Lets a task run now that waits for its time or behind a limit: past both, this once.
-- ARGV: id
-- Returns: queued when it is in its stream; else the state it is in, or unknown. Repeatable.
local id = ARGV[1]
local state, gate = where(id)
if state == 'delayed' then
  redis.call('ZREM', DELAYED, id)
elseif state == 'held' then
  redis.call('ZREM', '${TASK_GATE}' .. gate, id)
else
  return state or 'unknown'
end
if gate then redis.call('SADD', '${TASK_PASSED}' .. gate, id) end -- it counts among those that run; its end gives that back
place(id)
return 'queued'
