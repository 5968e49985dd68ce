// The protocol of list and watch as a pure state machine: what to do next, given what just
// happened. The informer does the I/O; tests feed inputs and compare steps.
//
//   Step step = Begin(config, seed, clock.Now());
//   for (;;) { WatchInput input = Do(step.command); step = Next(std::move(step.state), input,
//   clock.Now()); … }
//
// Rules (client-go's reflector, kept where it is right; numbers are defaults of WatcherConfig):
// - The first list asks for version "0" (any cached one is fine), a relist for the last version
// seen
//   (never back in time), and only if that fails as Gone for "" (a quorum read), so that rolling
//   API servers are not stampeded.
// - Pages of 500 when the version is "" or "0"; none at the last one, so that the watch cache can
//   answer, and because the server takes a version with a limit for exactly that version. Where
//   there is no watch cache (version "0" came in pages), relists ask for "". A page after the first
//   that is Gone: one whole list without pages at the version first asked for.
// - A watch resumes at the version of the last event or bookmark. If it began at "0", its first
// ADDED
//   events are synthetic and unordered and their versions do not count.
// - End of stream: watch again at once. Ended within 1 s without an event: back off, then list.
// - Refused, unreachable or 429: back off, then watch again without listing. Gone (as HTTP status
//   or in the stream) and every other error: back off, then list.
// - Silence: 80 s if a bookmark has been seen on this stream, else its timeout + 5 s; then watch
//   again.
// - Before a watch resumes on a new connection after one was lost, the server is asked for its
//   version (a page of one object's metadata). If it is behind ours, etcd was restored: a watch
//   would be accepted and stay silent until the counter has caught up, so we list.
// - Streaming lists (opt-in): a list arrives as the first events of a watch, up to a marked
// bookmark,
//   and the watch goes on from there. A server or proxy that accepts one and never sends the mark
//   (antrea#8123, k9s#4044) is found out by 15 s of silence, by 60 s in all, or by three streams in
//   a row that end or break without it; it, and any server that refuses, is asked for plain lists
//   from then on.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "common/error.h"
#include "common/time.h"
#include "operator/kube/backoff.h"

namespace sb::kube {

struct WatcherConfig {
  int page_limit = 500;
  // timeoutSeconds of a watch is drawn from here: load balancers drop silent connections after 240
  // s.
  int watch_timeout_min_s = 180;
  int watch_timeout_max_s = 230;
  Duration idle_after_bookmark = std::chrono::seconds(80);
  Duration idle_beyond_timeout = std::chrono::seconds(5);
  Duration very_short_watch = std::chrono::seconds(1);
  bool streaming_list = false;
  Duration streaming_idle = std::chrono::seconds(15);
  Duration streaming_limit = std::chrono::seconds(60);
  int streaming_attempts = 3;  // that end or break after their first event, without the mark
  BackoffConfig backoff;
};

// What lasts from state to state.
struct WatchMemory {
  WatcherConfig config;
  std::string last_version;          // "" before the first list
  bool version_unavailable = false;  // the server does not have last_version: ask for the latest
  bool paged_at_zero = false;  // the server pages even version 0 (no watch cache): keep paging
  bool streams_lists = false;  // asked for, and not found out to be unsupported
  int unmarked_streams = 0;    // streaming lists in a row that ended or broke
  Backoff backoff;
};

// Waiting for a page of a list.
struct Listing {
  std::string version;  // as first asked for
  std::string continue_token;
  bool paged = true;
  std::string list_version;  // of the first page
};
// Waiting for the first events of a streaming list, which are staged like a page.
struct Collecting {
  TimePoint opened_at;
  int timeout_s = 0;
  bool begun = false;  // an event has come
};
// Waiting for events.
struct Watching {
  TimePoint opened_at;
  std::uint64_t events = 0;
  bool bookmark_seen = false;
  bool hold_version = false;  // began at "0": only synthetic ADDED so far
  int timeout_s = 0;
};
// Waiting for the server's version.
struct Checking {};
// Waiting for time to pass.
struct BackingOff {
  enum class Then { kList, kCheck, kWatch };
  Then then = Then::kList;
};

struct WatchState {
  WatchMemory memory;
  std::variant<Listing, Collecting, Watching, Checking, BackingOff> at;
};

// Inputs.
struct PageArrived {
  std::string resource_version;
  std::string continue_token;
};
struct ListFailed {
  Error error;
};
enum class EventType { kAdded, kModified, kDeleted, kBookmark };
struct EventArrived {
  EventType type;
  std::string_view resource_version;
  bool initial_events_end = false;  // a bookmark's mark
};
struct StreamEnded {};  // the server closed the stream in good order
// Could not be opened, broke, fell silent (kDeadlineExceeded), or carried an ERROR event.
struct StreamFailed {
  Error error;
  bool answered =
      false;  // the server said it: an HTTP status or an ERROR event, not the connection
};
struct DelayPassed {};
using WatchInput =
    std::variant<PageArrived, ListFailed, EventArrived, StreamEnded, StreamFailed, DelayPassed>;

// Commands: the one thing to do next.
struct ListCommand {
  std::string resource_version;
  int limit = 0;
  std::string continue_token;
};
struct WatchCommand {
  std::string resource_version;
  int timeout_s = 0;
  bool send_initial_events = false;  // a streaming list
};
struct CheckCommand {};  // a page of one object, for its list's version: answered as a list is
struct ReadOn {};        // stay in this stream
struct WaitCommand {
  Duration delay;
};
using Command = std::variant<ListCommand, WatchCommand, CheckCommand, ReadOn, WaitCommand>;

// What becomes of the staged pages of a list.
enum class Staged { kKeep, kDrop, kCommit };

struct Step {
  WatchState state;
  Command command;
  Staged staged = Staged::kKeep;
  std::string commit_version;  // with kCommit
};

// The first step: a list. `seed` feeds the jitter.
Step Begin(const WatcherConfig& config, std::uint32_t seed, TimePoint now);
// An input that does not belong to the state (a page while watching) is a bug of the driver: back
// off and list.
Step Next(WatchState state, const WatchInput& input, TimePoint now);
// Events are parts of a list: to be staged, not applied.
bool IsCollecting(const WatchState& state);
// How long the stream may be silent from now on.
Duration IdleDeadline(const WatchState& state);

}  // namespace sb::kube
