-- Writes the changed fields of a session, and only those.
-- KEYS: the session, the user's sessions, the user's epoch (the last two unused without a user)
-- ARGV: ttl in ms, digest, user id or '', '1' when the session must exist already, pattern of a user's sessions key
--       (%s: the user's id), number of fields to set, field and value pairs, then fields to delete
-- Returns: 1, or 0 when it must exist and does not: it was ended meanwhile, and stays ended.
-- Repeatable: the same fields again.
local ttl, digest, user, must_exist, count = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[6])
local found = redis.call('HMGET', KEYS[1], 'user', 'epoch')
local epoch = user ~= '' and redis.call('GET', KEYS[3]) or '0'
if must_exist == '1' then
  if redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
  end
  if found[1] == user and found[2] ~= epoch then
    redis.call('UNLINK', KEYS[1])
    return 0
  end
end
if found[1] and found[1] ~= user then
  redis.call('ZREM', string.format(ARGV[5], found[1]), digest)
  redis.call('HDEL', KEYS[1], 'user', 'epoch')
end
local at = 7
for _ = 1, count do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
while ARGV[at] do
  redis.call('HDEL', KEYS[1], ARGV[at])
  at = at + 1
end
redis.call('PEXPIRE', KEYS[1], ttl)
if user ~= '' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('HSET', KEYS[1], 'user', user, 'epoch', epoch)
  redis.call('PEXPIRE', KEYS[3], ttl * 2)
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
  redis.call('ZADD', KEYS[2], now + ttl, digest)
  redis.call('PEXPIRE', KEYS[2], ttl)
end
return 1
