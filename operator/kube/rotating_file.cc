#include "operator/kube/rotating_file.h"

#include <fstream>
#include <iterator>
#include <utility>

namespace sb::kube {

RotatingFile::RotatingFile(std::string path, Duration max_age, const Clock& clock)
    : path_(std::move(path)), max_age_(max_age), clock_(clock) {}

std::string RotatingFile::Get() {
  std::lock_guard lock(content_mutex_);
  const TimePoint now = clock_.Now();
  if (fresh_ && now - read_at_ < max_age_) return content_;
  std::ifstream file(path_, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad() || text.empty()) return content_;
  content_ = std::move(text);
  read_at_ = now;
  fresh_ = true;
  return content_;
}

void RotatingFile::Invalidate() {
  std::lock_guard lock(content_mutex_);
  fresh_ = false;
}

}  // namespace sb::kube
