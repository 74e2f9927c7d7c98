-- Publishes an event: into the log of all events, into its channel's own log under the same id, and to listeners.
-- KEYS: the log of all events, the channel's log, the mark of this publication
-- ARGV: channel, publish/subscribe name, kind, data (JSON), events kept in all and in the channel, ttl of the log in ms
-- Returns: the event's id. Ids grow over all channels, so that one id says how far a reader has come.
-- Each entry holds the id of the one before it in its log: whoever finds another one there than his own place has
-- missed something that was removed.
-- Repeatable: the mark holds the id of the first run.
local known = redis.call('GET', KEYS[3])
if known then
  return known
end
local function newest(log)
  local found = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  return found[1] and found[1][1] or '0-0'
end
local function append(log, id, kept)
  return redis.call('XADD', log, 'MAXLEN', '~', kept, id, 'channel', ARGV[1], 'kind', ARGV[3], 'data', ARGV[4],
    'after', newest(log))
end
local id = append(KEYS[1], '*', ARGV[5])
append(KEYS[2], id, ARGV[6])
redis.call('PEXPIRE', KEYS[2], ARGV[7])
redis.call('SET', KEYS[3], id, 'PX', 60000)
redis.call('PUBLISH', ARGV[2], cjson.encode({ id = id, channel = ARGV[1], kind = ARGV[3], data = ARGV[4] }))
return id
