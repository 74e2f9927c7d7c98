-- Ends loads: stores what they made, unless it is out of date, as meanwhile a tag was invalidated, or the key deleted or set;
-- or somebody else has the lease by now.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, token of the leases, ms that tags live, the version of each tag before the loads, then for each
--       value its payload and its ttl in ms ('' when the load came to nothing, and ms for which none is made anew)
-- Returns: for each 1 when it was up to date, else 0.
-- Repeatable: sent again, it finds no lease of its own, and stores nothing.
local tags, current, reply = tonumber(ARGV[1]), true, {}
for index = 1, tags do
  current = current and redis.call('GET', KEYS[index]) == ARGV[index + 3]
end
for index = 1, current and tags or 0 do
  -- seldom, as whoever keeps values in their process forgets those of the tag with every change of it
  if redis.call('PTTL', KEYS[index]) < ARGV[3] / 2 then redis.call('PEXPIRE', KEYS[index], ARGV[3]) end
end
for index = tags + 1, #KEYS, 2 do
  local holder, payload, ttl = redis.call('GET', KEYS[index + 1]) or '', ARGV[index + 3], ARGV[index + 4]
  if holder:sub(1, #ARGV[2] + 1) == ARGV[2] .. ' ' then
    if payload == '' and tonumber(ttl) > 0 then
      redis.call('SET', KEYS[index + 1], 'failed', 'PX', ttl)
    else
      redis.call('UNLINK', KEYS[index + 1])
    end
    if current and payload ~= '' then redis.call('SET', KEYS[index], payload, 'PX', ttl) end
  end
  reply[#reply + 1] = (current and holder ~= 'deleted') and 1 or 0
end
return reply
