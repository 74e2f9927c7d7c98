-- include: session
-- Says which sessions live; none of them lives longer for it.
-- KEYS: the sessions
-- ARGV: longest life, ms
-- Returns: 1 or 0 for each. Repeatable.
local now, max_age = now_ms(), tonumber(ARGV[1])
local alive = {}
for index, key in ipairs(KEYS) do
  local user, epoch, created = unpack(redis.call('HMGET', key, 'user', 'epoch', 'created'))
  alive[index] = lives(user, epoch, created, now, max_age) and 1 or 0
end
return alive
