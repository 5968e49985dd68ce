#include "operator/kube/testing/fake_transport.h"

#include <utility>

namespace sb::kube {

void FakeTransport::Answer(int status, std::string body) {
  std::lock_guard lock(script_mutex_);
  sends_.push_back({Response{status, {}, std::move(body)}, {}, std::nullopt});
}

void FakeTransport::Break(ErrorCode code, std::string message) {
  std::lock_guard lock(script_mutex_);
  sends_.push_back({{}, {}, Error{code, std::move(message), 0}});
}

void FakeTransport::Play(std::vector<std::string> lines, std::optional<Error> error) {
  std::lock_guard lock(script_mutex_);
  streams_.push_back({Response{200, {}, ""}, std::move(lines), std::move(error)});
}

void FakeTransport::Refuse(int status, std::string body) {
  std::lock_guard lock(script_mutex_);
  streams_.push_back({Response{status, {}, std::move(body)}, {}, std::nullopt});
}

std::vector<Request> FakeTransport::requests() const {
  std::lock_guard lock(script_mutex_);
  return requests_;
}

Expected<Response> FakeTransport::Send(const Request& request, Duration, std::stop_token) {
  std::lock_guard lock(script_mutex_);
  requests_.push_back(request);
  if (sends_.empty()) return Fail(ErrorCode::kUnavailable, "script is over");
  Scene scene = std::move(sends_.front());
  sends_.pop_front();
  if (scene.error) return tl::unexpected(*scene.error);
  return std::move(scene.response);
}

Expected<Response> FakeTransport::Stream(const Request& request, const StreamHandlers& handlers,
                                         std::stop_token stop) {
  if (!handlers.live) {
    auto response = Send(request, Duration::max(), stop);
    if (!response || response->status != 200) return response;
    if (handlers.on_open) handlers.on_open(*response);
    handlers.on_data(response->body);
    return response;
  }
  Scene scene;
  {
    std::lock_guard lock(script_mutex_);
    requests_.push_back(request);
    if (streams_.empty()) return Fail(ErrorCode::kUnavailable, "script is over");
    scene = std::move(streams_.front());
    streams_.pop_front();
  }
  if (scene.response.status != 200) return std::move(scene.response);
  if (handlers.on_open) handlers.on_open(scene.response);
  for (const std::string& line : scene.lines) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    if (!handlers.on_data(line + "\n")) return std::move(scene.response);
  }
  if (scene.error) return tl::unexpected(*scene.error);
  return std::move(scene.response);
}

}  // namespace sb::kube
