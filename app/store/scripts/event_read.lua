-- Reads logs from a place on, all at one moment.
-- KEYS: the log of all events, then the logs to read
-- ARGV: the place to begin after ('' to read nothing), entries at most per log
-- Returns: the id of the newest event of all, then the entries of each log.
-- Repeatable.
local found = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local reply = { found[1] and found[1][1] or '0-0' }
for index = 2, #KEYS do
  reply[index] = ARGV[1] ~= '' and redis.call('XRANGE', KEYS[index], '(' .. ARGV[1], '+', 'COUNT', ARGV[2]) or {}
end
return reply
