-- Stores a value, unless it is out of date: while a load made it, a tag was invalidated, or the key was deleted or set.
-- KEYS: the value, its lease, then its tags
-- ARGV: payload ('': none, the load came to nothing), ttl in ms, ttl of tags in ms, token of the lease ('': no load made
--       it), ms for which loads under way then count for nothing, then for each tag the version that was seen before
-- Returns: 1 when it was up to date, 0 when not; then nothing was stored.
-- Repeatable: the same value under the same versions.
local holder = redis.call('GET', KEYS[2])
if ARGV[4] == '' then
  if holder then redis.call('SET', KEYS[2], 'deleted', 'PX', ARGV[5]) end
elseif holder == ARGV[4] then
  redis.call('UNLINK', KEYS[2])
elseif holder then
  return 0
end
for index = 3, #KEYS do
  if redis.call('GET', KEYS[index]) ~= ARGV[index + 3] then
    return 0
  end
end
if ARGV[1] == '' then
  return 1
end
for index = 3, #KEYS do
  redis.call('PEXPIRE', KEYS[index], ARGV[3], 'GT')
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
