-- include: tasks
-- Throws waiting tasks of a queue away; those that were handed to a worker stay.
-- ARGV: queue, most to throw away, ttl of a record in ms
-- Returns: how many were thrown away; fewer than asked for when no more wait.
local stream = STREAM .. ARGV[1]
local from = '-'
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return 0 end
for _, group in ipairs(groups) do
  local fields = {}
  for index = 1, #group, 2 do fields[group[index]] = group[index + 1] end
  if fields.name == GROUP then from = '(' .. fields['last-delivered-id'] end
end
local waiting = redis.call('XRANGE', stream, from, '+', 'COUNT', ARGV[2])
for _, item in ipairs(waiting) do
  redis.call('XDEL', stream, item[1])
  for index = 1, #item[2], 2 do
    if item[2][index] == 'id' then
      close(item[2][index + 1], 'cancelled', ARGV[3])
      release(item[2][index + 1], true)
    end
  end
end
return #waiting
