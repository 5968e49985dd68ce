// Whatever strangers write as a webhook's URL: no crash, and what is taken can neither end a header
// nor name something else when it is put together again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/webhooks/url.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using todo::webhooks::ParseUrl;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto url = ParseUrl(text);
  if (!url) {
    if (url.error().message.empty()) std::abort();
    return 0;
  }
  const auto unsafe = [](char c) { return c <= ' ' || c >= 0x7f; };
  for (const std::string* part : {&url->host, &url->port, &url->target, &url->host_header}) {
    if (part->empty()) std::abort();
    for (const char c : *part) {
      if (unsafe(c)) std::abort();
    }
  }
  if (url->target.front() != '/' || url->host.find_first_of("@/?[]") != std::string::npos) {
    std::abort();
  }
  const auto again = ParseUrl((url->tls ? "https://" : "http://") + url->host_header + url->target);
  if (!again || again->host != url->host || again->port != url->port ||
      again->target != url->target || again->tls != url->tls) {
    std::abort();
  }
  return 0;
}
