#!lua flags=allow-oom
-- Writes the heartbeat: an epoch that never falls, a sequence that always rises, and this server's clock.
-- KEYS[1] the heartbeat; ARGV[1] the epoch under which a majority of the Sentinels name this primary.
local epoch, sequence = tonumber(ARGV[1]), 0
local old = redis.call('GET', KEYS[1])
if old then
  local was_epoch, was_sequence = string.match(old, '^(%d+) (%d+) %d+$')
  if was_epoch then
    epoch, sequence = math.max(epoch, tonumber(was_epoch)), tonumber(was_sequence)
  end
end
local now = redis.call('TIME')
local new = string.format('%d %d %d', epoch, sequence + 1, now[1] * 1000 + math.floor(now[2] / 1000))
redis.call('SET', KEYS[1], new)
return new
