// Pictures of a replay: for a terminal, and as SVG.
//
//   std::cout << TerminalChart({{"Direct", run}, {"HPA", other}}, 100);
//   file << SvgChart("todo api", {{"Direct", run}, {"HPA", other}});
//
// Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "operator/simulate/replay.h"

namespace sb::simulate {

using NamedRuns = std::vector<std::pair<std::string, Course>>;

// One small picture a run: pods needed as dots, pods there as blocks. `width` in columns.
std::string TerminalChart(const NamedRuns& runs, std::size_t width);

// Needed pods as a filled area, one line a run. The titles are escaped.
std::string SvgChart(const std::string& title, const NamedRuns& runs);

// A line a run: replica-hours, minutes under-provisioned, changes, flaps, the most pods.
std::string ScoreTable(const NamedRuns& runs);

}  // namespace sb::simulate
