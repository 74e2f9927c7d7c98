-- Stores a value unless one of its tags was invalidated while it was being made.
-- KEYS: the value, then its tags
-- ARGV: payload, ttl in ms, ttl of tags in ms, then for each tag the version that was seen before the load
-- Returns: 1 when stored, 0 when a tag has moved on.
-- Repeatable: the same value under the same versions.
for index = 2, #KEYS do
  if redis.call('GET', KEYS[index]) ~= ARGV[index + 2] then
    return 0
  end
end
for index = 2, #KEYS do
  redis.call('PEXPIRE', KEYS[index], ARGV[3], 'GT')
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
