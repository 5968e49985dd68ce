#include "e2e/chaos/watch/lossy_transport.h"

#include <utility>

namespace sb::chaos {

Expected<kube::Response> LossyTransport::Send(const kube::Request& request, Duration deadline,
                                              std::stop_token stop) {
  return inner_.Send(request, deadline, std::move(stop));
}

Expected<kube::Response> LossyTransport::Stream(const kube::Request& request,
                                                const kube::StreamHandlers& handlers,
                                                std::stop_token stop) {
  if (lose_ <= 0) return inner_.Stream(request, handlers, std::move(stop));
  kube::StreamHandlers lossy = handlers;
  lossy.on_line = [&](std::string_view line) {
    const bool bookmark = line.find("\"BOOKMARK\"") != std::string_view::npos;
    if (!bookmark && ++seen_ == lose_) return true;
    return handlers.on_line(line);
  };
  return inner_.Stream(request, lossy, std::move(stop));
}

}  // namespace sb::chaos
