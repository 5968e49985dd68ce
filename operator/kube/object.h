// A Kubernetes object as the cache holds it: immutable, in one block of memory, a third of the size
// of its JSON text and a twentieth of a DOM. Reading a field decodes nothing but the path to it.
//
//   ObjectPtr pod = store.Get({"ns", "todo-api-0"});
//   pod->At({"status", "phase"}).String();                              // "Running"
//   for (const auto& [name, value] : pod->At({"metadata", "labels"}).Members()) …
//   Json whole = pod->ToJson();                                         // to change it, or to
//   print
//
// Thread-safe as everything immutable is. A Value is a view: it lives as long as its object.
#pragma once

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "common/json.h"
#include "operator/kube/resource.h"

namespace sb::kube {

class Members;
class Elements;

// A JSON value inside an object, or none. Everything asked of the wrong type or of a missing value
// gives the fallback: none of these throws.
class Value {
 public:
  enum class Type : std::uint8_t {
    kNone,
    kNull,
    kBool,
    kInteger,
    kDouble,
    kString,
    kArray,
    kObject
  };

  Value() = default;
  explicit Value(const char* at) : at_(at) {}  // for Object and the iterators

  explicit operator bool() const { return at_ != nullptr; }
  Type type() const;
  bool is_object() const { return type() == Type::kObject; }
  bool is_array() const { return type() == Type::kArray; }
  bool is_string() const { return type() == Type::kString; }

  std::string_view String(std::string_view fallback = {}) const;
  std::int64_t Integer(std::int64_t fallback = 0) const;
  double Number(double fallback = 0) const;  // integers too
  bool Bool(bool fallback = false) const;

  // Members of an object or elements of an array; 0 for anything else.
  std::size_t size() const;
  // The member `name` of an object, or none.
  Value operator[](std::string_view name) const;
  Value At(std::initializer_list<std::string_view> path) const;
  // Empty for anything but an object or array.
  kube::Members Members() const;
  kube::Elements Elements() const;

  Json ToJson() const;

 private:
  friend class Object;
  const char* at_ = nullptr;
};

// Range over the members of an object, in the server's order.
class Members {
 public:
  class Iterator {
   public:
    Iterator(const char* at, std::size_t left);
    std::pair<std::string_view, Value> operator*() const { return {name_, value_}; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    void ReadName();
    const char* at_;
    std::size_t left_;
    std::string_view name_;
    Value value_;
  };
  Members(const char* at, std::size_t count) : at_(at), count_(count) {}
  Iterator begin() const { return {at_, count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  const char* at_;
  std::size_t count_;
};

// Range over the elements of an array.
class Elements {
 public:
  class Iterator {
   public:
    Iterator(const char* at, std::size_t left) : at_(at), left_(left) {}
    Value operator*() const { return Value(at_); }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    const char* at_;
    std::size_t left_;
  };
  Elements(const char* at, std::size_t count) : at_(at), count_(count) {}
  Iterator begin() const { return {at_, count_}; }
  Iterator end() const { return {nullptr, 0}; }

 private:
  const char* at_;
  std::size_t count_;
};

class Object;
using ObjectPtr = boost::intrusive_ptr<const Object>;

class Object {
 public:
  // Where the identity lies in `body`: offsets of its strings, which are stored in place.
  struct Slice {
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
  };
  struct Identity {
    Slice namespace_, name, uid, resource_version;
  };
  // From the encoding that object_encoder.h writes.
  static ObjectPtr Make(std::string_view body, const Identity& identity);

  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string_view namespace_() const { return Text(identity_.namespace_); }
  std::string_view name() const { return Text(identity_.name); }
  std::string_view uid() const { return Text(identity_.uid); }
  std::string_view resource_version() const { return Text(identity_.resource_version); }
  ObjectKey key() const { return {std::string(namespace_()), std::string(name())}; }

  Value root() const { return Value(Body()); }
  Value operator[](std::string_view name) const { return root()[name]; }
  Value At(std::initializer_list<std::string_view> path) const { return root().At(path); }
  Json ToJson() const { return root().ToJson(); }

  // Whether both say the same, but for their resource version. May say no for two that do: those
  // whose versions differ in length.
  bool SaysTheSameAs(const Object& other) const;

  // What it takes of memory.
  std::size_t bytes() const { return sizeof(Object) + size_; }

 private:
  friend void intrusive_ptr_add_ref(const Object* object);
  friend void intrusive_ptr_release(const Object* object);

  Object(std::uint32_t size, const Identity& identity) : size_(size), identity_(identity) {}
  const char* Body() const { return reinterpret_cast<const char*>(this + 1); }
  std::string_view Text(const Slice& slice) const { return {Body() + slice.offset, slice.length}; }

  mutable std::atomic<std::uint32_t> references_ = 0;
  const std::uint32_t size_;
  const Identity identity_;
  // The body follows.
};

inline void intrusive_ptr_add_ref(const Object* object) {
  object->references_.fetch_add(1, std::memory_order_relaxed);
}
void intrusive_ptr_release(const Object* object);

}  // namespace sb::kube
