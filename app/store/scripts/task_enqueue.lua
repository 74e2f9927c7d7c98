-- Takes tasks in that are to run at once, each once per id.
-- ARGV: queue, most that may wait there, then for each task id, envelope, signature ('' for none)
-- Returns: for each task 1 when it is new, 0 when its id is known, -1 when the queue is full. Repeatable by the ids.
local queue = ARGV[1]
local stream = '${TASK_STREAM}' .. queue
local room = ARGV[2] - redis.call('XLEN', stream)
local answers = {}
for index = 3, #ARGV, 3 do
  local id, record = ARGV[index], '${TASK_RECORD}' .. ARGV[index]
  local answer = 0
  if redis.call('EXISTS', record) == 0 then
    if room <= 0 then
      answer = -1
    else
      local entry
      if ARGV[index + 2] == '' then
        entry = redis.call('XADD', stream, '*', 'id', id, 'task', ARGV[index + 1], 'attempts', 0)
      else
        entry = redis.call('XADD', stream, '*', 'id', id, 'task', ARGV[index + 1], 'attempts', 0, 'sign', ARGV[index + 2])
      end
      redis.call('HSET', record, 'state', 'queued', 'queue', queue, 'entry', entry)
      room = room - 1
      answer = 1
    end
  end
  answers[#answers + 1] = answer
end
return answers
