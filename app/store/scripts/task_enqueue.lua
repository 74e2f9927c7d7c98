-- Takes tasks in that are to run at once, each once per id.
-- ARGV: queue, most that may wait there, then for each task id, envelope, signature ('' for none)
-- Returns: for each task 1 when it is new, 0 when its id is known, -1 when the queue is full. Repeatable by the ids.
local queue = ARGV[1]
local stream = '${TASK_STREAM}' .. queue
local room = ARGV[2] - redis.call('XLEN', stream)
local answers = {}
for index = 3, #ARGV, 3 do
  local id, record = ARGV[index], '${TASK_RECORD}' .. ARGV[index]
  local entry
  -- The entry first, as the record has to name it: an id that is known costs more than a new one, which is the rule.
  if ARGV[index + 2] == '' then
    entry = redis.call('XADD', stream, '*', 'id', id, 'task', ARGV[index + 1])
  else
    entry = redis.call('XADD', stream, '*', 'id', id, 'task', ARGV[index + 1], 'sign', ARGV[index + 2])
  end
  local answer = 1
  if room <= 0 or redis.call('HSETNX', record, 'place', queue .. ' ' .. entry) == 0 then
    redis.call('XDEL', stream, entry)
    answer = redis.call('EXISTS', record) - 1
  end
  room = room - math.max(0, answer)
  answers[#answers + 1] = answer
end
return answers
