// Cuts a byte stream into lines. Chunks of the stream and lines are unrelated: a chunk may hold
// several lines, a line may come in many chunks, and a UTF-8 character may be split.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sb::kube {

class LineSplitter {
 public:
  enum class Result { kMore, kStopped, kTooLong };

  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  // Calls on_line for each line that `bytes` completes, without its end ("\n" or "\r\n"); empty
  // lines are left out. kStopped: on_line returned false. kTooLong: the rest is longer than the
  // limit. Then the splitter is of no more use.
  Result Feed(std::string_view bytes, const std::function<bool(std::string_view line)>& on_line);

 private:
  const std::size_t max_line_bytes_;
  std::string rest_;
};

}  // namespace sb::kube
