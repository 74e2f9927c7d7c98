-- Decides one request against several limits at once, on the server's clock: it counts in all of them or in none.
-- KEYS: a key per limit
-- ARGV: the request's id (1 to 2^31-1), its cost, what to do (hit; strict: what is rejected counts, too; peek: nothing
--       counts), then for each limit: counter, log or bucket, the limit, its window in ms, its burst
-- Returns: allowed (1 or 0), then for each limit the places left, ms until there is one more or, if it is this one that
--          rejects, until there are enough, and whether it is.
-- Repeatable: each key holds the ids of the last requests that counted. What does not count writes nothing.
local id, cost, act = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The last eight ids with a new one; a rejected request's is negative.
local function remembered(ids, new)
  return string.sub(ids, -28) .. struct.pack('<i4', new)
end

local function knows(state, one) -- an id ends its entry, and is 4 bytes of it
  local at = string.find(state.ids, struct.pack('<i4', one), 1, true)
  return at and (at + 3) % state.every == 0
end

-- include: limit_counter
-- include: limit_log
-- include: limit_bucket
local kinds = { counter = counter, log = log, bucket = bucket }
local allowed, counted, states = true, false, {}
for index, key in ipairs(KEYS) do
  local at = 4 * index
  local state = { key = key, kind = kinds[ARGV[at]], limit = tonumber(ARGV[at + 1]), window = tonumber(ARGV[at + 2]),
    burst = tonumber(ARGV[at + 3]), every = 4 }
  state.kind.read(state)
  state.lacks = state.room < cost
  if state.lacks then allowed = false end
  if knows(state, id) then
    counted = 'allowed'
  elseif act == 'strict' and knows(state, -id) then
    counted = 'rejected'
  end
  states[index] = state
end
if counted == 'allowed' then
  allowed = true
elseif not counted and cost > 0 and (act == 'strict' or act == 'hit' and allowed) then
  for _, state in ipairs(states) do state.kind.count(state, cost, allowed and id or -id) end
end
local reply = { allowed and 1 or 0 }
for _, state in ipairs(states) do
  local places, rejects = math.max(0, math.floor(state.room)), state.lacks and not allowed
  reply[#reply + 1] = places
  reply[#reply + 1] = math.max(0, state.kind.wait(state, rejects and cost or places + 1))
  reply[#reply + 1] = rejects and 1 or 0
end
return reply
