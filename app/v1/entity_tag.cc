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
    const std::string_view tag = http::TakeTag(if_match, weak);
    if (tag.empty()) return allowed;
    std::string_view digits = tag.substr(1, tag.size() - 2);
    if (weak || !digits.starts_with(kForm)) continue;
    digits.remove_prefix(kForm.size());
    std::int64_t version = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), version);
    // Tags are equal byte by byte: "1-03" is not the third version's.
    if (TagOf(version) == tag) allowed.versions.push_back(version);
  }
}

}  // namespace todo::v1
