-- Removes consumers that have nothing pending: the one that leaves, and those that were not heard of for long.
-- ARGV: consumer that leaves, idle time in ms after which others are forgotten, the queues
-- Returns: how many were removed. Repeatable.
local removed = 0
for index = 3, #ARGV do
  local stream = '${TASK_STREAM}' .. ARGV[index]
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, '${TASK_GROUP}')) do
    local consumer = {}
    for place = 1, #fields, 2 do
      consumer[fields[place]] = fields[place + 1]
    end
    if consumer.pending == 0 and (consumer.name == ARGV[1] or consumer.idle > tonumber(ARGV[2])) then
      redis.call('XGROUP', 'DELCONSUMER', stream, '${TASK_GROUP}', consumer.name)
      removed = removed + 1
    end
  end
end
redis.call('ZREM', '${TASK_WORKERS}', ARGV[1])
local time = redis.call('TIME')
redis.call('ZREMRANGEBYSCORE', '${TASK_WORKERS}', '-inf', time[1] * 1000 - ARGV[2])
return removed
