#include "operator/process/health_server.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace sb::process {
namespace {

http::Response Verdict(const std::string& problem) {
  http::Response response;
  response.status = problem.empty() ? 200 : 503;
  response.content_type = "text/plain; charset=utf-8";
  response.body = problem.empty() ? "ok\n" : problem + "\n";
  return response;
}

http::Response Answer(const http::Request& request, prometheus::Registry& registry,
                      const HealthChecks& checks) {
  if (request.path == "/healthz" || request.path == "/livez") return Verdict(checks.healthy());
  if (request.path == "/readyz") return Verdict(checks.ready());
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  if (request.path == "/metrics") {
    response.body = prometheus::TextSerializer().Serialize(registry.Collect());
    return response;
  }
  response.status = 404;
  response.body = "there is /healthz, /readyz and /metrics\n";
  return response;
}

}  // namespace

std::unique_ptr<http::Server> MakeHealthServer(boost::asio::io_context& loop, std::uint16_t port,
                                               prometheus::Registry& registry,
                                               HealthChecks checks) {
  http::ServerOptions options;
  options.port = port;
  options.max_connections = 64;
  options.max_body_bytes = 1024;
  return std::make_unique<http::Server>(
      loop, options,
      [&registry, checks = std::move(checks)](const http::Request& request) -> http::Task {
        co_return Answer(request, registry, checks);
      });
}

}  // namespace sb::process
