// Any answer that is no success becomes an error that says something, in valid UTF-8 and bounded
// size, and never asks to wait for longer than an hour. The first two bytes are the HTTP status.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "operator/kube/client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size < 2) return 0;
  sb::kube::Response response;
  response.status = (bytes[0] << 8 | bytes[1]) % 1000;
  response.body.assign(reinterpret_cast<const char*>(bytes) + 2, size - 2);
  response.headers["Retry-After"] = response.body.substr(0, 20);
  const sb::Error error = sb::kube::ErrorFrom(response, "list pods");
  if (!error.message.starts_with("list pods: ") || error.message.size() > 2'200) std::abort();
  if (error.retry_after_ms < 0 || error.retry_after_ms > 3'600'000) std::abort();
  // It goes into logs and conditions.
  (void)sb::Json(error.message).dump();
  return 0;
}
