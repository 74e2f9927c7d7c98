-- Publishes an event: into the log of all events, into its channel's own log under the same id, and to listeners.
-- KEYS: the log of all events, the channel's log, the mark of this publication
-- ARGV: channel, publish/subscribe name, kind, data (JSON), events kept in all and in the channel, ttl of the log in ms
-- Returns: the event's id. Ids grow over all channels, so that one id says how far a reader has come.
-- Repeatable: the mark holds the id of the first run.
local known = redis.call('GET', KEYS[3])
if known then
  return known
end
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'channel', ARGV[1], 'kind', ARGV[3], 'data', ARGV[4])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[6], id, 'channel', ARGV[1], 'kind', ARGV[3], 'data', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
redis.call('SET', KEYS[3], id, 'PX', 60000)
redis.call('PUBLISH', ARGV[2], cjson.encode({ id = id, channel = ARGV[1], kind = ARGV[3], data = ARGV[4] }))
return id
