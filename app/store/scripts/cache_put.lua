-- Keeps values that nobody loads, under their tags' versions of now; loads of them that are under way store nothing.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, ms that tags live, ttl of the values in ms, ms for which loads under way then count for nothing, the
--       version that each tag gets if it has none, then for each value what stands before and after the versions
-- Returns: how many values. Repeatable: the same values.
local tags, versions = tonumber(ARGV[1]), {}
for index = 1, tags do
  redis.call('SET', KEYS[index], ARGV[index + 4], 'NX', 'PX', ARGV[2])
  if redis.call('PTTL', KEYS[index]) < ARGV[2] / 2 then redis.call('PEXPIRE', KEYS[index], ARGV[2]) end
  versions[index] = redis.call('GET', KEYS[index])
end
versions = table.concat(versions, ' ')
for index = tags + 1, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[index + 1]) == 1 then redis.call('SET', KEYS[index + 1], 'deleted', 'PX', ARGV[4]) end
  redis.call('SET', KEYS[index], ARGV[index + 4] .. versions .. ARGV[index + 5], 'PX', ARGV[3])
end
return (#KEYS - tags) / 2
