#include "app/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include "app/http/replies.h"

namespace todo {

std::string Exposition(const Collectables& collectables) {
  std::vector<prometheus::MetricFamily> families;
  for (const prometheus::Collectable* collectable : collectables) {
    for (prometheus::MetricFamily& family : collectable->Collect()) {
      families.push_back(std::move(family));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

sb::http::Handler OperationsHandler(const Lifecycle& lifecycle, Collectables collectables) {
  return [&lifecycle, collectables](const sb::http::Request& request) -> sb::http::Task {
    if (auto probe = lifecycle.AnswerProbe(request)) co_return *probe;
    if (request.path != "/metrics") co_return http::Detail(404, "Not Found");
    sb::http::Response response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = Exposition(collectables);
    co_return response;
  };
}

}  // namespace todo
