-- Begins a load: gives every tag a version, and takes the lease if nobody has it.
-- KEYS: the value, its lease, then its tags
-- ARGV: token of the lease, ms of the lease, ms that tags live, then for each tag the version it gets if it has none
-- Returns: 1 when the lease is ours, the value ('' for none, or a foreign one), then the tags' versions.
-- Repeatable: the lease is known by its token.
local value = redis.pcall('GET', KEYS[1])
local reply = { 0, type(value) == 'string' and value or '' }
for index = 3, #KEYS do
  redis.call('SET', KEYS[index], ARGV[index + 1], 'NX', 'PX', ARGV[3])
  reply[index] = redis.call('GET', KEYS[index])
end
local holder = redis.call('GET', KEYS[2])
if not holder or holder == 'deleted' or holder == ARGV[1] then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
  reply[1] = 1
end
return reply
