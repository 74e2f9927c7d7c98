-- Renews the lease of running tasks, or hands it back.
-- KEYS: for each task its record and its stream
-- ARGV: group, consumer, idle time to set in ms (0 renews; a long one hands the task back), then for each task entry id
--       and token
-- Returns: a list with 1 for each task that is still ours, 0 for each that is not. Repeatable.
local answers = {}
for index = 1, #KEYS / 2 do
  local record, stream = KEYS[2 * index - 1], KEYS[2 * index]
  local entry, token = ARGV[2 * index + 2], ARGV[2 * index + 3]
  if redis.call('HGET', record, 'token') == token then
    redis.call('XCLAIM', stream, ARGV[1], ARGV[2], 0, entry, 'IDLE', ARGV[3], 'JUSTID')
    answers[index] = 1
  else
    answers[index] = 0
  end
end
return answers
