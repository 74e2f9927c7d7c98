-- include: session
-- Ends that one of a user's sessions which has a certain public name.
-- KEYS: the user's sessions
-- ARGV: user id, the name
-- Returns: how many were ended, 0 or 1. Repeatable.
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if redis.call('HGET', SESSION .. digest, 'public') == ARGV[2] then
    return finish(digest, ARGV[1])
  end
end
return 0
