// A YAML (or JSON, which is YAML) document from a file of unknown origin, as JSON.
//
//   auto document = ParseYaml(text);
//   if (!document) return Refuse(document.error().message);
//   StringAt(*document, {"current-context"});
//
// Bounded, whatever the text says: size, depth, and what aliases multiply. Never throws.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/error.h"
#include "common/json.h"

namespace sb::kube {

inline constexpr std::size_t kMaxYamlBytes = 4 << 20;
inline constexpr int kMaxYamlDepth = 64;

// The first document in `bytes`; null if there is none. kInvalidArgument if it is not YAML in
// Unicode, or beyond the bounds. Anchors, aliases and merge keys (<<) are resolved; the last of
// equal keys wins.
//
// A plain scalar becomes a string as it is written ("on", "0123", "1e3"), except below a key
// "extensions", where it gets YAML 1.2's type: what a kubeconfig's own fields are is for their
// reader to say, and a token of digits has to stay what it is. Null is always null.
Expected<Json> ParseYaml(std::string_view bytes);

// A scalar field of a mapping as text: what ParseYaml or a JSON document made of it. "" if it is
// missing, null, or no scalar.
std::string ScalarText(const Json& mapping, const char* key);

}  // namespace sb::kube
