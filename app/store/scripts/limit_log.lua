-- Decides one request against an exact log of the last window, on the server's clock.
-- KEYS: the log (sorted set: request id by time, µs)
-- ARGV: limit, window in ms, request id
-- Returns: allowed (1 or 0), remaining, ms until the next place becomes free.
-- Repeatable: the id makes a second run the same request. Rejected requests are not kept, so hammering does not lock out.
local key, limit, window, id = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000, ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
local count = redis.call('ZCARD', key)
local allowed = 0
if redis.call('ZSCORE', key, id) then
  allowed = 1
elseif count < limit then
  redis.call('ZADD', key, now, id)
  redis.call('PEXPIRE', key, ARGV[2])
  count = count + 1
  allowed = 1
end
local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
local free_in = oldest[2] and (oldest[2] + window - now) or 0
return { allowed, limit - count, math.ceil(free_in / 1000) }
