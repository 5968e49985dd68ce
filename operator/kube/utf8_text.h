// Text of a file in whatever Unicode its editor wrote: kubeconfigs come from Windows, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sb::kube {

// `bytes` as UTF-8 without byte order mark: from UTF-8 with or without one, or from UTF-16 (LE, BE)
// with one. Nothing if it is not valid.
std::optional<std::string> ToUtf8(std::string_view bytes);

}  // namespace sb::kube
