#include "operator/kube/testing/faulty_transport.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace sb::kube {
namespace {

using Kind = Fault::Kind;

constexpr std::string_view kGarbage = "<html>504 Gateway Timeout</html>\n";

// The bytes of one answer on their way to the client.
class Pipe {
 public:
  Pipe(const Fault& fault, const StreamHandlers& handlers, const Clock& clock, std::stop_token stop)
      : fault_(fault), handlers_(handlers), clock_(clock), stop_(std::move(stop)) {
    begun_ = last_ = clock_.Now();
  }

  // What the server sends next. False: the connection is over.
  bool Feed(std::string_view bytes) {
    if (!struck_) {
      const std::size_t left = fault_.after_bytes - std::min(fault_.after_bytes, passed_);
      const std::size_t before = Before(bytes, left);
      if (before == std::string_view::npos) return Deliver(bytes);  // not yet
      if (!Deliver(bytes.substr(0, before))) return false;
      bytes.remove_prefix(before);
      struck_ = true;
      if (!Strike()) return false;
    }
    if (losing_) {
      const std::size_t end = bytes.find('\n');
      if (end == std::string_view::npos) return true;
      bytes.remove_prefix(end + 1);
      losing_ = false;
    }
    if (trickling_ > 0) {
      const std::size_t slowly = std::min(trickling_, bytes.size());
      trickling_ -= slowly;
      if (!Trickle(bytes.substr(0, slowly))) return false;
      bytes.remove_prefix(slowly);
    }
    return Deliver(bytes);
  }

  // What the client gets to know of the end.
  Expected<Response> End(Expected<Response> head) {
    if (broken_) return tl::unexpected(std::move(*broken_));
    if (!head || head->status != 200 || enough_) return head;
    if (fault_.kind == Kind::kBrokenEnd) {
      return Fail(ErrorCode::kUnavailable, "reset at the end");
    }
    if (fault_.kind == Kind::kLateEnd && !Silence(fault_.pause)) {
      return tl::unexpected(std::move(*broken_));
    }
    return head;
  }

 private:
  // How much of `bytes` comes before the fault strikes; npos: all of them, and it does not yet.
  std::size_t Before(std::string_view bytes, std::size_t left) const {
    constexpr std::size_t kNotYet = std::string_view::npos;
    switch (fault_.kind) {
      case Kind::kReset:
      case Kind::kStall:
      case Kind::kPause:
      case Kind::kTrickle:
        return left <= bytes.size() ? left : kNotYet;
      case Kind::kHalfLine: {  // at least one byte of a line, and not its end
        const bool whole =
            left == 0 ? at_line_start_ : left <= bytes.size() && bytes[left - 1] == '\n';
        if (whole) ++left;
        return left < bytes.size() ? left : kNotYet;
      }
      case Kind::kGarbage:
        if (!handlers_.live) return 0;
        [[fallthrough]];
      case Kind::kLoseLine: {  // where a line begins
        if (left == 0 && at_line_start_) return 0;
        if (left > bytes.size()) return kNotYet;
        const std::size_t end = bytes.find('\n', left == 0 ? 0 : left - 1);
        return end == std::string_view::npos ? kNotYet : end + 1;
      }
      default:
        return kNotYet;
    }
  }

  // False: the connection is over.
  bool Strike() {
    switch (fault_.kind) {
      case Kind::kReset:
        return Break(ErrorCode::kUnavailable, "connection reset");
      case Kind::kStall:
        Silence(Duration::max());
        return false;
      case Kind::kPause:
        return Silence(fault_.pause);
      case Kind::kTrickle:
        trickling_ = fault_.trickle_bytes;
        return true;
      case Kind::kHalfLine:
        enough_ = true;
        return false;
      case Kind::kGarbage:
        return Deliver(kGarbage);
      case Kind::kLoseLine:
        losing_ = true;
        return true;
      default:
        return true;
    }
  }

  bool Break(ErrorCode code, std::string message) {
    broken_ = Error{code, std::move(message), 0};
    return false;
  }

  // Nothing arrives for so long, or until the client gives up; false then.
  bool Silence(Duration length) {
    const Duration patience = handlers_.idle_deadline() - (clock_.Now() - last_);
    clock_.Sleep(std::max(Duration::zero(), std::min(length, patience)), stop_);
    if (stop_.stop_requested()) return Break(ErrorCode::kCancelled, "stopped");
    if (length >= patience) return Break(ErrorCode::kDeadlineExceeded, "silence");
    return InTime();
  }

  bool InTime() {
    if (!handlers_.deadline || clock_.Now() - begun_ < *handlers_.deadline) return true;
    return Break(ErrorCode::kDeadlineExceeded, "too slow");
  }

  bool Trickle(std::string_view bytes) {
    const std::size_t piece = std::max<std::size_t>(1, fault_.piece);
    while (!bytes.empty()) {
      if (!Silence(fault_.pause) || !Deliver(bytes.substr(0, piece))) return false;
      bytes.remove_prefix(std::min(piece, bytes.size()));
    }
    return true;
  }

  bool Deliver(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::string_view part = fault_.piece > 0 ? bytes.substr(0, fault_.piece) : bytes;
      bytes.remove_prefix(part.size());
      passed_ += part.size();
      at_line_start_ = part.back() == '\n';
      last_ = clock_.Now();
      if (!handlers_.on_data(part)) {
        enough_ = true;
        return false;
      }
    }
    return true;
  }

  const Fault fault_;
  const StreamHandlers& handlers_;
  const Clock& clock_;
  const std::stop_token stop_;
  TimePoint begun_, last_;
  std::size_t passed_ = 0;
  std::size_t trickling_ = 0;
  bool at_line_start_ = true;
  bool struck_ = false;
  bool losing_ = false;
  bool enough_ = false;
  std::optional<Error> broken_;
};

}  // namespace

FaultyTransport::FaultyTransport(Transport& inner, FaultScript script, const Clock& clock)
    : inner_(inner), script_(std::move(script)), clock_(clock) {}

Fault FaultyTransport::Draw(const Request& request) {
  const Fault fault = script_(request);
  ++counts_[static_cast<std::size_t>(fault.kind)];
  return fault;
}

Expected<Response> FaultyTransport::Send(const Request& request, Duration deadline,
                                         std::stop_token stop) {
  const Fault fault = Draw(request);
  const auto never_answered = [&]() -> Expected<Response> {
    clock_.Sleep(deadline, stop);
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    return Fail(ErrorCode::kDeadlineExceeded, "no answer");
  };
  switch (fault.kind) {
    case Kind::kRefuse:
      return Fail(ErrorCode::kUnavailable, "connection refused");
    case Kind::kSilentOpen:
      return never_answered();
    case Kind::kStatus:
      return AnswerOf(fault);
    case Kind::kReset:
      return Fail(ErrorCode::kUnavailable, "connection reset");
    default:
      break;
  }
  auto answer = inner_.Send(request, deadline, stop);
  if (fault.kind == Kind::kStall) return never_answered();
  if (fault.kind == Kind::kBrokenEnd) return Fail(ErrorCode::kUnavailable, "connection reset");
  return answer;
}

Expected<Response> FaultyTransport::Stream(const Request& request, const StreamHandlers& handlers,
                                           std::stop_token stop) {
  const Fault fault = Draw(request);
  switch (fault.kind) {
    case Kind::kRefuse:
      return Fail(ErrorCode::kUnavailable, "connection refused");
    case Kind::kSilentOpen:
      clock_.Sleep(handlers.open_deadline, stop);
      if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
      return Fail(ErrorCode::kDeadlineExceeded, "no answer");
    case Kind::kStatus:
      return AnswerOf(fault);
    default:
      break;
  }
  Pipe pipe(fault, handlers, clock_, stop);
  StreamHandlers watched = handlers;
  watched.on_data = [&pipe](std::string_view bytes) { return pipe.Feed(bytes); };
  return pipe.End(inner_.Stream(request, watched, stop));
}

}  // namespace sb::kube
