-- Reads a session and lets it live for another ttl.
-- KEYS: the session
-- ARGV: ttl in ms, digest, patterns of the user's epoch key and sessions key (%s: the user's id)
-- Returns: field and value pairs; empty when there is no such session, or its user was logged out everywhere since.
-- Repeatable.
local fields = redis.call('HGETALL', KEYS[1])
if #fields == 0 then
  return fields
end
local user, epoch = nil, '0'
for index = 1, #fields, 2 do
  if fields[index] == 'user' then user = fields[index + 1] end
  if fields[index] == 'epoch' then epoch = fields[index + 1] end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
if user then
  local current = string.format(ARGV[3], user)
  if (redis.call('GET', current) or '0') ~= epoch then
    redis.call('UNLINK', KEYS[1])
    return {}
  end
  redis.call('PEXPIRE', current, ARGV[1] * 2)
  local time = redis.call('TIME')
  local index = string.format(ARGV[4], user)
  redis.call('ZADD', index, time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1], ARGV[2])
  redis.call('PEXPIRE', index, ARGV[1])
end
return fields
