#include "operator/kube/object.h"

#include <limits>
#include <new>

#include "operator/kube/object_format.h"
#include "operator/kube/vocabulary.h"

namespace sb::kube {
namespace {

using format::ReadNumber;
using format::ReadVarint;

// Behind the value at `at`.
const char* Skip(const char* at) {
  const format::Tag tag = format::TagAt(at);
  const std::uint64_t number = ReadNumber(at);
  switch (tag) {
    case format::kDouble:
      return at + sizeof(double);
    case format::kText:
      return at + number;
    case format::kArray:
    case format::kObject: {
      const std::uint64_t bytes = ReadVarint(at);
      return at + bytes;
    }
    default:
      return at;
  }
}

// The name of a member; `at` is moved to its value.
std::string_view ReadName(const char*& at) {
  const std::uint64_t word = ReadVarint(at);
  if (word != 0) return Vocabulary::Shared().Text(static_cast<Word>(word - 1));
  const std::uint64_t length = ReadVarint(at);
  const std::string_view name(at, length);
  at += length;
  return name;
}

double ReadDouble(const char* at) {
  double number;
  std::memcpy(&number, at, sizeof number);
  return number;
}

}  // namespace

Value::Type Value::type() const {
  if (!at_) return Type::kNone;
  switch (format::TagAt(at_)) {
    case format::kConstant:
      return static_cast<unsigned char>(*at_) >> 3 == 0 ? Type::kNull : Type::kBool;
    case format::kPositive:
    case format::kNegative:
      return Type::kInteger;
    case format::kDouble:
      return Type::kDouble;
    case format::kText:
    case format::kWord:
      return Type::kString;
    case format::kArray:
      return Type::kArray;
    case format::kObject:
      return Type::kObject;
  }
  return Type::kNone;
}

std::string_view Value::String(std::string_view fallback) const {
  if (!at_) return fallback;
  const char* at = at_;
  const format::Tag tag = format::TagAt(at);
  if (tag != format::kText && tag != format::kWord) return fallback;
  const std::uint64_t number = ReadNumber(at);
  if (tag == format::kWord) return Vocabulary::Shared().Text(static_cast<Word>(number));
  return {at, number};
}

std::int64_t Value::Integer(std::int64_t fallback) const {
  if (!at_) return fallback;
  const char* at = at_;
  const format::Tag tag = format::TagAt(at);
  if (tag != format::kPositive && tag != format::kNegative) return fallback;
  const std::uint64_t number = ReadNumber(at);
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  if (number > static_cast<std::uint64_t>(kMost))
    return tag == format::kPositive ? kMost : fallback;
  const auto positive = static_cast<std::int64_t>(number);
  return tag == format::kPositive ? positive : -1 - positive;
}

double Value::Number(double fallback) const {
  if (!at_) return fallback;
  const char* at = at_;
  switch (format::TagAt(at)) {
    case format::kPositive:
      return static_cast<double>(ReadNumber(at));
    case format::kNegative:
      return -1.0 - static_cast<double>(ReadNumber(at));
    case format::kDouble:
      return ReadDouble(at + 1);
    default:
      return fallback;
  }
}

bool Value::Bool(bool fallback) const {
  return type() == Type::kBool ? static_cast<unsigned char>(*at_) >> 3 == 2 : fallback;
}

std::size_t Value::size() const {
  if (!is_object() && !is_array()) return 0;
  const char* at = at_;
  return ReadNumber(at);
}

Value Value::operator[](std::string_view name) const {
  if (!at_ || format::TagAt(at_) != format::kObject) return {};
  const char* at = at_;
  std::uint64_t left = ReadNumber(at);
  ReadVarint(at);
  for (; left > 0; --left) {
    if (ReadName(at) == name) return Value(at);
    at = Skip(at);
  }
  return {};
}

Value Value::At(std::initializer_list<std::string_view> path) const {
  Value value = *this;
  for (std::string_view name : path) value = value[name];
  return value;
}

kube::Members Value::Members() const {
  if (!is_object()) return {nullptr, 0};
  const char* at = at_;
  const std::uint64_t count = ReadNumber(at);
  ReadVarint(at);
  return {at, count};
}

kube::Elements Value::Elements() const {
  if (!is_array()) return {nullptr, 0};
  const char* at = at_;
  const std::uint64_t count = ReadNumber(at);
  ReadVarint(at);
  return {at, count};
}

Json Value::ToJson() const {
  switch (type()) {
    case Type::kNone:
    case Type::kNull:
      return nullptr;
    case Type::kBool:
      return Bool();
    case Type::kInteger: {
      const char* at = at_;
      if (format::TagAt(at) == format::kPositive) return ReadNumber(at);
      return Integer();
    }
    case Type::kDouble:
      return ReadDouble(at_ + 1);
    case Type::kString:
      return std::string(String());
    case Type::kArray: {
      Json array = Json::array();
      for (const Value element : Elements()) array.push_back(element.ToJson());
      return array;
    }
    case Type::kObject: {
      Json object = Json::object();
      for (const auto& [name, value] : Members()) object[std::string(name)] = value.ToJson();
      return object;
    }
  }
  return nullptr;
}

Members::Iterator::Iterator(const char* at, std::size_t left) : at_(at), left_(left) {
  if (left_ > 0) ReadName();
}

Members::Iterator& Members::Iterator::operator++() {
  at_ = Skip(at_);
  if (--left_ > 0) ReadName();
  return *this;
}

void Members::Iterator::ReadName() {
  name_ = kube::ReadName(at_);
  value_ = Value(at_);
}

Elements::Iterator& Elements::Iterator::operator++() {
  if (--left_ > 0) at_ = Skip(at_);
  return *this;
}

bool Object::SaysTheSameAs(const Object& other) const {
  const Slice &version = identity_.resource_version, &others = other.identity_.resource_version;
  if (size_ != other.size_ || version.offset != others.offset || version.length != others.length) {
    return false;
  }
  const std::size_t behind = version.offset + version.length;
  return std::memcmp(Body(), other.Body(), version.offset) == 0 &&
         std::memcmp(Body() + behind, other.Body() + behind, size_ - behind) == 0;
}

ObjectPtr Object::Make(std::string_view body, const Identity& identity) {
  void* const memory = ::operator new(sizeof(Object) + body.size());
  auto* const object = new (memory) Object(static_cast<std::uint32_t>(body.size()), identity);
  std::memcpy(reinterpret_cast<char*>(object + 1), body.data(), body.size());
  return ObjectPtr(object);
}

void intrusive_ptr_release(const Object* object) {
  if (object->references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  object->~Object();
  ::operator delete(const_cast<Object*>(object));
}

}  // namespace sb::kube
