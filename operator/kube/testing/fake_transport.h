// A Transport that plays a script: which request is expected next, and what it gets.
//
//   FakeTransport transport;
//   transport.Answer(404, R"({"kind":"Status","reason":"NotFound"})");
//   transport.Play({R"({"type":"ADDED","object":…})"});            // a stream that then ends in
//   good order … EXPECT_EQ(transport.requests()[0].path, "/api/v1/pods");
//
// Thread-safe. A request beyond the script fails as kUnavailable ("script is over").
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "operator/kube/transport.h"

namespace sb::kube {

class FakeTransport : public Transport {
 public:
  // What the next Send gets.
  void Answer(int status, std::string body);
  void Break(ErrorCode code, std::string message = "scripted");
  // What the next Stream gets: status 200 and lines, then the end of the stream or `error`.
  void Play(std::vector<std::string> lines, std::optional<Error> error = std::nullopt);
  // A Stream that is refused with an HTTP status.
  void Refuse(int status, std::string body);

  // All requests so far, streams included.
  std::vector<Request> requests() const;

  Expected<Response> Send(const Request& request, Duration deadline, std::stop_token stop) override;
  Expected<Response> Stream(const Request& request, const StreamHandlers& handlers,
                            std::stop_token stop) override;

 private:
  struct Scene {
    Response response;
    std::vector<std::string> lines;
    std::optional<Error> error;
  };

  mutable std::mutex script_mutex_;
  std::deque<Scene> sends_;
  std::deque<Scene> streams_;
  std::vector<Request> requests_;
};

}  // namespace sb::kube
