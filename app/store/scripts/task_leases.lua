-- Renews the leases of tasks, or hands them back.
-- ARGV: consumer, idle time to set in ms (0 renews; a long one hands the task back), then for each task queue, entry, id
-- Returns: for each task 1 when it is still ours, 2 when it is and is to be cancelled, 0 when it is not. Repeatable.
local consumer, idle = ARGV[1], ARGV[2]
local answers = {}
for index = 3, #ARGV, 3 do
  local stream, entry = '${TASK_STREAM}' .. ARGV[index], ARGV[index + 1]
  local answer = #redis.call('XPENDING', stream, '${TASK_GROUP}', entry, entry, 1, consumer)
  if answer == 1 then
    if idle == '0' then
      redis.call('XCLAIM', stream, '${TASK_GROUP}', consumer, 0, entry, 'IDLE', 0, 'JUSTID')
      if redis.call('HEXISTS', '${TASK_RECORD}' .. ARGV[index + 2], 'cancel') == 1 then answer = 2 end
    else -- an orderly end, none that the task brought about: it does not count as a delivery
      redis.call('XCLAIM', stream, '${TASK_GROUP}', consumer, 0, entry, 'IDLE', idle, 'RETRYCOUNT', 0, 'JUSTID')
    end
  end
  answers[#answers + 1] = answer
end
return answers
