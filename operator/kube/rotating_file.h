// A small file that somebody replaces while we run: a service account's token, a CA bundle, a
// client certificate.
//
//   RotatingFile token("/var/run/…/token", 60s);
//   std::string now = token.Get();
//
// Thread-safe. A file that cannot be read, holds only white space (half replaced) or is larger than
// 1 MiB keeps the last good content, and is tried again by the next Get.
#pragma once

#include <mutex>
#include <string>

#include "common/time.h"

namespace sb::kube {

class RotatingFile {
 public:
  // `initial`: what Get returns until the file could be read for the first time; for ever if `path`
  // is "".
  RotatingFile(std::string path, Duration max_age, const Clock& clock = SystemClock(),
               std::string initial = "");

  // The content, at most `max_age` old.
  std::string Get();
  // The content did not work (401): the next Get reads the file again.
  void Invalidate();

  const std::string& path() const { return path_; }

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
