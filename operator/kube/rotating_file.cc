#include "operator/kube/rotating_file.h"

#include <utility>

#include "operator/kube/read_file.h"

namespace sb::kube {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;  // a Secret or a ConfigMap holds no more

}  // namespace

RotatingFile::RotatingFile(std::string path, Duration max_age, const Clock& clock,
                           std::string initial)
    : path_(std::move(path)), max_age_(max_age), clock_(clock), content_(std::move(initial)) {}

std::string RotatingFile::Get() {
  std::lock_guard lock(content_mutex_);
  if (path_.empty()) return content_;
  const TimePoint now = clock_.Now();
  if (fresh_ && now - read_at_ < max_age_) return content_;
  auto text = ReadFile(path_, kMaxBytes);
  if (!text || text->find_first_not_of(" \t\r\n") == std::string::npos) return content_;
  content_ = std::move(*text);
  read_at_ = now;
  fresh_ = true;
  return content_;
}

void RotatingFile::Invalidate() {
  std::lock_guard lock(content_mutex_);
  fresh_ = false;
}

}  // namespace sb::kube
