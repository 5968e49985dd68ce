// What a metric was over time: recorded, read from a CSV file, or made up.
//
//   auto series = ParseCsv("time,rate\n2026-11-24T00:00:00Z,120\n…");
//   series->At(offset);       // the value that a query at that moment would have given
//
// Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::simulate {

struct Point {
  WallTime at;
  std::optional<double> value;  // empty: no evidence
};

// Oldest first, no two at one time.
struct Series {
  std::string name;
  std::vector<Point> points;

  // The latest value not older than five minutes, as Prometheus looks back.
  std::optional<double> At(WallTime time) const;
};

// A first column of times (RFC 3339, or seconds since 1970), then a column a metric; a header line
// names them ("metric" if there is none). An empty field, NaN and "null" are no evidence. The
// message of an error names the line.
Expected<std::vector<Series>> ParseCsv(std::string_view text);

}  // namespace sb::simulate
