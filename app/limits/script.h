// GCRA as a script inside Redis: atomic, on Redis' clock, one command for all limits of a request.
#pragma once

#include <string>
#include <string_view>

namespace todo::limits {

// KEYS: who is limited; ARGV: interval and window of each, in microseconds. Answers 1 or 0 (all are
// counted or none), then how far each one's arrival time is ahead of now. A key expires when its
// quota is whole again. %.0f: Lua would write 1.7e+15.
inline constexpr std::string_view kScript = R"(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answer = {1}
for i = 1, #KEYS do
  local interval, window = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local arrival = tonumber(redis.call('GET', KEYS[i]) or '') or 0
  arrival = math.min(math.max(arrival, now), now + window)
  if arrival + interval - window > now then answer[1] = 0 end
  answer[i + 1] = arrival - now
end
if answer[1] == 1 then
  for i = 1, #KEYS do
    local ahead = answer[i + 1] + tonumber(ARGV[2 * i - 1])
    answer[i + 1] = ahead
    redis.call('SET', KEYS[i], string.format('%.0f', now + ahead), 'PX', math.ceil(ahead / 1000))
  end
end
return answer)";

// SHA-1 of it in hexadecimal, by which Redis knows it.
const std::string& ScriptDigest();

}  // namespace todo::limits
