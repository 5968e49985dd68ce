#include "operator/api/field.h"

#include <cstdint>
#include <utility>

namespace sb::api {
namespace {

// A document larger than this never comes from a schema-checked object.
constexpr std::size_t kMaxMembers = 256;
constexpr std::size_t kMaxFaults = 50;

}  // namespace

std::string Quote(std::string_view text) {
  constexpr std::size_t kLongest = 64;
  std::string out = "\"";
  for (char c : text.substr(0, kLongest)) out += (c >= ' ' && c <= '~') ? c : '?';
  if (text.size() > kLongest) out += "...";
  return out + "\"";
}

Field::Field(const Json* value, std::string path, std::vector<std::string>& faults)
    : value_(value != nullptr && value->is_null() ? nullptr : value),
      path_(std::move(path)),
      faults_(&faults) {}

Field Field::operator[](std::string_view key) const {
  const Json* member = value_ == nullptr ? nullptr : Find(*value_, {key});
  return {member, path_ + "." + std::string(key), *faults_};
}

bool Field::Object() const {
  if (!present()) return false;
  if (!value_->is_object()) WrongType("an object");
  return value_->is_object();
}

std::vector<Field> Field::Items(std::size_t most) const {
  std::vector<Field> items;
  if (!present()) return items;
  if (!value_->is_array()) {
    WrongType("a list");
    return items;
  }
  if (value_->size() > most) {
    Fault("has " + std::to_string(value_->size()) + " entries; at most " + std::to_string(most) +
          " are allowed");
    return items;
  }
  items.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) {
    items.emplace_back(&(*value_)[i], path_ + "[" + std::to_string(i) + "]", *faults_);
  }
  return items;
}

std::optional<std::string> Field::Text(std::size_t longest) const {
  if (!present()) return std::nullopt;
  if (!value_->is_string()) {
    WrongType("a string");
    return std::nullopt;
  }
  const auto& text = value_->get_ref<const std::string&>();
  if (text.size() > longest) {
    Fault("has " + std::to_string(text.size()) + " characters; at most " + std::to_string(longest) +
          " are allowed");
    return std::nullopt;
  }
  return text;
}

std::string Field::String(std::string fallback, std::size_t longest) const {
  return Text(longest).value_or(std::move(fallback));
}

std::vector<std::string> Field::Strings(std::size_t most, std::size_t longest) const {
  std::vector<std::string> strings;
  for (const Field& item : Items(most)) strings.push_back(item.String("", longest));
  return strings;
}

int Field::Int(int fallback, int least, int greatest) const {
  if (!present()) return fallback;
  if (!value_->is_number_integer()) {
    WrongType("an integer");
    return fallback;
  }
  // An unsigned number beyond int64 would turn negative.
  const bool huge = value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT32_MAX;
  const std::int64_t number = huge ? INT32_MAX : value_->get<std::int64_t>();
  if (number < least) {
    Fault(value_->dump() + " is less than " + std::to_string(least));
    return fallback;
  }
  if (huge || number > greatest) {
    Fault(value_->dump() + " is more than " + std::to_string(greatest));
    return fallback;
  }
  return static_cast<int>(number);
}

bool Field::Bool(bool fallback) const {
  if (!present()) return fallback;
  if (!value_->is_boolean()) {
    WrongType("true or false");
    return fallback;
  }
  return value_->get<bool>();
}

std::string Field::OneOf(const std::vector<std::string>& allowed, std::string fallback) const {
  const std::optional<std::string> text = Text(64);
  if (!text) return fallback;
  std::string list;
  for (const std::string& one : allowed) {
    if (*text == one) return one;
    list += (list.empty() ? "" : ", ") + one;
  }
  Fault(Quote(*text) + " is not supported; use one of: " + list);
  return fallback;
}

Json Field::Verbatim(Json::value_t type) const {
  if (!present()) return {};
  if (value_->type() != type) {
    WrongType(type == Json::value_t::array ? "a list" : "an object");
    return {};
  }
  if (value_->size() > kMaxMembers) {
    Fault("has " + std::to_string(value_->size()) + " entries; at most " +
          std::to_string(kMaxMembers) + " are allowed");
    return {};
  }
  return *value_;
}

void Field::Fault(std::string_view what) const {
  if (faults_->size() < kMaxFaults) faults_->push_back(path_ + ": " + std::string(what));
}

bool Field::Required(std::string_view why) const {
  if (!present()) Fault("is required; " + std::string(why));
  return present();
}

void Field::WrongType(std::string_view wanted) const {
  Fault("must be " + std::string(wanted) + ", not " + value_->type_name());
}

}  // namespace sb::api
