// What arrives of one HTTP answer, handed from the HTTP library's threads to the thread that waits
// for it: the head, then bytes, then the end or a failure. Knows no library, so the hand-over is
// tested without one.
//
// The producer is slowed down when the consumer is (Put says so and calls `resume` later); the
// consumer waits with a deadline and a stop token. Thread-safe, one producer and one consumer.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/time.h"
#include "operator/kube/transport.h"

namespace sb::kube {

class BodyBuffer {
 public:
  // `high_water`: bytes not yet taken above which the producer has to wait.
  explicit BodyBuffer(std::size_t high_water) : high_water_(high_water) {}

  // Producer.
  void Head(Response head);
  // False: the consumer has gone, stop. If more than high_water bytes wait, `resume` is kept and
  // called (on the consumer's thread) when they have been taken; else it is called at once.
  bool Put(std::string_view bytes, std::function<void()> resume);
  void End();
  void Fail(Error error);

  // Consumer. Each waits until what it asks for is there, the deadline (kDeadlineExceeded), or
  // `stop` (kCancelled).
  Expected<Response> WaitHead(TimePoint deadline, std::stop_token stop);
  // Bytes that arrived; empty at the end of the answer. What came before a failure is handed out
  // before it.
  Expected<std::string> Take(TimePoint deadline, std::stop_token stop);
  // The consumer leaves: releases a waiting producer.
  void Close();

 private:
  const std::size_t high_water_;
  std::mutex buffer_mutex_;
  std::condition_variable_any changed_;
  std::optional<Response> head_;
  std::string bytes_;
  std::function<void()> resume_;
  bool ended_ = false;
  bool closed_ = false;
  std::optional<Error> failure_;
};

}  // namespace sb::kube
