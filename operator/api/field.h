// A value inside an untrusted document together with its path, for reading with types and
// collecting every fault.
//
//   std::vector<std::string> faults;
//   Field spec(&object["spec"], "spec", faults);
//   int port = spec["api"]["port"].Int(8080, 1024, 65535);   // faults: "spec.api.port: 80 is less
//   than 1024"
//
// A missing or null value is absent: reads give the fallback and no fault. A Field borrows the
// document and the list.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json.h"

namespace sb::api {

class Field {
 public:
  // `value` may be nullptr.
  Field(const Json* value, std::string path, std::vector<std::string>& faults);

  bool present() const { return value_ != nullptr; }
  const std::string& path() const { return path_; }
  // nullptr if absent.
  const Json* value() const { return value_; }

  // A member; absent if this one is absent or no object (of which Object() tells).
  Field operator[](std::string_view key) const;
  // Whether this is an object; a fault if it is present and something else.
  bool Object() const;
  // The elements; a fault if it is no list or longer than `most`.
  std::vector<Field> Items(std::size_t most) const;

  // Nothing if absent, or faulty (with the fault).
  std::optional<std::string> Text(std::size_t longest) const;
  std::string String(std::string fallback, std::size_t longest) const;
  std::vector<std::string> Strings(std::size_t most, std::size_t longest) const;
  int Int(int fallback, int least, int greatest) const;
  bool Bool(bool fallback) const;
  // One of `allowed`; a fault that lists them otherwise.
  std::string OneOf(const std::vector<std::string>& allowed, std::string fallback) const;

  // The value as it stands if it is an object (list) of acceptable size, else null.
  Json Verbatim(Json::value_t type) const;

  // Adds "path: what".
  void Fault(std::string_view what) const;
  // Adds a fault if absent.
  bool Required(std::string_view why) const;

 private:
  void WrongType(std::string_view wanted) const;

  const Json* value_;
  std::string path_;
  std::vector<std::string>* faults_;
};

// A piece of the document for a message: printable ASCII, in quotes, cut after 64 characters.
std::string Quote(std::string_view text);

}  // namespace sb::api
