-- Says that users are connected here, for another while.
-- KEYS: a user's presence each (a hash: process by ms when its word ends; 'seen': ms of the last word)
-- ARGV: this process, ms that its word is worth, ms that it is remembered
-- Repeatable.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, key in ipairs(KEYS) do
  redis.call('HSET', key, ARGV[1], now + ARGV[2], 'seen', now)
  redis.call('PEXPIRE', key, ARGV[3])
end
