-- include: tasks
-- A worker's sign of life, once a second or so. It moves what has become due, opens the gates whose time has come, and
-- takes over what a silent worker holds: not where the clock has jumped, as then everybody seems to be silent.
-- ARGV: consumer, lease in ms, most deliveries without an end, how many to take over, how many more of those that were
--       handed back, most to move, ttl of a dead record in ms, what this worker expects the time to be in ms ('': it
--       can't tell), the queues
-- Returns: the server's time in ms; how many tasks were moved, and how late the first was in ms; ms until the next is
--          due (-1: none); the ids of those that are dead now; for each task taken over queue, entry, deliveries, fields.
local consumer, lease, most, room, spare, batch, ttl, expected = unpack(ARGV, 1, 8)
most, room, spare = tonumber(most), tonumber(room), tonumber(spare)
local now = now_ms()
if expected ~= '' and math.abs(now - expected) > lease / 2 then room, spare = 0, 0 end
redis.call('ZADD', '${TASK_WORKERS}', now, consumer)
-- A worker heard of in the future died before the clock was put back, or has not spoken since: its lease begins now.
for _, other in ipairs(redis.call('ZRANGEBYSCORE', '${TASK_WORKERS}', now + 1, '+inf')) do
  redis.call('ZADD', '${TASK_WORKERS}', now, other)
  for position = 9, #ARGV do
    local stream = STREAM .. ARGV[position]
    for _, held in ipairs(redis.call('XPENDING', stream, GROUP, '-', '+', 1000, other)) do
      redis.call('XCLAIM', stream, GROUP, other, 0, held[1], 'IDLE', 0, 'JUSTID')
    end
  end
end
local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', now, 'WITHSCORES', 'LIMIT', 0, batch)
for index = 1, #due, 2 do
  redis.call('ZREM', DELAYED, due[index])
  ready(due[index])
end
for _, name in ipairs(redis.call('ZRANGEBYSCORE', '${TASK_OPENINGS}', '-inf', now)) do
  open_gate(name)
end
local dead, taken = {}, {}
for position = 9, #ARGV do
  local queue = ARGV[position]
  local stream = STREAM .. queue
  if room + spare > 0 then
    -- XAUTOCLAIM looks at the first few entries only, and those may all belong to workers that are alive
    for _, silent in ipairs(redis.call('XPENDING', stream, GROUP, 'IDLE', lease, '-', '+', room + spare)) do
      local entry, deliveries = silent[1], silent[4]
      if deliveries >= most then
        local found = redis.call('XRANGE', stream, entry, entry)[1]
        take_out(queue, entry)
        local fields = table_of(found and found[2] or {})
        if fields.id then -- else it is no task
          local name = string.match(fields.task or '', '"name":"([^"\\]*)"') or '?'
          local why = 'started ' .. deliveries .. ' times without an end: its worker was killed each time'
          bury(fields.id, queue, name, why, (fields.attempts or 0) + deliveries, ttl, payload_of(found[2]))
          dead[#dead + 1] = fields.id
        end
      elseif room > 0 or (deliveries == 0 and spare > 0) then -- what may have killed its worker is begun at once or not
        local found = redis.call('XCLAIM', stream, GROUP, consumer, lease, entry)[1]
        if found then
          taken[#taken + 1] = { queue, entry, deliveries + 1, found[2] }
          if room > 0 then room = room - 1 else spare = spare - 1 end
        else
          redis.call('XACK', stream, GROUP, entry) -- deleted while it was pending
        end
      end
    end
  end
end
local next_due = redis.call('ZRANGE', DELAYED, 0, 0, 'WITHSCORES')[2]
return { now, #due / 2, due[2] and now - due[2] or 0, next_due and math.max(0, next_due - now) or -1, dead, taken }
