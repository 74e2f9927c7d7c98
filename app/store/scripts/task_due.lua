-- Moves delayed tasks whose time has come into their streams, by the server's clock.
-- KEYS: the delayed tasks, then the streams
-- ARGV: most to move, then the priorities in the order of the streams
-- Returns: how many were moved. Repeatable: a moved task is no longer in the set.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, member in ipairs(due) do
  local priority, id = string.match(member, '^(%a+):(.+)$')
  for index = 2, #KEYS do
    if ARGV[index] == priority then
      redis.call('XADD', KEYS[index], '*', 'id', id)
    end
  end
  redis.call('ZREM', KEYS[1], member)
end
return #due
