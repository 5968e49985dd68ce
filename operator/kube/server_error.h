// What the API server means by an answer that is no success.
//
//   if (response.status != 200) return tl::unexpected(ErrorFrom(response, "list pods"));
//
// The Status body's reason decides before the HTTP code; the codes are those of client.h. Whatever
// the server or a proxy sent, the message is bounded valid UTF-8. Pure.
#pragma once

#include <string_view>

#include "common/error.h"
#include "common/json.h"
#include "operator/kube/transport.h"

namespace sb::kube {

// The error in an answer that is no success: its Status body, else its HTTP status. `what` names
// the call.
Error ErrorFrom(const Response& response, std::string_view what);
// The error in a Status object, as in-stream ERROR events carry it too.
Error ErrorFromStatus(const Json& status, int http_status, std::string_view what);
// The server lags behind the version that was asked for (details.causes: ResourceVersionTooLarge).
bool IsTooLarge(const Error& error);

}  // namespace sb::kube
