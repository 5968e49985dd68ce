// How jobs lie in Redis, for those who put them there and those who take them.
//   jobs:<queue>       stream; an entry has the fields id, kind, n. Deleted when done, so its
//   length is the depth. jobs:<queue>:dead  stream of entries that were given up, with the field
//   error job:<id>           hash with status (queued, done, failed), kind, n, result or error;
//   lives a day
#pragma once

#include <string>
#include <string_view>

namespace todo::jobs {

inline constexpr std::string_view kGroup = "workers";
inline constexpr std::string_view kResultSeconds = "86400";

inline std::string StreamOf(std::string_view queue) { return "jobs:" + std::string(queue); }
inline std::string DeadStreamOf(std::string_view queue) { return StreamOf(queue) + ":dead"; }
inline std::string RecordOf(std::string_view id) { return "job:" + std::string(id); }

}  // namespace todo::jobs
