// What a request and a response are, for handlers; without any I/O.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sb::http {

struct HeaderField {
  std::string_view name;  // as sent; names compare without case
  std::string_view value;
};

// All views live as long as the handler's coroutine. No allocation: a request is views into the
// buffer that it was read into.
struct Request {
  std::string_view method;  // "GET"
  std::string_view path;    // as sent, percent-encoded, without the query: "/users/1"
  std::string_view query;   // as sent, without the '?'
  std::string_view body;
  std::string_view remote_address = {};      // the peer's address, without the port
  std::span<const HeaderField> fields = {};  // in the order sent
  // PEM of the certificate that the peer proved to hold. Empty: none, or no TLS. Which authority
  // signed it is for the handler to check.
  std::string_view peer_certificate_pem = {};

  // The value of the first header of that name (any case), or empty.
  std::string_view header(std::string_view name) const;
  // All values of a header, in order.
  std::vector<std::string_view> headers(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";  // must outlive the response: a literal
  std::string body;
  std::vector<std::pair<std::string, std::string>>
      headers;  // further ones; not the framing headers
};

}  // namespace sb::http
