-- Says that a user has no connection here any more.
-- KEYS: the user's presence
-- ARGV: this process
-- Repeatable.
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'seen', time[1] * 1000 + math.floor(time[2] / 1000))
end
