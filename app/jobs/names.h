// How jobs lie in Redis, for those who put them there and those who take them.
//   jobs:<queue>          stream of jobs that wait or run, so its length is the depth. Fields: id,
//                         kind, payload (JSON), attempt (tries that failed), stored ("1": the job
//                         and its payload are in PostgreSQL). Entries of old have n, no payload.
//   jobs:<queue>:delayed  sorted set of ids that wait for their next try, by the time of it (ms)
//   jobs:<queue>:known    hash: id -> where it is, an entry of the stream, or the fields (JSON) of
//                         a delayed one. So whatever is handed over twice lies there once.
//   jobs:<queue>:dead     stream of jobs given up: the fields above, error, at; the latest 10,000
//   job:<id>              hash with status (queued, done, failed), kind, payload, result or error;
//                         of a job that is not in PostgreSQL; lives a day
#pragma once

#include <string>
#include <string_view>

namespace todo::jobs {

inline constexpr std::string_view kGroup = "workers";
inline constexpr std::string_view kResultSeconds = "86400";
inline constexpr std::string_view kMostDead = "10000";
// Beyond it new jobs are refused: a queue that nobody empties must not eat Redis' memory.
inline constexpr std::string_view kMostQueued = "1000000";

inline std::string StreamOf(std::string_view queue) { return "jobs:" + std::string(queue); }
inline std::string DelayedOf(std::string_view queue) { return StreamOf(queue) + ":delayed"; }
inline std::string KnownOf(std::string_view queue) { return StreamOf(queue) + ":known"; }
inline std::string DeadStreamOf(std::string_view queue) { return StreamOf(queue) + ":dead"; }
inline std::string RecordOf(std::string_view id) { return "job:" + std::string(id); }

}  // namespace todo::jobs
