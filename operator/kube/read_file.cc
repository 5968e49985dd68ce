#include "operator/kube/read_file.h"

#include <algorithm>
#include <fstream>

namespace sb::kube {

std::optional<std::string> ReadFile(const std::string& path, std::size_t limit) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::string text;
  char block[4096];
  while (text.size() <= limit) {
    file.read(block, sizeof(block));
    text.append(block, static_cast<std::size_t>(file.gcount()));
    if (file.bad()) return std::nullopt;
    if (!file) return text.size() <= limit ? std::optional(std::move(text)) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace sb::kube
