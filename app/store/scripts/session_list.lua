-- include: session
-- Lists a user's sessions.
-- KEYS: the user's sessions
-- ARGV: user id, longest life in ms
-- Returns: of each its public name, digest, created, seen, device, address. Repeatable.
local now, found = now_ms(), {}
for _, digest in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local public, epoch, created, seen, device, address =
    unpack(redis.call('HMGET', SESSION .. digest, 'public', 'epoch', 'created', 'seen', 'device', 'address'))
  if lives(ARGV[1], epoch, created, now, tonumber(ARGV[2])) then
    found[#found + 1] = { public, digest, created, seen, device or '', address or '' }
  end
end
return found
