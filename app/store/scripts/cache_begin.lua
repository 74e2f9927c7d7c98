-- Begins loads: gives every tag a version, and takes the leases that nobody has.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, token of the leases, ms of a lease, ms that tags live, the version that each tag gets if it has none
-- Returns: the tags' versions, then for each value 1 when its lease is ours, and what is stored ('': nothing of ours).
-- Repeatable: a lease is known by its token.
local tags, reply = tonumber(ARGV[1]), {}
for index = 1, tags do
  redis.call('SET', KEYS[index], ARGV[index + 4], 'NX', 'PX', ARGV[4])
  reply[index] = redis.call('GET', KEYS[index])
end
for index = tags + 1, #KEYS, 2 do
  local value, mine = redis.pcall('GET', KEYS[index]), 0
  local holder = redis.call('GET', KEYS[index + 1])
  if not holder or holder == 'deleted' or holder == ARGV[2] then
    redis.call('SET', KEYS[index + 1], ARGV[2], 'PX', ARGV[3])
    mine = 1
  end
  reply[index], reply[index + 1] = mine, type(value) == 'string' and value or ''
end
return reply
