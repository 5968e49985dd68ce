#include "operator/kube/watcher.h"

#include <utility>

#include "operator/kube/resource_version.h"

namespace sb::kube {
namespace {

using Then = BackingOff::Then;

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

int DrawTimeout(WatchMemory& memory) {
  const int span = memory.config.watch_timeout_max_s - memory.config.watch_timeout_min_s + 1;
  return memory.config.watch_timeout_min_s +
         static_cast<int>(memory.backoff.Random() * 0.999999 * span);
}

Step StartStreamingList(WatchMemory memory, TimePoint now) {
  Collecting collecting{now, DrawTimeout(memory)};
  WatchCommand command{memory.version_unavailable ? "" : memory.last_version, collecting.timeout_s,
                       true};
  return {{std::move(memory), collecting}, std::move(command), Staged::kDrop, ""};
}

Step StartList(WatchMemory memory, TimePoint now) {
  if (memory.streams_lists) return StartStreamingList(std::move(memory), now);
  std::string version = "0";
  if (memory.version_unavailable) {
    version = "";
  } else if (!memory.last_version.empty()) {
    // With a limit, a version means exactly that one and not "not older": a watch that cannot begin
    // there would be answered by a list of the same state for ever. Where there is no watch cache,
    // the latest costs no more.
    version = memory.paged_at_zero ? "" : memory.last_version;
  }
  // "Not older than" is asked for without pages, so that the watch cache can answer.
  const bool paged = version.empty() || version == "0";
  ListCommand command{version, paged ? memory.config.page_limit : 0, ""};
  return {
      {std::move(memory), Listing{version, "", paged, ""}}, std::move(command), Staged::kDrop, ""};
}

Step StartWatch(WatchMemory memory, TimePoint now) {
  Watching watching;
  watching.opened_at = now;
  watching.hold_version = memory.last_version.empty() || memory.last_version == "0";
  watching.timeout_s = DrawTimeout(memory);
  WatchCommand command{memory.last_version, watching.timeout_s};
  return {{std::move(memory), watching}, std::move(command), Staged::kKeep, ""};
}

Step StartCheck(WatchMemory memory, TimePoint now) {
  // Nothing to compare with.
  if (!IsComparable(memory.last_version)) return StartWatch(std::move(memory), now);
  return {{std::move(memory), Checking{}}, CheckCommand{}, Staged::kDrop, ""};
}

Step BackOff(WatchMemory memory, Then then, TimePoint now) {
  const Duration delay = memory.backoff.Next(now);
  return {{std::move(memory), BackingOff{then}}, WaitCommand{delay}, Staged::kDrop, ""};
}

// A server that says how long to wait is believed, up to a point.
Step BackOff(WatchMemory memory, Then then, TimePoint now, const Error& error) {
  Step step = BackOff(std::move(memory), then, now);
  const Duration asked = std::chrono::milliseconds(error.retry_after_ms);
  auto& wait = std::get<WaitCommand>(step.command);
  wait.delay = std::max(wait.delay, std::min<Duration>(asked, std::chrono::minutes(1)));
  return step;
}

Step OnPage(WatchMemory memory, Listing listing, const PageArrived& page, TimePoint now) {
  if (page.resource_version.empty() && page.continue_token.empty() &&
      listing.list_version.empty()) {
    // Neither a version to watch from nor a next page: no list we can use.
    return BackOff(std::move(memory), Then::kList, now);
  }
  if (listing.list_version.empty()) listing.list_version = page.resource_version;
  if (!page.continue_token.empty()) {
    if (listing.version == "0") memory.paged_at_zero = true;
    listing.continue_token = page.continue_token;
    ListCommand command{listing.version, memory.config.page_limit, page.continue_token};
    return {{std::move(memory), std::move(listing)}, std::move(command), Staged::kKeep, ""};
  }
  memory.last_version = listing.list_version;
  memory.version_unavailable = false;
  Step step = StartWatch(std::move(memory), now);
  step.staged = Staged::kCommit;
  step.commit_version = listing.list_version;
  return step;
}

Step OnListFailed(WatchMemory memory, Listing listing, const Error& error, TimePoint now) {
  if (error.code == ErrorCode::kGone) {
    if (!listing.continue_token.empty()) {
      // The server compacted while we paged (its continue token is too old): all at once, as first
      // asked for.
      ListCommand command{listing.version, 0, ""};
      return {{std::move(memory), Listing{listing.version, "", false, ""}},
              std::move(command),
              Staged::kDrop,
              ""};
    }
    if (!memory.version_unavailable) {
      memory.version_unavailable = true;
      return StartList(std::move(memory), now);  // at once: the next one asks for the latest
    }
  }
  return BackOff(std::move(memory), Then::kList, now, error);
}

Step OnEvent(WatchMemory memory, Watching watching, const EventArrived& event) {
  ++watching.events;
  if (event.type == EventType::kBookmark) watching.bookmark_seen = true;
  if (event.type != EventType::kAdded) watching.hold_version = false;
  if (!watching.hold_version && !event.resource_version.empty()) {
    memory.last_version = event.resource_version;
  }
  return {{std::move(memory), watching}, ReadOn{}, Staged::kKeep, ""};
}

Step FallBackToLists(WatchMemory memory, TimePoint now) {
  memory.streams_lists = false;
  return StartList(std::move(memory), now);
}

Step OnInitialEvent(WatchMemory memory, Collecting collecting, const EventArrived& event,
                    TimePoint now) {
  if (!event.initial_events_end) {
    if (now - collecting.opened_at > memory.config.streaming_limit) {
      return FallBackToLists(std::move(memory), now);
    }
    collecting.begun = true;
    return {{std::move(memory), collecting}, ReadOn{}, Staged::kKeep, ""};
  }
  memory.last_version = event.resource_version;
  memory.version_unavailable = false;
  memory.unmarked_streams = 0;
  Watching watching{.opened_at = collecting.opened_at,
                    .events = 1,
                    .bookmark_seen = true,
                    .timeout_s = collecting.timeout_s};
  return {{std::move(memory), watching},
          ReadOn{},
          Staged::kCommit,
          std::string(event.resource_version)};
}

// Whatever cuts streams short, pages get through it.
Step OnUnmarked(WatchMemory memory, TimePoint now) {
  if (++memory.unmarked_streams >= memory.config.streaming_attempts) {
    return FallBackToLists(std::move(memory), now);
  }
  return BackOff(std::move(memory), Then::kList, now);
}

Step OnCollectingFailed(WatchMemory memory, const Collecting& collecting,
                        const StreamFailed& failure, TimePoint now) {
  const Error& error = failure.error;
  if (collecting.begun && error.code == ErrorCode::kUnavailable && !failure.answered) {
    return OnUnmarked(std::move(memory), now);
  }
  if (error.code == ErrorCode::kGone && !memory.version_unavailable) {
    memory.version_unavailable = true;
    return StartList(std::move(memory), now);
  }
  const bool passes = error.code == ErrorCode::kTooManyRequests || error.code == ErrorCode::kGone ||
                      error.code == ErrorCode::kCancelled ||
                      (error.code == ErrorCode::kUnavailable && !failure.answered);
  if (passes) return BackOff(std::move(memory), Then::kList, now, error);
  return FallBackToLists(std::move(memory), now);  // refused, or silent
}

Step OnStreamEnded(WatchMemory memory, const Watching& watching, TimePoint now) {
  if (watching.events == 0 && now - watching.opened_at < memory.config.very_short_watch) {
    // A server that accepts and closes at once would be hammered.
    return BackOff(std::move(memory), Then::kList, now);
  }
  return StartWatch(std::move(memory), now);
}

Step OnStreamFailed(WatchMemory memory, const StreamFailed& failure, TimePoint now) {
  const Error& error = failure.error;
  if (error.code == ErrorCode::kTooManyRequests) {
    return BackOff(std::move(memory), Then::kWatch, now, error);
  }
  if (failure.answered) return BackOff(std::move(memory), Then::kList, now, error);
  // Silence means that the peer is gone, and it took its time: no need to wait.
  if (error.code == ErrorCode::kDeadlineExceeded) return StartCheck(std::move(memory), now);
  // Refused or broken. A restarting server gets some jitter, and no list: most likely the version
  // is still good.
  return BackOff(std::move(memory), Then::kCheck, now, error);
}

Step OnChecked(WatchMemory memory, const PageArrived& page, TimePoint now) {
  if (!IsNewer(memory.last_version, page.resource_version)) {
    return StartWatch(std::move(memory), now);
  }
  memory.version_unavailable = true;
  return StartList(std::move(memory), now);
}

// The question only makes sure. A server that is there and will not answer it is watched without.
Step OnCheckFailed(WatchMemory memory, const Error& error, TimePoint now) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kTooManyRequests:
    case ErrorCode::kCancelled:
      return BackOff(std::move(memory), Then::kCheck, now, error);
    default:
      return StartWatch(std::move(memory), now);
  }
}

Step OnDelayPassed(WatchMemory memory, Then then, TimePoint now) {
  switch (then) {
    case Then::kList:
      return StartList(std::move(memory), now);
    case Then::kCheck:
      return StartCheck(std::move(memory), now);
    case Then::kWatch:
      return StartWatch(std::move(memory), now);
  }
  return StartList(std::move(memory), now);
}

}  // namespace

Step Begin(const WatcherConfig& config, std::uint32_t seed, TimePoint now) {
  return StartList(WatchMemory{.config = config,
                               .last_version = "",
                               .streams_lists = config.streaming_list,
                               .backoff = Backoff(config.backoff, seed)},
                   now);
}

Step Next(WatchState state, const WatchInput& input, TimePoint now) {
  WatchMemory memory = std::move(state.memory);
  const auto unexpected = [&](const auto&, const auto&) {
    return BackOff(std::move(memory), Then::kList, now);
  };
  const auto next = Overloaded{
      unexpected,
      [&](const Listing& at, const PageArrived& in) {
        return OnPage(std::move(memory), at, in, now);
      },
      [&](const Listing& at, const ListFailed& in) {
        return OnListFailed(std::move(memory), at, in.error, now);
      },
      [&](const Collecting& at, const EventArrived& in) {
        return OnInitialEvent(std::move(memory), at, in, now);
      },
      [&](const Collecting&, const StreamEnded&) { return OnUnmarked(std::move(memory), now); },
      [&](const Collecting& at, const StreamFailed& in) {
        return OnCollectingFailed(std::move(memory), at, in, now);
      },
      [&](const Watching& at, const EventArrived& in) {
        return OnEvent(std::move(memory), at, in);
      },
      [&](const Watching& at, const StreamEnded&) {
        return OnStreamEnded(std::move(memory), at, now);
      },
      [&](const Watching&, const StreamFailed& in) {
        return OnStreamFailed(std::move(memory), in, now);
      },
      [&](const Checking&, const PageArrived& in) { return OnChecked(std::move(memory), in, now); },
      [&](const Checking&, const ListFailed& in) {
        return OnCheckFailed(std::move(memory), in.error, now);
      },
      [&](const BackingOff& at, const DelayPassed&) {
        return OnDelayPassed(std::move(memory), at.then, now);
      },
  };
  return std::visit(next, state.at, input);
}

bool IsCollecting(const WatchState& state) { return std::holds_alternative<Collecting>(state.at); }

Duration IdleDeadline(const WatchState& state) {
  if (IsCollecting(state)) return state.memory.config.streaming_idle;
  const auto* watching = std::get_if<Watching>(&state.at);
  if (!watching) return std::chrono::seconds(1);
  if (watching->bookmark_seen) return state.memory.config.idle_after_bookmark;
  return std::chrono::seconds(watching->timeout_s) + state.memory.config.idle_beyond_timeout;
}

}  // namespace sb::kube
