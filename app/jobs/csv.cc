#include "app/jobs/csv.h"

namespace todo::jobs {

void AppendCsvText(std::string& out, std::string_view text) {
  out += '"';
  // Spaces before it do not keep a spreadsheet from seeing a formula.
  const std::size_t first = text.find_first_not_of(' ');
  if (first != std::string_view::npos &&
      std::string_view("=+-@\t\r\n|%").find(text[first]) != std::string_view::npos) {
    out += '\'';
  }
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace todo::jobs
