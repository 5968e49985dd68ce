// For tests: begins at the machine's time, because certificates do.
#pragma once

#include "common/testing/fake_clock.h"

namespace sb::metrics_api {

class TestClock : public FakeClock {
 public:
  TestClock() : FakeClock(SystemClock().WallNow()) {}
};

}  // namespace sb::metrics_api
