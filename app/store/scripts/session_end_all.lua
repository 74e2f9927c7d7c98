-- include: session
-- Logs a user out everywhere, in one step: a session that is being saved at this moment has the old epoch and dies too.
-- KEYS: the user's sessions, the user's epoch
-- ARGV: user id, ttl of a session in ms, digest of a session of that user that stays or ''
-- Returns: how many sessions were ended. Repeatable: another epoch does no harm.
local user, ttl, kept = ARGV[1], ARGV[2], ARGV[3]
local stays = kept ~= '' and redis.call('HGET', SESSION .. kept, 'user') == user
stays = stays and redis.call('HGET', SESSION .. kept, 'epoch') == (redis.call('GET', KEYS[2]) or '0')
local count = 0
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if not (stays and digest == kept) then
    count = count + finish(digest, user)
  end
end
local epoch = redis.call('INCR', KEYS[2])
redis.call('PEXPIRE', KEYS[2], ttl * 2)
if stays then
  redis.call('HSET', SESSION .. kept, 'epoch', epoch)
end
return count
