// Where a webhook goes: an absolute http or https URL, taken apart. Strict, because strangers write
// them: no user or password in it, no spaces or control characters, no fragment.
#pragma once

#include <string>
#include <string_view>

#include "common/error.h"

namespace todo::webhooks {

struct Url {
  bool tls = false;
  std::string host;         // a name or an address; of IPv6 without the brackets
  std::string port;         // "443"
  std::string target;       // path and query: "/hook?x=1"
  std::string host_header;  // as in the URL, with the port if it was there
};

// kInvalidArgument says what is wrong in words for whoever wrote the URL.
sb::Expected<Url> ParseUrl(std::string_view text);

}  // namespace todo::webhooks
