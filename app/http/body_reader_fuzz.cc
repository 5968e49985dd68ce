// Any body: no crash, and what is taken is what the Shape allows, so that handlers need not look
// again. The first byte of the input chooses JSON or a form.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "app/http/body_reader.h"

namespace {

using namespace todo::http;

void Check(bool holds) {
  if (!holds) std::abort();
}

constexpr Field kItemFields[] = {
    {.name = "title", .min_length = 1, .max_length = 5},
    {.name = "done", .type = Field::Type::kBoolean, .required = false},
    {.name = "rank", .type = Field::Type::kInteger, .required = false, .minimum = 1, .maximum = 9},
    {.name = "note", .required = false, .nullable = true}};
constexpr Shape kItem = {"Item", kItemFields};
constexpr Field kItemsFields[] = {
    {.name = "items", .type = Field::Type::kList, .required = false, .max_length = 3, .of = &kItem},
    {.name = "title", .required = false, .max_length = 5}};
constexpr Shape kItems = {"Items", kItemsFields};

std::size_t Characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

void CheckRecord(const Shape& shape, const Record& record) {
  Check(record.values.size() == shape.fields.size());
  for (std::size_t i = 0; i < shape.fields.size(); ++i) {
    const Field& field = shape.fields[i];
    const FieldValue& value = record[i];
    Check(!(value.given && value.null) && (!value.null || field.nullable));
    Check(value.given || !field.required);
    if (!value.given) continue;
    if (field.type == Field::Type::kText) {
      const std::size_t length = Characters(value.text);
      Check(length >= field.min_length && (field.max_length == 0 || length <= field.max_length));
      Check(value.text.find('\0') == std::string::npos);
    } else if (field.type == Field::Type::kList) {
      Check(value.items.size() <= field.max_length);
      for (const Record& item : value.items) CheckRecord(*field.of, item);
    } else if (field.type == Field::Type::kInteger) {
      Check(value.number >= field.minimum && value.number <= field.maximum);
    } else {
      Check(value.number == 0 || value.number == 1);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  BodySpec spec{&kItems};
  sb::http::HeaderField type{"Content-Type", "application/json"};
  if (bytes[0] % 2 == 1) {
    spec = {&kItem, BodySpec::Media::kForm};
    type.value = "application/x-www-form-urlencoded";
  }
  sb::http::Request request;
  request.body = {reinterpret_cast<const char*>(bytes) + 1, size - 1};
  request.fields = {&type, 1};
  static BodyReader reader;
  Record record;
  Problems problems(Style::kProblem);
  const auto refusal = reader.Read(spec, request, record, problems);
  if (refusal) {
    Check(refusal->status >= 400 && refusal->status < 500);
  } else if (problems.empty()) {
    CheckRecord(*spec.shape, record);
  }
  return 0;
}
