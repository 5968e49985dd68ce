// Bodies in: JSON (simdjson, so that depth and UTF-8 are checked before anything is looked at) and
// forms, validated against their Shape.
//
//   BodyReader reader;
//   Record record;
//   if (auto refusal = reader.Read(route.body, call.request, record, problems)) ...
//
// Strict: a field that the Shape does not have, or that comes twice, is a problem; so is a number
// where a text is expected. Loop thread only.
#pragma once

#include <memory>
#include <optional>

#include "app/http/record.h"
#include "app/http/refusal.h"
#include "app/http/shape.h"
#include "common/http/wire/message.h"

namespace todo::http {

class BodyReader {
 public:
  BodyReader();
  ~BodyReader();

  // Refusals: 400 (not JSON, not UTF-8, nested too deeply), 413, 415. What is JSON and does not fit
  // goes to `problems`.
  std::optional<Refusal> Read(const BodySpec& spec, const sb::http::Request& request,
                              Record& record, Problems& problems);

 private:
  class Json;
  std::unique_ptr<Json> json_;  // made by the first JSON body
};

}  // namespace todo::http
