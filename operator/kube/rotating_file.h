// A small file that somebody replaces while we run: a service account's token, a CA bundle.
//
//   RotatingFile token("/var/run/…/token", 60s);
//   std::string now = token.Get();
//
// Thread-safe. A file that cannot be read or is empty (half replaced) keeps the last good content.
#pragma once

#include <mutex>
#include <string>

#include "common/time.h"

namespace sb::kube {

class RotatingFile {
 public:
  RotatingFile(std::string path, Duration max_age, const Clock& clock = SystemClock());

  // The content, at most `max_age` old; "" if it could never be read.
  std::string Get();
  // The content did not work (401): the next Get reads the file again.
  void Invalidate();

 private:
  const std::string path_;
  const Duration max_age_;
  const Clock& clock_;
  std::mutex content_mutex_;
  std::string content_;
  TimePoint read_at_;
  bool fresh_ = false;
};

}  // namespace sb::kube
