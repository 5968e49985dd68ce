// SHA-256, for names and annotations that follow content.
#pragma once

#include <string>
#include <string_view>

namespace sb {

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view bytes);

}  // namespace sb
