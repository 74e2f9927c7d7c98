-- Takes one task in, once per id: at once, later, behind a limit, or only if no other has its key.
-- Returns: 1 new, 0 known, -1 full; and the id of the task that has the key.
local function submit(id, task, sign, queue, most, delay, at, unique, gate)
  local record = RECORD .. id
  if redis.call('EXISTS', record) == 1 then return { 0, id } end
  if unique ~= '' then
    local holder = holder_of(unique)
    if holder then return { 0, holder } end
  end
  if redis.call('XLEN', STREAM .. queue) >= tonumber(most) then return { -1, id } end
  local now = now_ms()
  local due = math.max(now + delay, tonumber(at))
  redis.call('HSET', record, 'state', 'delayed', 'place', '', 'queue', queue, 'task', task, 'attempts', 0, 'enqueued', now)
  if sign ~= '' then redis.call('HSET', record, 'sign', sign) end
  if gate ~= '' then redis.call('HSET', record, 'gate', gate) end
  if unique ~= '' then
    redis.call('HSET', record, 'unique', unique)
    redis.call('SET', '${TASK_UNIQUE}' .. unique, id)
  end
  if due > now then
    redis.call('ZADD', DELAYED, due, id)
  else
    ready(id)
  end
  return { 1, id }
end
