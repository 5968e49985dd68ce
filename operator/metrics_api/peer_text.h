// Reading of text that peers send: percent-encoding (RFC 3986 §2.1), query strings, UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sb::metrics_api {

// Empty if a '%' is not followed by two hexadecimal digits, or if a NUL would come out.
std::optional<std::string> DecodePercent(std::string_view text);

// The value of the first `name=` in a query string, '+' read as a space. Empty if it is missing or
// malformed.
std::optional<std::string> QueryValue(std::string_view query, std::string_view name);

// Whether `text` is UTF-8 (RFC 3629), without which no JSON can hold it.
bool IsUtf8(std::string_view text);

}  // namespace sb::metrics_api
