// Whatever arrives, in whatever pieces: no crash, and never a request whose framing two parsers
// could read differently. The first byte of the input chooses the size of the pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "common/http/wire/request_parser.h"

namespace {

void Check(bool holds) {
  if (!holds) std::abort();
}

void CheckRequest(const sb::http::Request& request) {
  Check(!request.method.empty() && !request.path.empty());
  Check(request.headers("host").size() <= 1);
  const auto lengths = request.headers("content-length");
  const auto encodings = request.headers("transfer-encoding");
  Check(lengths.size() + encodings.size() <= 1);
  if (lengths.empty() && encodings.empty()) Check(request.body.empty());
  for (const auto& field : request.fields) {
    Check(!field.name.empty() && field.value.find_first_of("\r\n") == std::string_view::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = bytes[0] == 0 ? size : bytes[0];
  std::string_view rest(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  sb::http::RequestParser parser(4096);
  for (;;) {
    switch (parser.Advance()) {
      case sb::http::RequestParser::Status::kRefused:
        Check(parser.refusal() >= 400);
        return 0;
      case sb::http::RequestParser::Status::kComplete:
        CheckRequest(parser.request());
        if (!parser.keep_alive()) return 0;
        parser.Next();
        break;
      case sb::http::RequestParser::Status::kNeedMore: {
        if (rest.empty()) return 0;
        (void)parser.TakeExpectContinue();
        const auto space = parser.Space();
        Check(!space.empty());
        const std::size_t count = std::min({piece, rest.size(), space.size()});
        std::memcpy(space.data(), rest.data(), count);
        parser.Commit(count);
        rest.remove_prefix(count);
        break;
      }
    }
  }
}
