-- include: tasks
-- Lets a dead task run again from its first attempt on, or throws its letter away.
-- ARGV: letter, 'replay' or 'drop'
-- Returns: its id, or nothing when there is no such letter. Repeatable.
local found = redis.call('XRANGE', DEAD, ARGV[1], ARGV[1])[1]
if not found then return false end
local fields = table_of(found[2])
redis.call('XDEL', DEAD, ARGV[1])
local id, record = fields.id, RECORD .. fields.id
local state = redis.call('HMGET', record, 'state', 'letter')
if state[1] and (state[1] ~= 'dead' or state[2] ~= ARGV[1]) then return id end -- it lives again already
if ARGV[2] == 'drop' then
  redis.call('DEL', record)
  return id
end
if fields.unique then
  local holder = holder_of(fields.unique)
  if holder then -- as with enqueueing: what was to be done, that one does
    redis.call('HSET', record, 'state', 'cancelled', 'error', 'the same is done by ' .. holder)
    return id
  end
  redis.call('SET', '${TASK_UNIQUE}' .. fields.unique, id)
end
local now = now_ms()
redis.call('PERSIST', record)
redis.call('HDEL', record, 'finished', 'letter', 'error', 'by', 'cancel')
redis.call('HSET', record, 'queue', fields.queue, 'attempts', 0, 'enqueued', now, unpack(payload_of(found[2])))
ready(id)
return id
