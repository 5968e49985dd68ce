#include "operator/kube/testing/label_selector.h"

#include <algorithm>
#include <optional>

namespace sb::kube {
namespace {

std::string Trim(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text);
}

// At commas, but not at those in parentheses.
std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    if (c == ',' && depth == 0) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::optional<std::string> ValueOf(const Json& object, const std::string& key, bool fields) {
  const Json* at = &object;
  if (!fields) {
    at = Find(object, {"metadata", "labels", key});
  } else {
    for (std::size_t from = 0; at && from <= key.size();) {
      const std::size_t dot = std::min(key.find('.', from), key.size());
      at = Find(*at, {std::string_view(key).substr(from, dot - from)});
      from = dot + 1;
    }
  }
  if (!at) return std::nullopt;
  return at->is_string() ? at->get<std::string>() : at->dump();
}

}  // namespace

Expected<Selector> Selector::Labels(std::string_view text) { return Parse(text, false); }
Expected<Selector> Selector::Fields(std::string_view text) { return Parse(text, true); }

Expected<Selector> Selector::Parse(std::string_view text, bool fields) {
  Selector selector;
  selector.fields_ = fields;
  if (Trim(text).empty()) return selector;
  for (const std::string& raw : Split(text)) {
    const std::string part = Trim(raw);
    Term term;
    const std::size_t open = part.find('(');
    const std::size_t equals = part.find('=');
    if (open != std::string::npos && part.ends_with(')')) {
      std::string head = Trim(part.substr(0, open));
      term.negated = head.ends_with(" notin");
      if (!term.negated && !head.ends_with(" in")) {
        return Fail(ErrorCode::kInvalidArgument, "unable to parse requirement: " + part);
      }
      term.key = Trim(head.substr(0, head.size() - (term.negated ? 6 : 3)));
      for (const std::string& value : Split(part.substr(open + 1, part.size() - open - 2))) {
        term.values.push_back(Trim(value));
      }
    } else if (equals != std::string::npos && equals > 0) {
      term.negated = part[equals - 1] == '!';
      term.key = Trim(part.substr(0, term.negated ? equals - 1 : equals));
      std::string value = part.substr(equals + 1);
      if (value.starts_with('=')) value.erase(0, 1);
      term.values.push_back(Trim(value));
    } else {
      term.negated = part.starts_with('!');
      term.key = Trim(part.substr(term.negated ? 1 : 0));
    }
    if (term.key.empty()) return Fail(ErrorCode::kInvalidArgument, "unable to parse: " + part);
    selector.terms_.push_back(std::move(term));
  }
  return selector;
}

bool Selector::Matches(const Term& term, const Json& object) const {
  const auto value = ValueOf(object, term.key, fields_);
  if (term.values.empty()) return value.has_value() != term.negated;
  const bool among =
      value && std::find(term.values.begin(), term.values.end(), *value) != term.values.end();
  return among != term.negated;
}

bool Selector::Matches(const Json& object) const {
  return std::all_of(terms_.begin(), terms_.end(),
                     [&](const Term& term) { return Matches(term, object); });
}

}  // namespace sb::kube
