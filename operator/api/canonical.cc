#include "operator/api/canonical.h"

#include "operator/api/quantity.h"

namespace sb::api {

Json WithoutEmpty(const Json& value) {
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& [key, member] : value.items()) {
      Json kept = WithoutEmpty(member);
      if (!kept.is_null()) out[key] = std::move(kept);
    }
    return out.empty() ? Json() : out;
  }
  if (value.is_array()) {
    Json out = Json::array();
    for (const Json& item : value) {
      Json kept = WithoutEmpty(item);
      if (!kept.is_null()) out.push_back(std::move(kept));
    }
    return out.empty() ? Json() : out;
  }
  if (value.is_string() && value.get_ref<const std::string&>().empty()) return Json();
  return value;
}

Json CanonicalQuantity(const Json& value) {
  std::string text;
  if (value.is_string()) {
    text = value.get<std::string>();
  } else if (value.is_number_integer()) {
    text = value.dump();
  } else {
    return value;
  }
  const auto quantity = Quantity::Parse(text);
  return quantity ? Json(quantity->ToString()) : value;
}

}  // namespace sb::api
