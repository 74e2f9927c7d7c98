-- Ends loads: stores what they made, unless it is out of date, as meanwhile a tag was invalidated, or the key deleted or set.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, token of the leases, ms that tags live, the version of each tag before the loads, then for each
--       value its payload ('': the load came to nothing) and its ttl in ms
-- Returns: for each 1 when it was up to date, else 0; then it was not stored.
-- Repeatable: the same value under the same versions. Sent again, it finds no lease of its own, and stores once more.
local tags, current, reply = tonumber(ARGV[1]), true, {}
for index = 1, tags do
  current = current and redis.call('GET', KEYS[index]) == ARGV[index + 3]
end
for index = 1, current and tags or 0 do
  -- seldom, as whoever keeps values in their process forgets those of the tag with every change of it
  if redis.call('PTTL', KEYS[index]) < ARGV[3] / 2 then redis.call('PEXPIRE', KEYS[index], ARGV[3]) end
end
for index = tags + 1, #KEYS, 2 do
  local holder, payload = redis.call('GET', KEYS[index + 1]), ARGV[index + 3]
  local fine = current and (not holder or holder == ARGV[2])
  if holder == ARGV[2] then redis.call('UNLINK', KEYS[index + 1]) end
  if fine and payload ~= '' then redis.call('SET', KEYS[index], payload, 'PX', ARGV[index + 4]) end
  reply[#reply + 1] = fine and 1 or 0
end
return reply
