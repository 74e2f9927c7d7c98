-- include: tasks
-- include: submit
-- ARGV: id, envelope, signature, queue, most that may wait there, delay in ms, time in ms since the epoch (the later of
--       the two counts), key that no other waiting or running task may have, name of its limit ('' for none)
-- Returns: 1 new, 0 known, -1 full; and the id of the task that has the key. Repeatable by the id.
return submit(unpack(ARGV))
