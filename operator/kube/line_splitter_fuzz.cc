// However a stream is cut, the same lines come out. The first byte says how to cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "operator/kube/line_splitter.h"

namespace {

using sb::kube::LineSplitter;

std::vector<std::string> Split(std::string_view text, std::size_t step) {
  std::vector<std::string> lines;
  LineSplitter splitter(1 << 16);
  while (!text.empty()) {
    const std::string_view part = text.substr(0, step);
    text.remove_prefix(part.size());
    const auto result = splitter.Feed(part, [&](std::string_view line) {
      lines.emplace_back(line);
      return true;
    });
    if (result != LineSplitter::Result::kMore) break;
  }
  return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const auto lines = Split(text, std::string_view::npos);
  if (lines != Split(text, 1u + bytes[0])) std::abort();
  for (const std::string& line : lines) {
    if (line.empty() || line.find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
