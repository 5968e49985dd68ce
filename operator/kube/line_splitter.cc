#include "operator/kube/line_splitter.h"

namespace sb::kube {

LineSplitter::Result LineSplitter::Feed(std::string_view bytes,
                                        const std::function<bool(std::string_view line)>& on_line) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos) {
      if (rest_.size() + bytes.size() > max_line_bytes_) return Result::kTooLong;
      rest_.append(bytes);
      return Result::kMore;
    }
    std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(end + 1);
    if (rest_.size() + line.size() > max_line_bytes_) return Result::kTooLong;
    if (!rest_.empty()) {
      rest_.append(line);
      line = rest_;
    }
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool more = line.empty() || on_line(line);
    rest_ = std::string();  // gives a long line's memory back
    if (!more) return Result::kStopped;
  }
  return Result::kMore;
}

}  // namespace sb::kube
