// Entity tags and If-None-Match (RFC 9110 §8.8.3, §13.1.2): what a client has already is not sent
// again.
//
//   co_return Conditional(body, TagOfBytes(body), call.request.header("if-none-match"));
#pragma once

#include <string>
#include <string_view>

#include "common/http/wire/message.h"

namespace todo::http {

// A strong tag of an answer that has no version of its own: of its bytes.
std::string TagOfBytes(std::string_view bytes);

// Weak comparison against the tag that the resource has now, which may be weak itself. True: none
// fits, so send it. An absent or broken field fits nothing.
bool MatchesNone(std::string_view if_none_match, std::string_view tag);

// 200 with `body` and its tag, or 304 with the tag alone.
sb::http::Response Conditional(std::string body, std::string tag, std::string_view if_none_match);

// Takes the next tag off a list, quotes included and W/ told apart; "" at the end or at what is no
// tag.
std::string_view TakeTag(std::string_view& list, bool& weak);

}  // namespace todo::http
