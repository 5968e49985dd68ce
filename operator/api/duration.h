// Durations as people write them: "30s", "2m", "1h30m".
//
//   ParseDuration("1h30m")   // 5400 s
//
// Whole hours, minutes and seconds, each at most once and in this order, at most 10000 hours. Pure;
// safe on any input.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sb::api {

std::optional<std::chrono::seconds> ParseDuration(std::string_view text);

}  // namespace sb::api
