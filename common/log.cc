#include "common/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <string>

#include "common/time.h"

namespace sb::log {
namespace {

spdlog::logger& Logger() {
  // Leaked on purpose: threads may log until the process ends.
  static spdlog::logger* logger = [] {
    auto sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    auto* made = new spdlog::logger("sb", sink);
    made->set_pattern("%v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *logger;
}

void Write(spdlog::level::level_enum level, const char* name, std::string_view message,
           const Json& fields) {
  if (!Logger().should_log(level)) return;
  Json line = {
      {"time", FormatMicroTime(SystemClock().WallNow())}, {"level", name}, {"msg", message}};
  if (fields.is_object()) line.update(fields);
  Logger().log(level, line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace

void SetLevel(Level level) {
  constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::debug, spdlog::level::info,
                                                   spdlog::level::warn, spdlog::level::err};
  Logger().set_level(kLevels[static_cast<int>(level)]);
}

void Debug(std::string_view message, const Json& fields) {
  Write(spdlog::level::debug, "debug", message, fields);
}
void Info(std::string_view message, const Json& fields) {
  Write(spdlog::level::info, "info", message, fields);
}
void Warning(std::string_view message, const Json& fields) {
  Write(spdlog::level::warn, "warning", message, fields);
}
void Error(std::string_view message, const Json& fields) {
  Write(spdlog::level::err, "error", message, fields);
}

}  // namespace sb::log
