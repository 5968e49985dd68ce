// RFC 4648 §5 base64url without padding, as JSON Web Tokens and opaque tokens use it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace todo::auth {

// Appends.
void EncodeBase64Url(std::string& out, std::string_view bytes);

// The decoded bytes, written to the front of `out` without allocating. Nothing if `text` holds any
// other character, has a length that no bytes encode to, has bits set that no byte uses (so that
// each value has exactly one text), or does not fit `out`.
std::optional<std::string_view> DecodeBase64Url(std::string_view text, std::span<char> out);

}  // namespace todo::auth
