-- Keeps values that nobody loads, under their tags' versions of now; loads of them that are under way store nothing.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, ms that tags live, ttl of the values in ms, the version that each tag gets if it has none, then
--       for each value what stands before and after the versions
-- Returns: how many values. Repeatable: the same values.
local tags, versions = tonumber(ARGV[1]), {}
for index = 1, tags do
  redis.call('SET', KEYS[index], ARGV[index + 3], 'NX', 'PX', ARGV[2])
  if redis.call('PTTL', KEYS[index]) < ARGV[2] / 2 then redis.call('PEXPIRE', KEYS[index], ARGV[2]) end
  versions[index] = redis.call('GET', KEYS[index])
end
versions = table.concat(versions, ' ')
for index = tags + 1, #KEYS, 2 do
  redis.call('SET', KEYS[index + 1], 'deleted', 'XX', 'KEEPTTL')
  redis.call('SET', KEYS[index], ARGV[index + 3] .. versions .. ARGV[index + 4], 'PX', ARGV[3])
end
return (#KEYS - tags) / 2
