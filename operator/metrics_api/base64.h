// Base64 with padding (RFC 4648 §4), as Kubernetes writes bytes in JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sb::metrics_api {

std::string EncodeBase64(std::string_view bytes);
// Empty if `text` is no base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace sb::metrics_api
