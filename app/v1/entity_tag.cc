#include "app/v1/entity_tag.h"

#include <charconv>

#include "app/http/conditional.h"

namespace todo::v1 {
namespace {

// Goes up when a resource's JSON changes its shape: caches must not answer 304 for the old one.
constexpr std::string_view kForm = "1-";

}  // namespace

std::string TagOf(std::int64_t version) {
  std::string tag = "\"";
  tag += kForm;
  tag += std::to_string(version);
  tag += '"';
  return tag;
}

Allowed AllowedBy(std::string_view if_match) {
  if (if_match.empty() || if_match == "*") return {.any = true};
  Allowed allowed;
  bool weak = false;
  for (;;) {
    std::string_view tag = http::TakeTag(if_match, weak);
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
