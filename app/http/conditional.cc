#include "app/http/conditional.h"

#include <algorithm>

#include "common/hash.h"

namespace todo::http {

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

std::string TagOfBytes(std::string_view bytes) {
  return '"' + sb::Sha256Hex(bytes).substr(0, 32) + '"';
}

bool MatchesNone(std::string_view if_none_match, std::string_view tag) {
  if (if_none_match == "*") return false;
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  bool weak = false;
  for (;;) {
    const std::string_view one = TakeTag(if_none_match, weak);
    if (one.empty()) return true;
    if (one == tag) return false;
  }
}

sb::http::Response Conditional(std::string body, std::string tag, std::string_view if_none_match) {
  sb::http::Response response;
  if (MatchesNone(if_none_match, tag)) {
    response.body = std::move(body);
  } else {
    response.status = 304;
  }
  response.headers.emplace_back("ETag", std::move(tag));
  return response;
}

}  // namespace todo::http
