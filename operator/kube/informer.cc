#include "operator/kube/informer.h"

#include <functional>
#include <random>
#include <utility>

#include "common/log.h"
#include "operator/kube/metrics.h"

namespace sb::kube {

Informer::Informer(const Client& client, InformerOptions options, OnChange on_change,
                   const Clock& clock)
    : client_(client),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      clock_(clock),
      writer_(store_),
      decoder_(options_.resource, options_.projection) {
  for (const auto& [name, function] : options_.indexes) store_.AddIndex(name, function);
}

Informer::~Informer() { Stop(); }

void Informer::Start() {
  if (thread_.joinable()) return;
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Informer::RequestStop() { thread_.request_stop(); }

void Informer::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Informer::AddIndex(const std::string& name, IndexFunction function) {
  store_.AddIndex(name, std::move(function));
}

bool Informer::WaitForSync(Duration deadline, std::stop_token stop) const {
  std::unique_lock lock(status_mutex_);
  return status_changed_.wait_for(lock, stop, deadline, [&] { return synced_.load(); });
}

bool Informer::WaitForVersion(std::string_view resource_version, Duration deadline,
                              std::stop_token stop) const {
  ++version_waiters_;
  std::unique_lock lock(status_mutex_);
  const bool reached = status_changed_.wait_for(
      lock, stop, deadline, [&] { return store_.HasReached(resource_version); });
  --version_waiters_;
  return reached;
}

std::optional<Error> Informer::LastError() const {
  std::lock_guard lock(status_mutex_);
  return last_error_;
}

void Informer::NoteWritten(const Json& object) {
  writer_.NoteWritten(Freeze(object, options_.resource, options_.projection));
}

void Informer::Run(std::stop_token stop) {
  const std::uint32_t seed = options_.seed ? *options_.seed : std::random_device{}();
  Step step = Begin(options_.watcher, seed, clock_.Now());
  while (!stop.stop_requested()) {
    if (step.staged == Staged::kDrop) writer_.DropStaged();
    if (step.staged == Staged::kCommit) Commit(step.commit_version);
    if (const auto* list = std::get_if<ListCommand>(&step.command)) {
      const WatchInput input = ListPage(*list, stop);
      step = Next(std::move(step.state), input, clock_.Now());
    } else if (std::holds_alternative<CheckCommand>(step.command)) {
      step = Next(std::move(step.state), CheckVersion(stop), clock_.Now());
    } else if (const auto* watch = std::get_if<WatchCommand>(&step.command)) {
      const WatchCommand command = *watch;
      step = Watch(std::move(step.state), command, stop);
    } else if (const auto* wait = std::get_if<WaitCommand>(&step.command)) {
      clock_.Sleep(wait->delay, stop);
      step = Next(std::move(step.state), DelayPassed{}, clock_.Now());
    } else {
      step = Next(std::move(step.state), StreamEnded{},
                  clock_.Now());  // unreachable: ReadOn stays in Watch
    }
  }
}

WatchInput Informer::ListPage(const ListCommand& command, std::stop_token stop) {
  if (options_.metrics && command.continue_token.empty()) {
    options_.metrics->CountList(options_.resource.plural);
  }
  const auto stage = [this](std::string_view item) -> Expected<void> {
    const auto identity = decoder_.ParseObject(item);
    if (!identity) return tl::unexpected(identity.error());
    if (writer_.StageHeld(identity->namespace_, identity->name, identity->resource_version)) {
      return {};
    }
    writer_.Stage(decoder_.Build());
    return {};
  };
  auto list = client_.List(options_.resource,
                           {.namespace_ = options_.namespace_,
                            .label_selector = options_.label_selector,
                            .field_selector = options_.field_selector,
                            .limit = command.limit,
                            .resource_version = command.resource_version,
                            .continue_token = command.continue_token,
                            .metadata_only = options_.metadata_only},
                           stage, stop);
  if (!list) {
    if (!stop.stop_requested()) NoteFailure(list.error());
    return ListFailed{std::move(list.error())};
  }
  return PageArrived{std::move(list->resource_version), std::move(list->continue_token)};
}

WatchInput Informer::CheckVersion(std::stop_token stop) {
  // Without the label selector: on a server that has to search, even one match may take long. With
  // the field selector: who may read one object by its name may not ask for the collection.
  const auto ignore = [](std::string_view) -> Expected<void> { return {}; };
  auto page = client_.List(options_.resource,
                           {.namespace_ = options_.namespace_,
                            .field_selector = options_.field_selector,
                            .limit = 1,
                            .metadata_only = true},
                           ignore, stop);
  if (!page) {
    if (!stop.stop_requested()) NoteFailure(page.error());
    return ListFailed{std::move(page.error())};
  }
  return PageArrived{std::move(page->resource_version), ""};
}

Step Informer::Watch(WatchState state, const WatchCommand& command, std::stop_token stop) {
  if (options_.metrics) options_.metrics->CountWatch(options_.resource.plural);
  std::optional<Error> in_stream;
  std::optional<Step> left;  // the stream was left for another command
  WatchHandlers handlers;
  handlers.on_open = [&] {
    NoteSuccess();
    Note({.kind = WatchNote::Kind::kOpened, .resource_version = command.resource_version});
  };
  handlers.idle_deadline = [&] { return IdleDeadline(state); };
  handlers.on_line = [&](std::string_view line) {
    auto decoded = decoder_.ParseEvent(line);
    if (!decoded) {
      in_stream = std::move(decoded.error());
      return false;
    }
    if (!*decoded) return true;
    const ObjectDecoder::Event& event = **decoded;
    const EventArrived input{event.type, event.identity.resource_version, event.initial_events_end};
    if (IsCollecting(state)) {
      Stage(event);
    } else {
      Handle(event);
    }
    Step next = Next(std::move(state), input, clock_.Now());
    if (!std::holds_alternative<ReadOn>(next.command)) {
      left = std::move(next);
      return false;
    }
    state = std::move(next.state);
    if (next.staged == Staged::kCommit) Commit(next.commit_version);
    return true;
  };
  bool answered = false;
  auto ended = client_.Watch(options_.resource,
                             {.namespace_ = options_.namespace_,
                              .label_selector = options_.label_selector,
                              .field_selector = options_.field_selector,
                              .resource_version = command.resource_version,
                              .timeout_seconds = command.timeout_s,
                              .metadata_only = options_.metadata_only,
                              .send_initial_events = command.send_initial_events},
                             handlers, answered, stop);
  if (left) return std::move(*left);
  WatchInput input = StreamEnded{};
  if (in_stream) {
    input = StreamFailed{std::move(*in_stream), true};
  } else if (!ended) {
    input = StreamFailed{std::move(ended.error()), answered};
  }
  if (const auto* failed = std::get_if<StreamFailed>(&input)) {
    if (!stop.stop_requested()) NoteFailure(failed->error);
  } else {
    Note({.kind = WatchNote::Kind::kEnded});
  }
  Step step = Next(std::move(state), input, clock_.Now());
  if (options_.metrics && std::holds_alternative<StreamEnded>(input) &&
      std::holds_alternative<WaitCommand>(step.command)) {
    options_.metrics->CountShortWatch(options_.resource.plural);
  }
  return step;
}

void Informer::Stage(const ObjectDecoder::Event& event) {
  switch (event.type) {
    case EventType::kAdded:
    case EventType::kModified:
      if (writer_.StageHeld(event.identity.namespace_, event.identity.name,
                            event.identity.resource_version)) {
        return;
      }
      return writer_.Stage(decoder_.Build());
    case EventType::kDeleted:
      return writer_.Unstage(*decoder_.Build());
    case EventType::kBookmark:
      return;
  }
}

void Informer::Handle(const ObjectDecoder::Event& event) {
  if (event.type == EventType::kBookmark) {
    writer_.Advance(event.identity.resource_version);
  } else {
    const ObjectPtr object = decoder_.Build();
    Announce(event.type == EventType::kDeleted ? writer_.Remove(*object) : writer_.Upsert(object));
    Note({.kind = WatchNote::Kind::kEvent,
          .resource_version = object->resource_version(),
          .type = event.type,
          .namespace_ = object->namespace_(),
          .name = object->name(),
          .uid = object->uid()});
  }
  NoteProgress();
}

void Informer::Commit(std::string_view resource_version) {
  Announce(writer_.Commit(resource_version));
  NoteSuccess();
  Note({.kind = WatchNote::Kind::kListed, .resource_version = resource_version});
  synced_ = true;
  std::lock_guard lock(status_mutex_);
  status_changed_.notify_all();
}

void Informer::Announce(const std::vector<Change>& changes) {
  if (options_.metrics && !changes.empty()) {
    options_.metrics->SetItems(options_.resource.plural, store_.size());
  }
  if (!on_change_) return;
  for (const Change& change : changes) on_change_(change.object().key(), change.old, change.now);
}

void Informer::Note(const WatchNote& note) const {
  if (options_.observer) options_.observer(note);
}

void Informer::NoteFailure(const Error& error) {
  if (options_.metrics) {
    options_.metrics->CountWatchError(options_.resource.plural, ToString(error.code));
  }
  Note({.kind = WatchNote::Kind::kFailed, .error = &error});
  std::unique_lock lock(status_mutex_);
  const bool news = !last_error_ || last_error_->code != error.code;
  last_error_ = error;
  lock.unlock();
  if (news) {
    log::Warning("cannot follow a kind, will go on trying",
                 {{"kind", options_.resource.kind}, {"error", error.message}});
  }
}

void Informer::NoteSuccess() {
  std::lock_guard lock(status_mutex_);
  last_error_.reset();
}

void Informer::NoteProgress() {
  if (version_waiters_ == 0) return;
  std::lock_guard lock(status_mutex_);
  status_changed_.notify_all();
}

}  // namespace sb::kube
