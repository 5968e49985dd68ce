#include "operator/kube/body_buffer.h"

#include <utility>

namespace sb::kube {

void BodyBuffer::Head(Response head) {
  std::lock_guard lock(buffer_mutex_);
  head_ = std::move(head);
  changed_.notify_all();
}

bool BodyBuffer::Put(std::string_view bytes, std::function<void()> resume) {
  std::unique_lock lock(buffer_mutex_);
  if (closed_) return false;
  bytes_.append(bytes);
  changed_.notify_all();
  if (bytes_.size() > high_water_) {
    resume_ = std::move(resume);
    return true;
  }
  lock.unlock();
  resume();
  return true;
}

void BodyBuffer::End() {
  std::lock_guard lock(buffer_mutex_);
  ended_ = true;
  changed_.notify_all();
}

void BodyBuffer::Fail(Error error) {
  std::lock_guard lock(buffer_mutex_);
  if (!ended_ && !failure_) failure_ = std::move(error);
  changed_.notify_all();
}

Expected<Response> BodyBuffer::WaitHead(TimePoint deadline, std::stop_token stop) {
  std::unique_lock lock(buffer_mutex_);
  const bool ready = changed_.wait_until(lock, stop, deadline, [&] { return head_ || failure_; });
  if (head_) return *head_;
  if (failure_) return tl::unexpected(*failure_);
  if (stop.stop_requested()) return sb::Fail(ErrorCode::kCancelled, "stopped");
  (void)ready;
  return sb::Fail(ErrorCode::kDeadlineExceeded, "no answer in time");
}

Expected<std::string> BodyBuffer::Take(TimePoint deadline, std::stop_token stop) {
  std::unique_lock lock(buffer_mutex_);
  changed_.wait_until(lock, stop, deadline, [&] { return !bytes_.empty() || ended_ || failure_; });
  if (stop.stop_requested()) return sb::Fail(ErrorCode::kCancelled, "stopped");
  if (!bytes_.empty()) {
    std::string taken = std::exchange(bytes_, {});
    auto resume = std::exchange(resume_, nullptr);
    lock.unlock();
    if (resume) resume();
    return taken;
  }
  if (failure_) return tl::unexpected(*failure_);
  if (ended_) return std::string();
  return sb::Fail(ErrorCode::kDeadlineExceeded, "silent for too long");
}

void BodyBuffer::Close() {
  std::unique_lock lock(buffer_mutex_);
  closed_ = true;
  auto resume = std::exchange(resume_, nullptr);
  lock.unlock();
  if (resume) resume();
}

}  // namespace sb::kube
