#include "operator/kube/testing/fake_api_server.h"

#include <algorithm>
#include <utility>

#include "operator/kube/testing/fake_api_server_impl.h"

namespace sb::kube {

FakeApiServer::FakeApiServer(const Clock& clock, FakeServerTraits traits)
    : impl_(std::make_unique<Implementation>(clock, traits)) {}
FakeApiServer::~FakeApiServer() = default;

std::optional<FakeApiServer::Implementation::Fault> FakeApiServer::Implementation::LockedFault(
    const std::string& method, const std::string& path) {
  for (auto fault = faults.begin(); fault != faults.end(); ++fault) {
    Match& match = fault->match;
    if (!match.method.empty() && match.method != method) continue;
    if (path.find(match.path_contains) == std::string::npos) continue;
    if (match.after > 0) {
      --match.after;
      continue;
    }
    const Fault found = *fault;
    if (match.times > 0 && --match.times == 0) faults.erase(fault);
    return found;
  }
  return std::nullopt;
}

Response FakeApiServer::Implementation::Fault::Answer() const {
  Json details = Json::object();
  if (retry_after_s > 0) details["retryAfterSeconds"] = retry_after_s;
  Response response =
      StatusResponse(status, reason, "scripted fault: " + reason, std::move(details));
  if (retry_after_s > 0) response.headers["Retry-After"] = std::to_string(retry_after_s);
  return response;
}

Response FakeApiServer::Implementation::LockedHandle(const Request& request) {
  const auto route = ParseRoute(request.path);
  if (!route)
    return StatusResponse(404, "NotFound", "the server could not find the requested resource");
  if (request.method == "GET") {
    return route->name.empty() ? LockedList(*route, request) : LockedGet(*route, request);
  }
  Json body = request.body.empty() ? Json::object() : Json::parse(request.body, nullptr, false);
  if (body.is_discarded()) return StatusResponse(400, "BadRequest", "the body is not JSON");
  if (request.method == "POST") return LockedCreate(*route, request, std::move(body));
  if (route->name.empty()) return StatusResponse(405, "MethodNotAllowed", "no name in the path");
  if (request.method == "PUT") return LockedUpdate(*route, request, std::move(body));
  if (request.method == "PATCH") return LockedPatch(*route, request, body);
  if (request.method == "DELETE") return LockedDelete(*route, body);
  return StatusResponse(405, "MethodNotAllowed", request.method);
}

Expected<Response> FakeApiServer::Send(const Request& request, Duration, std::stop_token stop) {
  if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
  std::function<void(const Request&)> hook;
  {
    std::lock_guard lock(impl_->server_mutex);
    hook = impl_->hook;
  }
  if (hook) hook(request);
  std::lock_guard lock(impl_->server_mutex);
  const auto fault = impl_->LockedFault(request.method, request.path);
  if (fault && fault->status == 0 && !fault->after_work) {
    impl_->requests.push_back({request, 0, false});
    return Fail(ErrorCode::kUnavailable, "the connection broke");
  }
  if (fault && fault->status != 0) {
    impl_->requests.push_back({request, fault->status, false});
    return fault->Answer();
  }
  const std::uint64_t before = impl_->etcd.version();
  Response response = impl_->LockedHandle(request);
  impl_->requests.push_back(
      {request, fault ? 0 : response.status, impl_->etcd.version() != before});
  impl_->changed.notify_all();
  if (fault) return Fail(ErrorCode::kUnavailable, "the connection broke");
  return response;
}

std::vector<FakeApiServer::Recorded> FakeApiServer::requests() const {
  std::lock_guard lock(impl_->server_mutex);
  return impl_->requests;
}

std::vector<std::string> FakeApiServer::writes() const {
  std::lock_guard lock(impl_->server_mutex);
  std::vector<std::string> writes;
  for (const Recorded& recorded : impl_->requests) {
    if (recorded.changed)
      writes.push_back(recorded.request.method + " " + Target(recorded.request));
  }
  return writes;
}

void FakeApiServer::ClearRequests() {
  std::lock_guard lock(impl_->server_mutex);
  impl_->requests.clear();
}

bool FakeApiServer::WaitForWatchers(Duration deadline, std::size_t open) {
  std::unique_lock lock(impl_->server_mutex);
  return impl_->changed.wait_for(lock, deadline, [&] {
    const auto& watchers = impl_->watchers;
    return watchers.size() >= open && std::ranges::all_of(watchers, [&](const auto& watcher) {
      return watcher.delivered >= impl_->etcd.version() && watcher.bookmarks == 0 &&
             watcher.closing == Implementation::Watcher::Closing::kNo;
    });
  });
}

std::size_t FakeApiServer::open_watches() const {
  std::lock_guard lock(impl_->server_mutex);
  return impl_->watchers.size();
}

void FakeApiServer::FailNext(Match match, int status, std::string reason, int retry_after_s) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.push_back({std::move(match), status, std::move(reason), retry_after_s, false});
}

void FakeApiServer::DropNext(Match match, bool after_work) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.push_back({std::move(match), 0, "", 0, after_work});
}

void FakeApiServer::OnRequest(std::function<void(const Request&)> hook) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->hook = std::move(hook);
}

void FakeApiServer::OnIdle(std::function<void(TimePoint)> hook) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->idle = std::move(hook);
}

void FakeApiServer::FreezeReads(const std::string& resource_version) {
  std::lock_guard lock(impl_->server_mutex);
  impl_->frozen.reset();
  if (!resource_version.empty()) {
    impl_->frozen = std::strtoull(resource_version.c_str(), nullptr, 10);
  }
}

void FakeApiServer::ClearFaults() {
  std::lock_guard lock(impl_->server_mutex);
  impl_->faults.clear();
  impl_->frozen.reset();
  impl_->hook = nullptr;
}

}  // namespace sb::kube
