-- Tells who is connected.
-- KEYS: a user's presence each
-- Returns: for each 1 or 0, and ms since 1970 of the last word (0: none is remembered). Removes words that have ended.
-- Repeatable.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local reply = {}
for _, key in ipairs(KEYS) do
  local fields, online, seen = redis.call('HGETALL', key), 0, 0
  for index = 1, #fields, 2 do
    local value = tonumber(fields[index + 1])
    if fields[index] == 'seen' then
      seen = value
    elseif value > now then
      online = 1
    else
      redis.call('HDEL', key, fields[index])
    end
  end
  reply[#reply + 1] = online
  reply[#reply + 1] = seen
end
return reply
