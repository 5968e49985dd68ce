#include "operator/kube/qualified_name.h"

#include <algorithm>

namespace sb::kube {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

// Lower-case letters, digits and '-', not at its ends.
bool IsDnsLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsDnsSubdomain(std::string_view domain) {
  if (domain.size() > 253) return false;
  for (;;) {
    const std::size_t dot = domain.find('.');
    if (!IsDnsLabel(domain.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    domain.remove_prefix(dot + 1);
  }
}

bool IsName(std::string_view name) {
  const auto plain = [](char c) { return IsLower(c) || IsUpper(c) || IsDigit(c); };
  return !name.empty() && name.size() <= 63 && plain(name.front()) && plain(name.back()) &&
         std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

}  // namespace

std::optional<std::string> WhyNotQualified(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos) {
    return "the name has no domain; call it like example.com/clean-up";
  }
  if (!IsDnsSubdomain(name.substr(0, slash))) {
    return "what stands before the '/' is not a lower-case domain name";
  }
  if (!IsName(name.substr(slash + 1))) {
    return "what stands after the '/' is not a name of at most 63 letters, digits, '-', '_', '.'";
  }
  return std::nullopt;
}

}  // namespace sb::kube
