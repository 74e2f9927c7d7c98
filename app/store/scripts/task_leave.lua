-- Removes consumers that have nothing pending: the one that leaves, and those that were not heard of for long.
-- KEYS: the streams
-- ARGV: group, consumer that leaves, idle time in ms after which others are forgotten
-- Returns: how many were removed. Repeatable.
local removed = 0
for _, stream in ipairs(KEYS) do
  for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', stream, ARGV[1])) do
    local consumer = {}
    for index = 1, #fields, 2 do
      consumer[fields[index]] = fields[index + 1]
    end
    if consumer.pending == 0 and (consumer.name == ARGV[2] or consumer.idle > tonumber(ARGV[3])) then
      redis.call('XGROUP', 'DELCONSUMER', stream, ARGV[1], consumer.name)
      removed = removed + 1
    end
  end
end
return removed
