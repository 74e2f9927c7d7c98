-- include: session
-- Ends one session.
-- KEYS: the session
-- ARGV: digest
-- Returns: how many were ended, 0 or 1. Repeatable.
return finish(ARGV[1], redis.call('HGET', KEYS[1], 'user'))
