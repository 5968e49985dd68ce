#include "app/http/problems.h"

#include "app/http/json_writer.h"
#include "app/http/parameters.h"

namespace todo::http {
namespace {

// A body of many small mistakes must not become an answer many times its size.
constexpr int kMostListed = 20;

std::string_view NameOf(ValuePlace place) {
  switch (place) {
    case ValuePlace::kPath:
      return "path";
    case ValuePlace::kQuery:
      return "query";
    case ValuePlace::kHeader:
      return "header";
    case ValuePlace::kBody:
      break;
  }
  return "body";
}

}  // namespace

void Problems::AddLocation(const Parameter& parameter) {
  const ValuePlace place = in_body_ ? ValuePlace::kBody : parameter.where;
  if (style_ == Style::kFastApi) {
    details_ += "\"loc\":[\"";
    details_ += NameOf(place);
    details_ += '"';
    if (in_body_ && !list_.empty()) {
      details_ += ',';
      AppendString(details_, list_);
      details_ += ',';
      AppendNumber(details_, static_cast<std::int64_t>(index_));
    }
    details_ += ',';
    AppendString(details_, parameter.name);
    details_ += ']';
    return;
  }
  details_ += "\"in\":\"";
  details_ += NameOf(place);
  details_ += "\",\"name\":";
  std::string name;
  if (in_body_) {  // a JSON pointer (RFC 6901)
    if (!list_.empty()) name.append("/").append(list_).append("/").append(std::to_string(index_));
    if (!parameter.name.empty()) name += '/';
  }
  name += parameter.name;
  AppendString(details_, name);
}

void Problems::Add(std::string_view type, const Parameter& parameter, std::string_view message,
                   const std::string_view* input, std::string_view context) {
  if (++count_ > kMostListed) return;
  if (!details_.empty()) details_ += ',';
  if (style_ == Style::kProblem) {
    details_ += '{';
    AddLocation(parameter);
    details_ += ",\"code\":\"";
    details_ += type;
    details_ += "\",\"detail\":";
    AppendString(details_, message);
    details_ += '}';
    return;
  }
  details_ += "{\"type\":\"";
  details_ += type;
  details_ += "\",";
  AddLocation(parameter);
  details_ += ",\"msg\":";
  AppendString(details_, message);
  details_ += ",\"input\":";
  if (input == nullptr || in_body_) {
    details_ += "null";
  } else {
    AppendString(details_, *input);
  }
  if (!context.empty()) {
    details_ += ",\"ctx\":{";
    details_ += context;
    details_ += '}';
  }
  details_ += '}';
}

std::string Problems::Body() const {
  if (style_ == Style::kFastApi) return "{\"detail\":[" + details_ + "]}";
  return "{\"type\":\"about:blank\",\"title\":\"Unprocessable Entity\",\"status\":422,\"detail\":"
         "\"What was sent is not valid; see errors\",\"errors\":[" +
         details_ + "]}";
}

void Problems::Missing(const Parameter& parameter) {
  Add("missing", parameter, "Field required", nullptr);
}
void Problems::NotAnInteger(const Parameter& parameter, std::string_view input) {
  Add("int_parsing", parameter,
      "Input should be a valid integer, unable to parse string as an integer", &input);
}
void Problems::NotABoolean(const Parameter& parameter, std::string_view input) {
  Add("bool_parsing", parameter, "Input should be a valid boolean, unable to interpret input",
      &input);
}
void Problems::BelowMinimum(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.minimum);
  Add("greater_than_equal", parameter, "Input should be greater than or equal to " + bound, &input,
      "\"ge\":" + bound);
}
void Problems::AboveMaximum(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.maximum);
  Add("less_than_equal", parameter, "Input should be less than or equal to " + bound, &input,
      "\"le\":" + bound);
}
void Problems::TooShort(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.min_length);
  if (parameter.type == Parameter::Type::kList) {
    Add("too_short", parameter, "List should have at least " + bound + " items", nullptr);
  } else {
    Add("string_too_short", parameter, "String should have at least " + bound + " characters",
        &input, "\"min_length\":" + bound);
  }
}
void Problems::TooLong(const Parameter& parameter, std::string_view input) {
  const std::string bound = std::to_string(parameter.max_length);
  if (parameter.type == Parameter::Type::kList) {
    Add("too_long", parameter, "List should have at most " + bound + " items", nullptr);
  } else {
    Add("string_too_long", parameter, "String should have at most " + bound + " characters", &input,
        "\"max_length\":" + bound);
  }
}
void Problems::HoldsNul(const Parameter& parameter, std::string_view input) {
  Add("value_error", parameter, "Value error, a text must not contain the character U+0000",
      &input);
}

}  // namespace todo::http
