-- include: tasks
-- Throws waiting tasks of a queue away; those that were handed to a worker stay.
-- ARGV: queue, most to throw away, ttl of a record in ms
-- Returns: how many were thrown away; fewer than asked for when no more wait.
local stream = STREAM .. ARGV[1]
local from = '-'
local groups = redis.pcall('XINFO', 'GROUPS', stream)
if groups.err then return 0 end
for _, group in ipairs(groups) do
  local fields = table_of(group)
  if fields.name == GROUP then from = '(' .. fields['last-delivered-id'] end
end
local waiting = redis.call('XRANGE', stream, from, '+', 'COUNT', ARGV[2])
for _, item in ipairs(waiting) do
  redis.call('XDEL', stream, item[1])
  local id = table_of(item[2]).id
  if id then
    close(id, 'cancelled', ARGV[3])
    release(id, true)
  end
end
return #waiting
