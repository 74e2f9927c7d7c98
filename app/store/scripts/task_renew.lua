-- Renews the lease of tasks, or hands them back.
-- KEYS: for each task its record and its stream
-- ARGV: group, consumer, idle time to set in ms (0 renews; a long one hands the task back), then for each task entry id
--       and token
-- Returns: a list with 1 for each task that is still ours, 0 for each that is not. Repeatable.
local group, consumer, idle = ARGV[1], ARGV[2], ARGV[3]
local answers = {}
for index = 1, #KEYS / 2 do
  local record, stream = KEYS[2 * index - 1], KEYS[2 * index]
  local entry, token = ARGV[2 * index + 2], ARGV[2 * index + 3]
  answers[index] = #redis.call('XPENDING', stream, group, entry, entry, 1, consumer)
  if answers[index] == 1 then
    redis.call('XCLAIM', stream, group, consumer, 0, entry, 'IDLE', idle, 'JUSTID')
    if idle ~= '0' and redis.call('HGET', record, 'token') == token then
      redis.call('HSET', record, 'starts', 0) -- an orderly end, none that the task brought about
    end
  end
end
return answers
