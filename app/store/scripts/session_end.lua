-- Ends one session.
-- KEYS: the session
-- ARGV: digest, pattern of the user's sessions key
-- Returns: how many were ended, 0 or 1. Repeatable.
local user = redis.call('HGET', KEYS[1], 'user')
if user then
  redis.call('ZREM', string.format(ARGV[2], user), ARGV[1])
end
return redis.call('UNLINK', KEYS[1])
