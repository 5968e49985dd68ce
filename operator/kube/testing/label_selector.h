// Label and field selectors as the API server reads them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/json.h"

namespace sb::kube {

class Selector {
 public:
  // "a=b,c!=d,e in (f,g),h notin (i),j,!k"; "" selects everything. Labels.
  static Expected<Selector> Labels(std::string_view text);
  // "metadata.name=x,status.phase!=y". Fields.
  static Expected<Selector> Fields(std::string_view text);

  bool Matches(const Json& object) const;

 private:
  struct Term {
    std::string key;
    std::vector<std::string> values;  // empty: only whether the key exists
    bool negated = false;
  };
  static Expected<Selector> Parse(std::string_view text, bool fields);
  bool Matches(const Term& term, const Json& object) const;

  std::vector<Term> terms_;
  bool fields_ = false;
};

}  // namespace sb::kube
