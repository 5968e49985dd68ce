// Whatever is sent as a form: no crash, and what is read is UTF-8 without NUL, from no more bytes
// than were sent.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/http/body_reader.h"
#include "app/http/query.h"

namespace {

using todo::http::Field;
constexpr Field kFields[] = {
    {.name = "username", .max_length = 40},
    {.name = "password"},
    {.name = "n", .type = Field::Type::kInteger, .required = false, .minimum = 1, .maximum = 9}};
constexpr todo::http::Shape kShape = {"Form", kFields};

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const sb::http::Request request{.method = "POST",
                                  .path = "/token",
                                  .query = "",
                                  .body = {reinterpret_cast<const char*>(bytes), size}};
  const todo::http::BodySpec spec{&kShape, todo::http::BodySpec::Media::kForm, 4096};
  todo::http::BodyReader reader;
  todo::http::Record record;
  todo::http::Problems problems;
  const auto refusal = reader.Read(spec, request, record, problems);
  if (refusal) {
    Check(refusal->status == (size > 4096 ? 413 : 400));
    return 0;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    const auto& value = record[i];
    if (!value.given) continue;
    Check(!value.text.empty() && value.text.size() <= size);
    Check(value.text.find('\0') == std::string::npos);
    std::string again;
    todo::http::DecodeComponent(again, value.text, todo::http::Plus::kIsPlus);
    if (value.text.find('%') == std::string::npos) Check(again == value.text);  // was valid UTF-8
  }
  if (record[2].given) Check(record[2].number >= 1 && record[2].number <= 9);
  if (problems.empty()) Check(record[0].given && record[1].given);
  return 0;
}
