// Answers out: appends the bytes of a response to a buffer that the connection reuses.
#pragma once

#include <string>
#include <string_view>

#include "common/http/wire/message.h"

namespace sb::http {

enum class AfterAnswer { kKeepAlive, kKeepAliveHttp10, kClose };

// `date`: the Date header's value; `head_only`: the answer to a HEAD, without its body. A header
// whose name or value holds CR, LF or NUL is left out: it would split the answer.
void AppendResponse(std::string& out, const Response& response, std::string_view date,
                    AfterAnswer after, bool head_only);

// What a client gets when no handler has seen its request: {"detail":"Bad Request"}.
Response PlainAnswer(int status);

// "Not Found"
std::string_view ReasonPhrase(int status);

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7) of the machine's clock.
std::string HttpDate();

}  // namespace sb::http
