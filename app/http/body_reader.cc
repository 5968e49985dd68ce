#include "app/http/body_reader.h"

#include <simdjson.h>

#include <algorithm>

#include "app/http/query.h"

namespace todo::http {
namespace {

namespace dom = simdjson::dom;

// Lists of objects are as deep as any Shape goes; a little more is for a good message.
constexpr std::size_t kMostDepth = 8;
// A parser keeps about ten bytes for each byte of the largest body it has seen.
constexpr std::size_t kKeptBytes = 64 << 10;

bool IsMedia(std::string_view content_type, std::string_view media) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && (content_type.back() == ' ' || content_type.back() == '\t')) {
    content_type.remove_suffix(1);
  }
  return std::equal(content_type.begin(), content_type.end(), media.begin(), media.end(),
                    [](char sent, char lower) {
                      return (sent >= 'A' && sent <= 'Z' ? sent + ('a' - 'A') : sent) == lower;
                    });
}

void ReadRecord(const Shape& shape, dom::object object, Record& record, Problems& problems,
                std::string_view list, std::size_t index);

// A value that is there and not null.
void ReadValue(const Field& field, dom::element element, FieldValue& value, Problems& problems,
               bool nested) {
  switch (field.type) {
    case Field::Type::kText: {
      std::string_view text;
      if (element.get(text) != simdjson::SUCCESS) {
        problems.Add("string_type", field, "Input should be a valid string", nullptr);
      } else if (CheckText(field, text, problems)) {
        value.text = text;
        value.given = true;
      }
      return;
    }
    case Field::Type::kInteger: {
      std::int64_t number = 0;
      double real = 0;
      // A schema's integer is any number without a fraction: 7.0 is one (JSON Schema §6.1.1).
      const bool whole =
          element.get(number) == simdjson::SUCCESS ||
          (element.get(real) == simdjson::SUCCESS && real >= -9.0e15 && real <= 9.0e15 &&
           real == static_cast<double>(number = static_cast<std::int64_t>(real)));
      if (!whole) {
        problems.Add("int_type", field, "Input should be a valid integer", nullptr);
      } else if (CheckInteger(field, number, {}, problems)) {
        value.number = number;
        value.given = true;
      }
      return;
    }
    case Field::Type::kBoolean: {
      bool truth = false;
      if (element.get(truth) != simdjson::SUCCESS) {
        problems.Add("bool_type", field, "Input should be a valid boolean", nullptr);
      } else {
        value.number = truth ? 1 : 0;
        value.given = true;
      }
      return;
    }
    case Field::Type::kList: {
      dom::array array;
      if (nested || element.get(array) != simdjson::SUCCESS) {
        problems.Add("list_type", field, "Input should be a valid list", nullptr);
        return;
      }
      const std::size_t size = array.size();
      if (size < field.min_length) return problems.TooShort(field, {});
      if (field.max_length > 0 && size > field.max_length) return problems.TooLong(field, {});
      value.given = true;
      value.items.reserve(size);
      for (const dom::element item : array) {
        dom::object object;
        if (item.get(object) != simdjson::SUCCESS) {
          problems.InBody(field.name, value.items.size());
          problems.Add("dict_type", {}, "Input should be a valid dictionary", nullptr);
          problems.InBody();
          value.items.emplace_back();
          continue;
        }
        const std::size_t index = value.items.size();
        ReadRecord(*field.of, object, value.items.emplace_back(), problems, field.name, index);
        problems.InBody();
      }
      return;
    }
  }
}

void ReadRecord(const Shape& shape, dom::object object, Record& record, Problems& problems,
                std::string_view list, std::size_t index) {
  problems.InBody(list, index);
  record.values.resize(shape.fields.size());
  std::uint64_t seen = 0;
  for (const auto& [name, element] : object) {
    const std::string_view key = name;  // a binding cannot be captured, says clang 14
    const auto field = std::find_if(shape.fields.begin(), shape.fields.end(),
                                    [&](const Field& one) { return one.name == key; });
    if (field == shape.fields.end()) {
      problems.Add("extra_forbidden", {.name = key}, "Extra inputs are not permitted", nullptr);
      continue;
    }
    const auto at = static_cast<std::size_t>(field - shape.fields.begin());
    if ((seen >> at & 1U) != 0) {
      problems.Add("duplicate", *field, "Field given more than once", nullptr);
      continue;
    }
    seen |= std::uint64_t{1} << at;
    FieldValue& value = record.values[at];
    if (element.is_null() && field->nullable) {
      value.null = true;
    } else {
      ReadValue(*field, element, value, problems, !list.empty());
    }
  }
  for (std::size_t at = 0; at < shape.fields.size(); ++at) {
    if (shape.fields[at].required && (seen >> at & 1U) == 0) problems.Missing(shape.fields[at]);
  }
}

// False: not UTF-8. A replaced character would make different passwords the same.
bool ReadForm(const Shape& shape, std::string_view body, Record& record, Problems& problems) {
  problems.InBody();
  record.values.resize(shape.fields.size());
  for (std::size_t at = 0; at < shape.fields.size(); ++at) {
    const Field& field = shape.fields[at];
    FieldValue& value = record.values[at];
    const std::string_view raw = FindParameter(body, field.name);
    // FastAPI: an empty field of a form counts as missing.
    if (raw.empty()) {
      if (field.required) problems.Missing(field);
      continue;
    }
    if (!DecodeStrictly(value.text, raw, Plus::kIsSpace)) return false;
    value.given = Check(field, value.text, value.number, problems);
  }
  return true;
}

}  // namespace

class BodyReader::Json {
 public:
  std::optional<Refusal> Read(const Shape& shape, std::string_view body, Record& record,
                              Problems& problems) {
    const std::size_t capacity = std::max(body.size(), kKeptBytes);
    if (parser_.allocate(capacity, kMostDepth) != simdjson::SUCCESS) {
      return Refusal{503, "Service Unavailable", {{"Retry-After", "1"}}};
    }
    dom::element root;
    switch (parser_.parse(body.data(), body.size()).get(root)) {
      case simdjson::SUCCESS:
        break;
      case simdjson::UTF8_ERROR:
        return Refusal{400, "The body is not valid UTF-8"};
      case simdjson::DEPTH_ERROR:
        return Refusal{400, "The body is nested too deeply"};
      default:
        return Refusal{400, "The body is not valid JSON"};
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      problems.InBody();
      problems.Add("dict_type", {}, "Input should be a valid dictionary", nullptr);
    } else {
      ReadRecord(shape, object, record, problems, {}, 0);
    }
    return std::nullopt;
  }

 private:
  dom::parser parser_;
};

BodyReader::BodyReader() = default;
BodyReader::~BodyReader() = default;

std::optional<Refusal> BodyReader::Read(const BodySpec& spec, const sb::http::Request& request,
                                        Record& record, Problems& problems) {
  if (request.body.size() > spec.max_bytes) {
    return Refusal{413, "The body is larger than " + std::to_string(spec.max_bytes) + " bytes"};
  }
  const std::string_view content_type = request.header("content-type");
  if (spec.media == BodySpec::Media::kForm) {
    // OAuth clients differ; what is no form has no fields, and each of them is missed.
    if (ReadForm(*spec.shape, request.body, record, problems)) return std::nullopt;
    return Refusal{400, "The form is not valid UTF-8"};
  }
  if (!IsMedia(content_type, "application/json")) {
    return Refusal{415, "The body must be application/json"};
  }
  if (request.body.size() > kKeptBytes)
    return Json().Read(*spec.shape, request.body, record, problems);
  if (!json_) json_ = std::make_unique<Json>();
  return json_->Read(*spec.shape, request.body, record, problems);
}

}  // namespace todo::http
