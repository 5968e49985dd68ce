#include "operator/api/query.h"

namespace sb::api {
namespace {

void AppendEscaped(std::string& out, std::string_view value) {
  for (char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
}

}  // namespace

Expected<std::string> ExpandQuery(std::string_view query, std::string_view namespace_name,
                                  std::string_view name) {
  std::string out;
  out.reserve(query.size());
  std::size_t at = 0;
  while (at < query.size()) {
    const std::string_view rest = query.substr(at);
    if (rest.starts_with("$$(")) {
      out += "$(";
      at += 3;
    } else if (rest.starts_with("$(")) {
      const std::size_t end = rest.find(')');
      const std::string_view variable =
          end == std::string_view::npos ? std::string_view() : rest.substr(2, end - 2);
      if (variable == "namespace") {
        AppendEscaped(out, namespace_name);
      } else if (variable == "name") {
        AppendEscaped(out, name);
      } else {
        return Fail(ErrorCode::kInvalidArgument,
                    "unknown variable at character " + std::to_string(at + 1) +
                        "; use $(namespace) or $(name), and $$( for a literal $(");
      }
      at += end + 1;
    } else {
      out += rest.front();
      ++at;
    }
  }
  return out;
}

}  // namespace sb::api
