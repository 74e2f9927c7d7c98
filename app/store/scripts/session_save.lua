-- include: session
-- Writes the changed fields of a session, and only those; gives it another id or another owner if it is to have one.
-- KEYS: the session; the session under its former id, when it takes a new one
-- ARGV: digest, former digest, user id or '', '1' when it must exist already, '1' when it takes along what it had,
--       public name for a new one, ttl, longest life, how long a use may stay unnoted, for how long a former id is
--       remembered (ms), most sessions of a user, number of fields to set, field and value pairs, then fields to delete
-- Returns: 0 when it must exist and does not: it was ended meanwhile, or has moved, and stays so; else 1, and one more
-- for each session that was ended because its user had too many.
-- Repeatable: what is under the new id already stays there.
local key, former = KEYS[1], KEYS[2]
local digest, former_digest, user, must_exist, carry, public = unpack(ARGV, 1, 6)
local ttl, max_age, unnoted, most = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[11])
local now = now_ms()
user = user ~= '' and user or nil

local function own(of)
  return unpack(redis.call('HMGET', of, 'user', 'epoch', 'created'))
end

local found_user, epoch, created = own(key)
if former and not created then
  found_user, epoch, created = own(former)
  if lives(found_user, epoch, created, now, max_age) then
    if found_user then
      redis.call('ZREM', USER .. found_user .. SESSIONS, former_digest)
    end
    if carry == '1' then
      redis.call('RENAME', former, key)
    else
      redis.call('UNLINK', former)
    end
    redis.call('HSET', former, 'moved', 1)
    redis.call('PEXPIRE', former, ARGV[10])
    found_user, epoch, created = own(key)
    must_exist = '0'
  else
    found_user, created = nil, nil
  end
end
if created and not lives(found_user, epoch, created, now, max_age) then
  finish(digest, found_user)
  found_user, created = nil, nil
end
if not created and must_exist == '1' then
  return 0
end

found_user = found_user or nil
local joins = user and found_user ~= user
if found_user and found_user ~= user then
  redis.call('ZREM', USER .. found_user .. SESSIONS, digest)
  redis.call('HDEL', key, 'user', 'epoch')
end
local seen = created and tonumber(redis.call('HGET', key, 'seen'))
if former or not created or found_user ~= user or now - seen >= unnoted or now < seen then
  -- A clock that was put back makes no session younger than new.
  created = (created and not joins) and math.min(now, created) or now
  redis.call('HSET', key, 'created', created, 'seen', now)
  redis.call('HSETNX', key, 'public', public)
  if user then
    redis.call('HSET', key, 'user', user, 'epoch', redis.call('GET', USER .. user .. EPOCH) or '0')
  end
  prolong(digest, user, now, rest(created, now, ttl, max_age), ttl)
end
local last = 12 + 2 * tonumber(ARGV[12])
if last > 12 then
  redis.call('HSET', key, unpack(ARGV, 13, last))
end
if #ARGV > last then
  redis.call('HDEL', key, unpack(ARGV, last + 1))
end

local ended = 0
if joins then
  local index = USER .. user .. SESSIONS
  redis.call('ZREMRANGEBYSCORE', index, '-inf', now)
  local surplus = redis.call('ZCARD', index) - most
  for _, other in ipairs(surplus > 0 and redis.call('ZRANGE', index, 0, surplus) or {}) do
    if other ~= digest and ended < surplus then -- it may be the first itself, when the clock was put back
      ended = ended + 1
      finish(other, user)
    end
  end
end
return 1 + ended
