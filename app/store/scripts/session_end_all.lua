-- Logs a user out everywhere, in one step: a session that is being saved at this moment carries the old epoch and dies too.
-- KEYS: the user's sessions, the user's epoch
-- ARGV: pattern of a session's key (%s: its digest), ttl of a session in ms
-- Returns: how many sessions were ended. Repeatable: another epoch does no harm.
local count = 0
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  count = count + redis.call('UNLINK', string.format(ARGV[1], digest))
end
redis.call('UNLINK', KEYS[1])
redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2] * 2)
return count
