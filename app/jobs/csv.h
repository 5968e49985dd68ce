// CSV for people who open it in a spreadsheet (RFC 4180): every text quoted, lines end with CRLF.
// A text that a spreadsheet would take for a formula gets a ' in front (OWASP: CSV injection), or a
// task of somebody's else could run in the reader's program.
#pragma once

#include <string>
#include <string_view>

namespace todo::jobs {

void AppendCsvText(std::string& out, std::string_view text);

}  // namespace todo::jobs
