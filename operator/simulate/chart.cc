#include "operator/simulate/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sb::simulate {
namespace {

constexpr int kRows = 12;
const char* const kColors[] = {"#1f6feb", "#d1242f", "#1a7f37", "#9a6700"};

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  char text[256];
  const int size = std::snprintf(text, sizeof text, format, arguments...);
  return {text, static_cast<std::size_t>(std::clamp(size, 0, 255))};
}

int Most(const NamedRuns& runs) {
  int most = 1;
  for (const auto& [name, run] : runs) {
    for (const Moment& moment : run.moments) {
      most = std::max({most, moment.replicas, static_cast<int>(std::ceil(moment.needed))});
    }
  }
  return most;
}

// The greatest of what falls into one column.
struct Column {
  int replicas = 0;
  double needed = 0;
};
std::vector<Column> Columns(const Course& run, std::size_t width) {
  std::vector<Column> columns(std::min(width, std::max<std::size_t>(run.moments.size(), 1)));
  for (std::size_t i = 0; i < run.moments.size(); ++i) {
    Column& column = columns[i * columns.size() / run.moments.size()];
    column.replicas = std::max(column.replicas, run.moments[i].replicas);
    column.needed = std::max(column.needed, run.moments[i].needed);
  }
  return columns;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
  }
  return out;
}

}  // namespace

std::string TerminalChart(const NamedRuns& runs, std::size_t width) {
  const int most = Most(runs);
  std::string out;
  for (const auto& [name, run] : runs) {
    out += name + "  (# pods there, . needed but not there)\n";
    const std::vector<Column> columns = Columns(run, width);
    for (int row = kRows; row >= 1; --row) {
      const double level = static_cast<double>(most) * row / kRows;
      const double below = static_cast<double>(most) * (row - 1) / kRows;
      out += Format("%5d |", static_cast<int>(std::lround(level)));
      for (const Column& column : columns) {
        out += column.replicas > below ? '#' : column.needed > below ? '.' : ' ';
      }
      out += "\n";
    }
    out += "      +" + std::string(columns.size(), '-') + "\n";
    if (!run.moments.empty()) {
      out += "       " + FormatTime(run.moments.front().at) + " to " +
             FormatTime(run.moments.back().at) + "\n";
    }
  }
  return out;
}

std::string SvgChart(const std::string& title, const NamedRuns& runs) {
  constexpr double kWidth = 960, kHeight = 320, kLeft = 50, kTop = 50;
  const int most = Most(runs);
  const auto y = [&](double pods) { return kTop + kHeight * (1 - pods / most); };
  std::string out = Format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%%\" height=\"100%%\" "
      "fill=\"#ffffff\"/>\n",
      kWidth + kLeft + 20, kHeight + kTop + 60);
  out +=
      Format("<text x=\"%.0f\" y=\"20\" font-size=\"16\">", kLeft) + Escaped(title) + "</text>\n";
  for (int line = 0; line <= 4; ++line) {
    const double pods = static_cast<double>(most) * line / 4;
    out += Format("<line x1=\"%.0f\" x2=\"%.0f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#d0d7de\"/>\n",
                  kLeft, kLeft + kWidth, y(pods), y(pods));
    out += Format("<text x=\"%.0f\" y=\"%.1f\" text-anchor=\"end\">%.0f</text>\n", kLeft - 6,
                  y(pods) + 4, pods);
  }
  std::size_t index = 0;
  for (const auto& [name, run] : runs) {
    const std::vector<Column> columns = Columns(run, static_cast<std::size_t>(kWidth));
    const double step = kWidth / static_cast<double>(std::max<std::size_t>(columns.size(), 1));
    if (index == 0) {
      out += Format("<path fill=\"#ddf4ff\" d=\"M%.1f %.1f", kLeft, y(0));
      for (std::size_t i = 0; i < columns.size(); ++i) {
        out += Format("L%.1f %.1f", kLeft + step * static_cast<double>(i), y(columns[i].needed));
      }
      out += Format("L%.1f %.1fZ\"/>\n", kLeft + kWidth, y(0));
    }
    const char* color = kColors[index % 4];
    out += Format("<path fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" d=\"", color);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double x = kLeft + step * static_cast<double>(i);
      out += i == 0 ? Format("M%.1f %.1f", x, y(columns[i].replicas))
                    : Format("H%.1fV%.1f", x, y(columns[i].replicas));
    }
    out += "\"/>\n";
    out += Format("<text x=\"%.0f\" y=\"40\" fill=\"%s\">",
                  kLeft + 240.0 * static_cast<double>(index), color) +
           Escaped(name) + "</text>\n";
    ++index;
  }
  if (!runs.empty() && !runs[0].second.moments.empty()) {
    const auto& moments = runs[0].second.moments;
    out += Format("<text x=\"%.0f\" y=\"%.0f\">", kLeft, kTop + kHeight + 24) +
           FormatTime(moments.front().at) + "</text>\n" +
           Format("<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">", kLeft + kWidth,
                  kTop + kHeight + 24) +
           FormatTime(moments.back().at) + "</text>\n";
  }
  return out + "</svg>\n";
}

std::string ScoreTable(const NamedRuns& runs) {
  std::string out = Format("%-28s %14s %14s %8s %6s %9s\n", "", "replica-hours", "under-minutes",
                           "changes", "flaps", "most pods");
  for (const auto& [name, run] : runs) {
    out += Format("%-28.28s %14.1f %14.1f %8d %6d %9d\n", name.c_str(), run.score.replica_hours,
                  run.score.under_minutes, run.score.changes, run.score.flaps, run.score.most);
  }
  return out;
}

}  // namespace sb::simulate
