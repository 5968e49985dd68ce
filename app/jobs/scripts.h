// What must happen in Redis at once or not at all. Each script's KEYS are the stream, the delayed
// set, the hash of known ids, and one more key where it says so; ARGV as noted. The time is Redis',
// so that workers' clocks do not matter.
#pragma once

#include <string_view>

namespace todo::jobs {

// A job leaves the stream together with whatever follows from that, so it is never in two places
// and never in none.
//
// [[id, kind], …], bound. Adds stored jobs that do not lie in Redis yet. How many of the list, from
// its start, lie there now: fewer than all when the stream is full.
inline constexpr std::string_view kAddScript = R"lua(
local room = tonumber(ARGV[2]) - redis.call('XLEN', KEYS[1])
local done = 0
for _, job in ipairs(cjson.decode(ARGV[1])) do
  local at = redis.call('HGET', KEYS[3], job[1])
  local there = false
  if at and string.sub(at, 1, 1) == '{' then
    there = redis.call('ZSCORE', KEYS[2], job[1])
  elseif at then
    there = #redis.call('XRANGE', KEYS[1], at, at) > 0
  end
  if not there then
    if room <= 0 then return done end
    local entry = redis.call('XADD', KEYS[1], '*', 'id', job[1], 'kind', job[2], 'stored', '1')
    redis.call('HSET', KEYS[3], job[1], entry)
    room = room - 1
  end
  done = done + 1
end
return done)lua";

// group, entry, id, status, name, value; KEYS[4] the record. The job is done: 1, or 0 if somebody
// else has dealt with the entry. The record is written unless status is "".
inline constexpr std::string_view kFinishScript = R"lua(
local acked = redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
redis.call('XDEL', KEYS[1], ARGV[2])
if redis.call('HGET', KEYS[3], ARGV[3]) == ARGV[2] then redis.call('HDEL', KEYS[3], ARGV[3]) end
if ARGV[4] ~= '' then
  redis.call('HSET', KEYS[4], 'status', ARGV[4], ARGV[5], ARGV[6])
  redis.call('EXPIRE', KEYS[4], 86400)
end
return acked)lua";

// group, entry, id, fields, delay in ms. The job waits for its next try; 0 as above.
inline constexpr std::string_view kDelayScript = R"lua(
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
local time = redis.call('TIME')
local due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('ZADD', KEYS[2], due, ARGV[3])
return 1)lua";

// most. Moves the delayed jobs that are due into the stream; how many.
inline constexpr std::string_view kPromoteScript = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(due) do
  redis.call('ZREM', KEYS[2], id)
  local fields = redis.call('HGET', KEYS[3], id)
  if fields and string.sub(fields, 1, 1) == '{' then
    local words = {}
    for name, value in pairs(cjson.decode(fields)) do
      words[#words + 1] = name
      words[#words + 1] = value
    end
    redis.call('HSET', KEYS[3], id, redis.call('XADD', KEYS[1], '*', unpack(words)))
  end
end
return #due)lua";

// group, entry, id, fields. A worker that leaves gives the job to the others; 0 as above.
inline constexpr std::string_view kHandBackScript = R"lua(
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
local words = {}
for name, value in pairs(cjson.decode(ARGV[4])) do
  words[#words + 1] = name
  words[#words + 1] = value
end
redis.call('HSET', KEYS[3], ARGV[3], redis.call('XADD', KEYS[1], '*', unpack(words)))
return 1)lua";

// group, entry, id, fields, error, most; KEYS[4] the dead stream, KEYS[5] the record, which is
// there unless the job is stored. 0 as above.
inline constexpr std::string_view kBuryScript = R"lua(
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
if redis.call('HGET', KEYS[3], ARGV[3]) == ARGV[2] then redis.call('HDEL', KEYS[3], ARGV[3]) end
local time = redis.call('TIME')
local words = {'error', ARGV[5], 'at', time[1] * 1000 + math.floor(time[2] / 1000)}
for name, value in pairs(cjson.decode(ARGV[4])) do
  words[#words + 1] = name
  words[#words + 1] = value
end
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', unpack(words))
if redis.call('EXISTS', KEYS[5]) == 1 then
  redis.call('HSET', KEYS[5], 'status', 'failed', 'error', ARGV[5])
  redis.call('EXPIRE', KEYS[5], 86400)
end
return 1)lua";

// group, consumer, [entry, …]. Tells that the entries are in hand still; XCLAIM with JUSTID sets
// the idle time to 0 and leaves the count of deliveries. Those that another worker has taken over
// stay with it. How many are ours.
inline constexpr std::string_view kBeatScript = R"lua(
local ours = 0
for _, entry in ipairs(cjson.decode(ARGV[3])) do
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1], entry, entry, 1)
  if not pending.err and pending[1] and pending[1][2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, entry, 'JUSTID')
    ours = ours + 1
  end
end
return ours)lua";

// group, idle ms, name. Consumers that hold nothing and have said nothing for that long are
// forgotten (every worker that was killed leaves one); with a name, only that one. One that holds
// something stays: Redis would drop that with it.
inline constexpr std::string_view kForgetScript = R"lua(
local gone = 0
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return 0 end
for _, fields in ipairs(consumers) do
  local about = {}
  for i = 1, #fields, 2 do about[fields[i]] = fields[i + 1] end
  if about['pending'] == 0 and about['idle'] >= tonumber(ARGV[2])
      and (ARGV[3] == '' or ARGV[3] == about['name']) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], about['name'])
    gone = gone + 1
  end
end
return gone)lua";

// group; KEYS[4] the dead stream. {waiting or running, running, age in ms of the one that waits
// longest, delayed, dead}
inline constexpr std::string_view kLookScript = R"lua(
local running, last, age = 0, '0-0', 0
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if not groups.err then
  for _, fields in ipairs(groups) do
    local about = {}
    for i = 1, #fields, 2 do about[fields[i]] = fields[i + 1] end
    if about['name'] == ARGV[1] then
      running, last = about['pending'], about['last-delivered-id']
    end
  end
end
local first = redis.call('XRANGE', KEYS[1], '(' .. last, '+', 'COUNT', 1)[1]
if first then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  age = math.max(0, now - tonumber(string.match(first[1], '^%d+')))
end
return {redis.call('XLEN', KEYS[1]), running, age, redis.call('ZCARD', KEYS[2]),
        redis.call('XLEN', KEYS[4])})lua";

// dead entry, id; KEYS[4] the dead stream, KEYS[5] the record. Gives a dead job that is not stored
// another life; 0 if it is not there.
inline constexpr std::string_view kReviveScript = R"lua(
local found = redis.call('XRANGE', KEYS[4], ARGV[1], ARGV[1])[1]
if not found then return 0 end
redis.call('XDEL', KEYS[4], ARGV[1])
local words, stored = {}, false
for i = 1, #found[2], 2 do
  local name, value = found[2][i], found[2][i + 1]
  if name ~= 'error' and name ~= 'at' and name ~= 'attempt' then
    words[#words + 1] = name
    words[#words + 1] = value
  end
  if name == 'stored' then stored = true end
end
if not stored then
  redis.call('HSET', KEYS[3], ARGV[2], redis.call('XADD', KEYS[1], '*', unpack(words)))
  if redis.call('EXISTS', KEYS[5]) == 1 then redis.call('HSET', KEYS[5], 'status', 'queued') end
end
return 1)lua";

}  // namespace todo::jobs
