-- include: session
-- Reads a session. Its use is noted every so often only, so that most reads write nothing.
-- KEYS: the session
-- ARGV: digest, ttl, longest life, how long a use may stay unnoted or -1: it is not to be noted (all in ms)
-- Returns: field and value pairs; empty when there is no such session; "moved" and 1 when it has taken another id; "over"
-- and 1 when it was found too old, or of a user who was logged out everywhere since.
-- Repeatable.
local digest, ttl, max_age, unnoted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local fields = redis.call('HGETALL', KEYS[1])
local own = {}
for index = 1, #fields, 2 do own[fields[index]] = fields[index + 1] end
if not own.created then
  return fields
end
local now, seen = now_ms(), tonumber(own.seen)
if not lives(own.user, own.epoch, own.created, now, max_age) then
  finish(digest, own.user)
  return { 'over', '1' }
end
if unnoted >= 0 and (now - seen >= unnoted or now < seen) then
  redis.call('HSET', KEYS[1], 'seen', now, 'created', math.min(now, own.created))
  prolong(digest, own.user, now, rest(own.created, now, ttl, max_age), ttl)
end
return fields
