// Percent-encoding and query strings, read as Starlette reads them, because clients have learnt its
// ways.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace todo::http {

enum class Plus { kIsSpace, kIsPlus };

// Decodes %XX (a broken one stays as it is), and '+' if asked. Bytes that are not UTF-8 become
// U+FFFD. Appends.
void DecodeComponent(std::string& out, std::string_view encoded, Plus plus);

// The same, but false if the decoded bytes are not UTF-8; `out` then holds no more than before.
bool DecodeStrictly(std::string& out, std::string_view encoded, Plus plus);

// The raw value of the last parameter called `name` (Starlette: the last one wins), or nullptr's
// view (data() == nullptr) if there is none. "a" without '=' has the empty value.
std::string_view FindParameter(std::string_view query, std::string_view name);

// Does the text stay the same when decoded?
bool IsPlain(std::string_view encoded, Plus plus);

}  // namespace todo::http
