#include "operator/kube/informer.h"

#include <functional>
#include <random>
#include <utility>

#include "common/log.h"
#include "operator/kube/metrics.h"
#include "operator/kube/watch_event.h"

namespace sb::kube {

Informer::Informer(const Client& client, InformerOptions options, OnChange on_change,
                   const Clock& clock)
    : client_(client),
      options_(std::move(options)),
      on_change_(std::move(on_change)),
      clock_(clock),
      store_(options_.index),
      writer_(store_, options_.projection) {}

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

bool Informer::WaitForSync(Duration deadline, std::stop_token stop) const {
  std::unique_lock lock(status_mutex_);
  return status_changed_.wait_for(lock, stop, deadline, [&] { return synced_.load(); });
}

std::optional<Error> Informer::LastError() const {
  std::lock_guard lock(status_mutex_);
  return last_error_;
}

void Informer::NoteWritten(const Json& object) { writer_.NoteWritten(object); }

void Informer::Run(std::stop_token stop) {
  Step step = Begin(options_.watcher, std::random_device{}());
  while (!stop.stop_requested()) {
    if (step.staged == Staged::kDrop) writer_.DropStaged();
    if (step.staged == Staged::kCommit) Commit(step.commit_version);
    if (const auto* list = std::get_if<ListCommand>(&step.command)) {
      const WatchInput input = ListPage(*list, stop);
      step = Next(std::move(step.state), input, clock_.Now());
    } else if (const auto* watch = std::get_if<WatchCommand>(&step.command)) {
      const WatchCommand command = *watch;
      step = Watch(std::move(step.state), command, stop);
    } else if (const auto* wait = std::get_if<WaitCommand>(&step.command)) {
      std::unique_lock lock(status_mutex_);
      status_changed_.wait_for(lock, stop, wait->delay, [] { return false; });
      lock.unlock();
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
  auto list = client_.List(options_.resource,
                           {.namespace_ = options_.namespace_,
                            .label_selector = options_.label_selector,
                            .field_selector = options_.field_selector,
                            .limit = command.limit,
                            .resource_version = command.resource_version,
                            .continue_token = command.continue_token},
                           stop);
  if (!list) {
    if (!stop.stop_requested()) NoteFailure(list.error());
    return ListFailed{std::move(list.error())};
  }
  for (Json& item : (*list)["items"]) writer_.Stage(std::move(item));
  return PageArrived{StringAt(*list, {"metadata", "resourceVersion"}),
                     StringAt(*list, {"metadata", "continue"})};
}

Step Informer::Watch(WatchState state, const WatchCommand& command, std::stop_token stop) {
  if (options_.metrics) options_.metrics->CountWatch(options_.resource.plural);
  std::optional<Error> in_stream;
  StreamHandlers handlers;
  handlers.on_open = [&](const Response&) { NoteSuccess(); };
  handlers.idle_deadline = [&] { return IdleDeadline(state); };
  handlers.on_line = [&](std::string_view line) {
    auto decoded = DecodeWatchEvent(line);
    if (auto* error = std::get_if<Error>(&decoded)) {
      in_stream = std::move(*error);
      return false;
    }
    auto* event = std::get_if<ObjectEvent>(&decoded);
    if (!event) return true;
    const EventArrived input{event->type, ResourceVersionOf(event->object)};
    Handle(std::move(*event));
    state = Next(std::move(state), input, clock_.Now()).state;  // always ReadOn
    return true;
  };
  auto head = client_.Watch(options_.resource,
                            {.namespace_ = options_.namespace_,
                             .label_selector = options_.label_selector,
                             .field_selector = options_.field_selector,
                             .resource_version = command.resource_version,
                             .timeout_seconds = command.timeout_s},
                            handlers, stop);
  WatchInput input = StreamEnded{};
  if (in_stream) {
    input = StreamFailed{std::move(*in_stream), true};
  } else if (!head) {
    input = StreamFailed{std::move(head.error()), false};
  } else if (head->status != 200) {
    input = StreamFailed{ErrorFrom(*head, "watch " + options_.resource.plural), true};
  }
  if (const auto* failed = std::get_if<StreamFailed>(&input)) {
    if (!stop.stop_requested()) NoteFailure(failed->error);
  }
  Step step = Next(std::move(state), input, clock_.Now());
  if (options_.metrics && std::holds_alternative<StreamEnded>(input) &&
      std::holds_alternative<WaitCommand>(step.command)) {
    options_.metrics->CountShortWatch(options_.resource.plural);
  }
  return step;
}

void Informer::Handle(ObjectEvent event) {
  switch (event.type) {
    case EventType::kAdded:
    case EventType::kModified:
      return Announce(writer_.Upsert(std::move(event.object)));
    case EventType::kDeleted:
      return Announce(writer_.Remove(event.object));
    case EventType::kBookmark:
      return writer_.Advance(ResourceVersionOf(event.object));
  }
}

void Informer::Commit(const std::string& resource_version) {
  Announce(writer_.Commit(resource_version));
  NoteSuccess();
  if (synced_.exchange(true)) return;
  std::lock_guard lock(status_mutex_);
  status_changed_.notify_all();
}

void Informer::Announce(std::vector<Change> changes) {
  if (options_.metrics && !changes.empty()) {
    options_.metrics->SetItems(options_.resource.plural, store_.size());
  }
  if (!on_change_) return;
  for (Change& change : changes) {
    on_change_(change.key, std::move(change.old), std::move(change.now));
  }
}

void Informer::NoteFailure(const Error& error) {
  if (options_.metrics) {
    options_.metrics->CountWatchError(options_.resource.plural, ToString(error.code));
  }
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

}  // namespace sb::kube
