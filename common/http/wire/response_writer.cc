#include "common/http/wire/response_writer.h"

#include <charconv>
#include <ctime>

namespace sb::http {
namespace {

bool Splits(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

void AppendNumber(std::string& out, std::size_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Entity";
    case 428:
      return "Precondition Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Unknown";
  }
}

void AppendResponse(std::string& out, const Response& response, std::string_view date,
                    AfterAnswer after, bool head_only) {
  if (response.status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
  } else {
    out += "HTTP/1.1 ";
    AppendNumber(out, static_cast<std::size_t>(response.status));
    out += ' ';
    out += ReasonPhrase(response.status);
    out += "\r\n";
  }
  out += "Date: ";
  out += date;
  out += "\r\n";
  // RFC 9110 §8.6: no Content-Length in 204, and none needed in 304.
  const bool bodiless = response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!response.content_type.empty()) {
      out += "Content-Type: ";
      out += response.content_type;
      out += "\r\n";
    }
    out += "Content-Length: ";
    AppendNumber(out, response.body.size());
    out += "\r\n";
  }
  for (const auto& [name, value] : response.headers) {
    if (Splits(name) || Splits(value)) continue;
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  if (after == AfterAnswer::kClose) {
    out += "Connection: close\r\n\r\n";
  } else if (after == AfterAnswer::kKeepAliveHttp10) {
    out += "Connection: keep-alive\r\n\r\n";
  } else {
    out += "\r\n";
  }
  if (!bodiless && !head_only) out += response.body;
}

Response PlainAnswer(int status) {
  Response response;
  response.status = status;
  response.body = "{\"detail\":\"";
  response.body += ReasonPhrase(status);
  response.body += "\"}";
  return response;
}

std::string HttpDate() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[40];
  // strftime's names follow the locale, which neither program ever sets.
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return std::string(text, size);
}

}  // namespace sb::http
