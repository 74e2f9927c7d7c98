-- Forgets values; loads of them that are under way store nothing.
-- KEYS: value and lease of each
-- ARGV: ms for which that is remembered
-- Returns: how many values there were. Repeatable.
local count = 0
for index = 1, #KEYS, 2 do
  count = count + redis.call('UNLINK', KEYS[index])
  if redis.call('EXISTS', KEYS[index + 1]) == 1 then
    redis.call('SET', KEYS[index + 1], 'deleted', 'PX', ARGV[1])
  end
end
return count
