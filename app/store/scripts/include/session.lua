-- What the scripts of the sessions share. A session is a hash; fields of its own are
--   user, epoch      whose it is, and how often that user had been logged out everywhere when it became theirs
--   created, seen    ms by the server's clock: the begin of its life, and its last use, not noted at every use
--   public           its name for people: neither the id nor the digest
--   device, address  where it began
--   moved            all that is left for a moment under a former id
-- and "d:…" is what the application keeps. A user's sessions are a sorted set of digests by the end of their life.
local SESSION, USER, SESSIONS, EPOCH = '${SESSION}', '${USER}', '${USER_SESSIONS}', '${USER_EPOCH}'

local function now_ms()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- How long it may be unused, ms; 0 or less: it is too old.
local function rest(created, now, ttl, max_age)
  return math.min(ttl, max_age - (now - created))
end

-- Whether it is there, no older than it may be, and its user was not logged out everywhere since.
local function lives(user, epoch, created, now, max_age)
  return created and rest(created, now, max_age, max_age) > 0
    and not (user and (redis.call('GET', USER .. user .. EPOCH) or '0') ~= epoch)
end

-- Lets a session live for so long; what its user's others need lives longer.
local function prolong(digest, user, now, left, ttl)
  redis.call('PEXPIRE', SESSION .. digest, left)
  if user then
    redis.call('ZADD', USER .. user .. SESSIONS, now + left, digest)
    redis.call('PEXPIRE', USER .. user .. SESSIONS, ttl)
    redis.call('PEXPIRE', USER .. user .. EPOCH, 2 * ttl)
  end
end

local function finish(digest, user)
  if user then
    redis.call('ZREM', USER .. user .. SESSIONS, digest)
  end
  return redis.call('UNLINK', SESSION .. digest)
end
