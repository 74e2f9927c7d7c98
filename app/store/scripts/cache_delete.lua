-- Forgets values; loads of them that are under way store nothing.
-- KEYS: value and lease of each
-- Returns: how many values there were. Repeatable.
local count = 0
for index = 1, #KEYS, 2 do
  count = count + redis.call('UNLINK', KEYS[index])
  redis.call('SET', KEYS[index + 1], 'deleted', 'XX', 'KEEPTTL')
end
return count
