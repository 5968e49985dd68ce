#include "app/exposition.h"

#include "app/http/replies.h"

namespace todo {

sb::http::Handler OperationsHandler(const Lifecycle& lifecycle,
                                    sb::metrics::Collectables collectables) {
  return [&lifecycle, collectables](const sb::http::Request& request) -> sb::http::Task {
    if (auto probe = lifecycle.AnswerProbe(request)) co_return *probe;
    if (request.path != "/metrics") co_return http::Detail(404, "Not Found");
    sb::http::Response response;
    response.content_type = sb::metrics::kContentType;
    response.body = sb::metrics::Exposition(collectables);
    co_return response;
  };
}

}  // namespace todo
