// RFC 4648 base64, as in kubeconfigs and Secrets.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sb {

std::string EncodeBase64(std::string_view bytes);
// Nothing if it is not base64 with its padding; line breaks and spaces are skipped.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace sb
