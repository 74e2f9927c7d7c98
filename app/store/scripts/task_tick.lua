-- include: tasks
-- include: submit
-- Takes in the task of a schedule's tick, unless that tick or a later one has been taken in.
-- ARGV: schedule, the tick before as this worker knows it ('' for none), the last tick in ms that is accounted for with
--       this call, then the arguments of submit for each task
-- Returns: the last tick that is accounted for. Repeatable by the ticks.
local last = redis.call('HGET', '${TASK_SCHEDULE}', ARGV[1])
if (last or '') ~= ARGV[2] then return last end -- another worker was here
redis.call('HSET', '${TASK_SCHEDULE}', ARGV[1], ARGV[3])
for index = 4, #ARGV, 9 do
  submit(unpack(ARGV, index, index + 8))
end
return ARGV[3]
