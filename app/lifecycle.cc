#include "app/lifecycle.h"

namespace todo {

std::optional<sb::http::Response> Lifecycle::AnswerProbe(const sb::http::Request& request) const {
  if (request.path != "/livez" && request.path != "/readyz") return std::nullopt;
  sb::http::Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ok\n";
  if (request.path == "/readyz" && !ready()) {
    response.status = 503;
    response.body = draining() ? "draining\n" : "waiting for " + waits_for_ + "\n";
  }
  return response;
}

}  // namespace todo
