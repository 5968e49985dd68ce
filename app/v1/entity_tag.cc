#include "app/v1/entity_tag.h"

#include <charconv>

#include "common/hash.h"

namespace todo::v1 {
namespace {

// Goes up when a resource's JSON changes its shape: caches must not answer 304 for the old one.
constexpr std::string_view kForm = "1-";

// Takes the next tag off a list, quotes included and W/ told apart; "" at the end or at what is no
// tag.
std::string_view TakeTag(std::string_view& list, bool& weak) {
  list.remove_prefix(std::min(list.find_first_not_of(" \t,"), list.size()));
  weak = list.starts_with("W/");
  if (weak) list.remove_prefix(2);
  if (!list.starts_with('"')) return {};
  const std::size_t end = list.find('"', 1);
  if (end == std::string_view::npos) return {};
  const std::string_view tag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return tag;
}

}  // namespace

std::string TagOf(std::int64_t version) {
  std::string tag = "\"";
  tag += kForm;
  tag += std::to_string(version);
  tag += '"';
  return tag;
}

std::string TagOfBytes(std::string_view bytes) {
  return '"' + sb::Sha256Hex(bytes).substr(0, 32) + '"';
}

bool MatchesNone(std::string_view if_none_match, std::string_view tag) {
  if (if_none_match == "*") return false;
  bool weak = false;
  for (;;) {
    const std::string_view one = TakeTag(if_none_match, weak);
    if (one.empty()) return true;
    if (one == tag) return false;
  }
}

Allowed AllowedBy(std::string_view if_match) {
  if (if_match.empty() || if_match == "*") return {.any = true};
  Allowed allowed;
  bool weak = false;
  for (;;) {
    std::string_view tag = TakeTag(if_match, weak);
    if (tag.empty()) return allowed;
    tag = tag.substr(1, tag.size() - 2);
    if (weak || !tag.starts_with(kForm)) continue;
    tag.remove_prefix(kForm.size());
    std::int64_t version = 0;
    const auto [end, failed] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
    if (failed == std::errc() && end == tag.data() + tag.size()) {
      allowed.versions.push_back(version);
    }
  }
}

}  // namespace todo::v1
