// A small file as a whole: configuration, keys, tokens.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace sb::kube {

// The bytes of the file at `path`; nothing if it cannot be read or holds more than `limit` bytes.
std::optional<std::string> ReadFile(const std::string& path, std::size_t limit);

}  // namespace sb::kube
