// What tasks and users of /v1 have in common: answers with a version's tag, their caching, and the
// errors of it. Private resources may be kept by the client alone, and are asked for anew each time
// (304 costs a request, stale data costs trust).
#pragma once

#include <string>
#include <string_view>

#include "app/http/call.h"
#include "app/http/router.h"
#include "app/store/database.h"
#include "app/store/parameters.h"
#include "common/error.h"
#include "common/http/server.h"

namespace todo::v1 {

// 200 with `body`, or 304 if `if_none_match` has `tag`.
sb::http::Response Resource(std::string body, std::string tag, std::string_view if_none_match);

// 201 of what is now at `location`.
sb::http::Response Created(std::string body, std::string location, std::string tag);

// 200 of what has no version: made anew for each request.
sb::http::Response Fresh(std::string body);

// What a failed query becomes, as a problem.
sb::http::Response ProblemOf(const sb::Error& error);
sb::http::Response Unavailable();
sb::http::Response NotFound(std::string_view what);  // "Task"
sb::http::Response PreconditionFailed();             // 412: read again
sb::http::Response GoneUser();                       // 401: a good token of a deleted user
// 422 for a parameter whose value no rule of its declaration can refuse.
sb::http::Response Invalid(const http::Parameter& parameter, std::string_view code,
                           std::string_view message);

// `response` to a write of `user`, and with a replica the token by which later reads, through any
// process, are sure to see it.
sb::http::Task Written(store::Database& database, std::int64_t user, sb::http::Response response);
// What a read of something of the caller's must see.
store::Lsn PointOf(const store::Database& database, const http::Call& call);

// `value` of a text column, quoted, behind `name`: ,"name":"value"
void AppendText(std::string& body, std::string_view name, std::string_view value);

// Two parameters of a statement: the versions that If-Match allows, and whether any will do.
void AddAllowed(store::Parameters& parameters, std::string_view if_match);

inline constexpr http::Parameter kIfMatch = {
    .name = "If-Match",
    .where = http::Parameter::Where::kHeader,
    .required = false,
    .min_length = 1,
    .max_length = 1024,
    .description = "The ETag that the change is based on; another one now: 412."};
inline constexpr http::Parameter kIfNoneMatch = {
    .name = "If-None-Match",
    .where = http::Parameter::Where::kHeader,
    .required = false,
    .min_length = 1,
    .max_length = 1024,
    .description = "The ETag that the client has; still the same: 304."};

}  // namespace todo::v1
