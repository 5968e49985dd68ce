// Whatever a pod answers is read without harm.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "operator/podmetrics/exposition.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  sb::podmetrics::ForEachSample(body, [](const sb::podmetrics::ExposedSample& sample) {
    (void)sample.Label("queue");
    (void)sample.Label("");
  });
  return 0;
}
