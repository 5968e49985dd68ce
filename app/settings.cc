#include "app/settings.h"

#include <algorithm>

namespace todo {

Concurrency ConcurrencyOf(const Settings& settings, int cores) {
  const int pool = std::max(1, settings.pool_size);
  const int threads = std::clamp(settings.threads > 0 ? settings.threads : cores, 1, pool);
  return {threads, pool / threads >= 2 ? 2 : 1};
}

}  // namespace todo
