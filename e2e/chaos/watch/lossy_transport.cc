#include "e2e/chaos/watch/lossy_transport.h"

#include <string>
#include <utility>

#include "operator/kube/line_splitter.h"

namespace sb::chaos {
namespace {

constexpr std::size_t kMaxEventBytes = 16 << 20;

}  // namespace

Expected<kube::Response> LossyTransport::Send(const kube::Request& request, Duration deadline,
                                              std::stop_token stop) {
  return inner_.Send(request, deadline, std::move(stop));
}

Expected<kube::Response> LossyTransport::Stream(const kube::Request& request,
                                                const kube::StreamHandlers& handlers,
                                                std::stop_token stop) {
  if (lose_ <= 0 || !handlers.live) return inner_.Stream(request, handlers, std::move(stop));
  kube::LineSplitter lines(kMaxEventBytes);
  const auto pass = [&](std::string_view line) {
    const bool bookmark = line.find("\"BOOKMARK\"") != std::string_view::npos;
    if (!bookmark && ++seen_ == lose_) return true;
    return handlers.on_data(std::string(line) + "\n");
  };
  kube::StreamHandlers lossy = handlers;
  lossy.on_data = [&](std::string_view bytes) {
    return lines.Feed(bytes, pass) == kube::LineSplitter::Result::kMore;
  };
  return inner_.Stream(request, lossy, std::move(stop));
}

}  // namespace sb::chaos
