#include "app/http/trace_context.h"

#include <algorithm>
#include <random>

namespace todo::http {
namespace {

bool IsHex(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}
bool IsZero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

}  // namespace

std::optional<TraceContext> ParseTraceParent(std::string_view header) {
  // version "-" trace-id "-" parent-id "-" flags
  constexpr std::size_t kLength = 2 + 1 + 32 + 1 + 16 + 1 + 2;
  if (header.size() < kLength || header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return std::nullopt;
  }
  const std::string_view version = header.substr(0, 2), trace = header.substr(3, 32),
                         parent = header.substr(36, 16), flags = header.substr(53, 2);
  if (!IsHex(version) || version == "ff" || !IsHex(trace) || IsZero(trace) || !IsHex(parent) ||
      IsZero(parent) || !IsHex(flags)) {
    return std::nullopt;
  }
  // Version 00 ends here; a later one may go on after a '-', and is read as far as we know it.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  const char low = flags[1];
  return TraceContext{trace, parent, ((low <= '9' ? low - '0' : low - 'a' + 10) & 1) != 0};
}

bool IsRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-_.:/+=").find(c) != std::string_view::npos;
  });
}

std::string NewRequestId() {
  thread_local std::mt19937_64 random = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  std::string id(32, '0');
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t bits = random();
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4)
      id[half * 16 + i] = "0123456789abcdef"[bits & 15];
  }
  return id;
}

}  // namespace todo::http
