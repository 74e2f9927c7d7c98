-- Begins loads: gives every tag a version, and takes the leases that are free: nobody has them, whoever has takes too long,
-- or began under other versions of the tags, so that what they make is out of date.
-- KEYS: the tags, then value and lease of each
-- ARGV: how many tags, token of the leases, ms of a lease, ms that tags live, 'refresh' if the old value is served meanwhile
--       (then a lease is not free where a refresh has just failed), the version that each tag gets if it has none
-- Returns: the tags' versions, then for each value 1 when its lease is ours, what is stored ('': nothing of ours), its ms to
--          live, who else has the lease, and for how many ms.
-- Repeatable: a lease is known by its token. It is kept ten times as long as it counts: whoever deletes or sets the value
-- marks it, so that a load that takes longer does not undo that.
local tags, reply = tonumber(ARGV[1]), {}
for index = 1, tags do
  redis.call('SET', KEYS[index], ARGV[index + 5], 'NX', 'PX', ARGV[4])
  reply[index] = redis.call('GET', KEYS[index])
end
local versions, time = table.concat(reply, ' '), redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for index = tags + 1, #KEYS, 2 do
  local value, mine, left = redis.pcall('GET', KEYS[index]), 0, 0
  local holder = redis.call('GET', KEYS[index + 1]) or ''
  local who, ends, under = holder:match('^(%S+) (%d+) (.*)$')
  if who and who ~= ARGV[2] and under == versions and tonumber(ends) > now then
    left = ends - now
  elseif holder ~= 'failed' or ARGV[5] ~= 'refresh' then
    local lease = string.format('%s %.0f %s', ARGV[2], now + ARGV[3], versions)
    redis.call('SET', KEYS[index + 1], lease, 'PX', ARGV[3] * 10)
    mine, holder = 1, ''
  end
  reply[#reply + 1] = mine
  reply[#reply + 1] = type(value) == 'string' and value or ''
  reply[#reply + 1] = redis.call('PTTL', KEYS[index])
  reply[#reply + 1] = holder
  reply[#reply + 1] = left
end
return reply
