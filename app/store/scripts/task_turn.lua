-- Ends what a worker has done and hands it what comes next.
-- ARGV: consumer, how many to take, how many queues, the queues in order, ttl of a record in ms, then for each done task
--       queue, entry, id, name, attempt, result (JSON)
-- Returns: for each done task 1, or 0 when it belongs to another worker; for each queue with tasks its name and entries;
--          the paused queues. The first part is repeatable; what was handed out is found among the consumer's own.
local consumer, wanted, queues = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local ttl = ARGV[4 + queues]
local ended, taken = {}, {}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for index = 5 + queues, #ARGV, 6 do
  local stream, entry, record = '${TASK_STREAM}' .. ARGV[index], ARGV[index + 1], '${TASK_RECORD}' .. ARGV[index + 2]
  local pending = redis.call('XPENDING', stream, '${TASK_GROUP}', entry, entry, 1)[1]
  local ours
  if pending then
    ours = pending[2] == consumer
  elseif redis.call('XDEL', stream, entry) == 1 then
    ours = true -- a failover lost that it was handed to us, and nobody has it since
  else
    local found = redis.call('HMGET', record, 'state', 'by', 'place')
    local same = found[3] == ARGV[index] .. ' ' .. entry
    ended[#ended + 1] = (found[1] == 'done' and found[2] == consumer and same) and 1 or 0
  end
  if ours then
    redis.call('XACK', stream, '${TASK_GROUP}', entry)
    redis.call('XDEL', stream, entry)
    redis.call('HSET', record, 'state', 'done', 'place', ARGV[index] .. ' ' .. entry, 'name', ARGV[index + 3], 'attempts',
      ARGV[index + 4], 'result', ARGV[index + 5], 'by', consumer, 'finished', now)
    redis.call('PEXPIRE', record, ttl)
  end
  if ours ~= nil then ended[#ended + 1] = ours and 1 or 0 end
end
local paused = redis.call('SMEMBERS', '${TASK_PAUSED}')
local closed = {}
for _, queue in ipairs(paused) do closed[queue] = true end
for index = 4, 3 + queues do
  if wanted <= 0 then break end
  local queue = ARGV[index]
  if not closed[queue] then
    local found = redis.call('XREADGROUP', 'GROUP', '${TASK_GROUP}', consumer, 'COUNT', wanted, 'STREAMS',
      '${TASK_STREAM}' .. queue, '>')
    if found then
      taken[#taken + 1], taken[#taken + 2] = queue, found[1][2]
      wanted = wanted - #found[1][2]
    end
  end
end
return { ended, taken, paused }
