-- include: tasks
-- Everything that is known about a task.
-- ARGV: id
-- Returns: the fields of its record; the fields of its entry while it is in a stream; there, who has it, for how many ms
--          without a sign of life, and the number of deliveries. All empty for an unknown id.
local record = redis.call('HGETALL', RECORD .. ARGV[1])
local state, _, queue, entry = where(ARGV[1])
if state ~= 'queued' then return { record, {}, {} } end
local stream = STREAM .. queue
local here = redis.call('XRANGE', stream, entry, entry)[1]
local group = redis.pcall('XPENDING', stream, GROUP, entry, entry, 1) -- there is no group before a worker comes
local pending = not group.err and group[1] or {}
return { record, here and here[2] or {}, { pending[2], pending[3], pending[4] } }
