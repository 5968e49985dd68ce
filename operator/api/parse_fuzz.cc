// Any document is either a backend or a message; a backend keeps what the rest of the operator
// relies on.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "operator/api/connections.h"
#include "operator/api/names.h"
#include "operator/api/parse.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const sb::Json object = sb::Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (object.is_discarded()) return 0;
  const auto backend = sb::api::Parse(object, {"todo", "postgres", "redis", "http://prometheus"});
  if (!backend) {
    if (backend.error().message.empty()) std::abort();
    // The message goes into a condition: it has to be valid UTF-8.
    (void)sb::Json(backend.error().message).dump();
    return 0;
  }
  if (!sb::api::IsDnsLabel(backend->name) || backend->name.size() > sb::api::kMaxNameLength ||
      backend->api.command.empty() || sb::api::Budget(*backend).pool_size < 1) {
    std::abort();
  }
  return 0;
}
