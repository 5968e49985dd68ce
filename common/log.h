// JSON lines on standard output: {"time":…,"level":…,"msg":…, fields…}. Thread-safe.
//
//   log::Info("leader elected", {{"identity", id}});
//
// Never log a Secret's content, a password or a URL that holds one.
#pragma once

#include <string_view>

#include "common/json.h"

namespace sb::log {

enum class Level { kDebug, kInfo, kWarning, kError };

// Lines below `level` are dropped. Default: kInfo.
void SetLevel(Level level);

void Debug(std::string_view message, const Json& fields = Json::object());
void Info(std::string_view message, const Json& fields = Json::object());
void Warning(std::string_view message, const Json& fields = Json::object());
void Error(std::string_view message, const Json& fields = Json::object());

}  // namespace sb::log
