#include "operator/process/health_server.h"

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

http::Response Answer(const http::Request& request, const metrics::Collectables& collected,
                      const HealthChecks& checks) {
  if (request.path == "/healthz" || request.path == "/livez") return Verdict(checks.healthy());
  if (request.path == "/readyz") return Verdict(checks.ready());
  http::Response response;
  response.content_type = metrics::kContentType;
  if (request.path == "/metrics") {
    response.body = metrics::Exposition(collected);
    return response;
  }
  response.status = 404;
  response.body = "there is /healthz, /readyz and /metrics\n";
  return response;
}

}  // namespace

std::unique_ptr<http::Server> MakeHealthServer(boost::asio::io_context& loop, std::uint16_t port,
                                               metrics::Collectables collected,
                                               HealthChecks checks) {
  http::ServerOptions options;
  options.port = port;
  options.max_connections = 64;
  options.max_body_bytes = 1024;
  return std::make_unique<http::Server>(
      loop, options,
      [collected = std::move(collected), checks = std::move(checks)](const http::Request& request)
          -> http::Task { co_return Answer(request, collected, checks); });
}

}  // namespace sb::process
