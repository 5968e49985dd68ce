// Bytes in, requests out: the buffer of one connection, Beast's parser over it, and the framing
// guard that Beast 1.74 lacks (server.h names the rules).
//
//   RequestParser parser(limits);
//   while (parser.Advance() == RequestParser::Status::kNeedMore)
//   parser.Commit(Read(parser.Space())); Answer(parser.request()); parser.Next(); // whatever
//   follows (pipelining) stays buffered
//
// Header fields stay where they were read; only bodies are copied. Owned by one connection.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/http/wire/message.h"

namespace sb::http {

class RequestParser {
 public:
  enum class Status { kNeedMore, kComplete, kRefused };

  explicit RequestParser(std::size_t max_body_bytes);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Where to read into; never empty after kNeedMore. Invalidates the views of request().
  std::span<char> Space();
  void Commit(std::size_t bytes);

  Status Advance();
  // After kComplete, until Next() or Space(): without remote_address and certificate.
  const Request& request() const { return request_; }
  // After kComplete: may another request follow on this connection?
  bool keep_alive() const;
  bool http_1_0() const;
  // After kRefused: 400, 413 or 431. Nothing that follows on the connection can be trusted.
  int refusal() const { return refusal_; }
  // Has any byte of the request arrived?
  bool started() const { return begin_ != end_; }
  // True once: the client waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1).
  bool TakeExpectContinue();

  void Next();

 private:
  class Parser;
  struct Field {
    std::size_t name, name_size, value, value_size;  // offsets from begin_
  };

  Status Refuse(int status);
  bool Finish();
  void Compact();

  std::vector<char> buffer_;
  std::size_t begin_ = 0;   // the request being read starts here
  std::size_t parsed_ = 0;  // consumed by the parser up to here
  std::size_t end_ = 0;     // read up to here
  std::size_t header_end_ = 0;
  std::size_t max_body_bytes_;
  int refusal_ = 0;

  std::vector<Field> fields_;
  std::size_t method_size_ = 0, target_ = 0, target_size_ = 0;
  std::string body_;
  std::vector<HeaderField> views_;
  Request request_;
  std::unique_ptr<Parser> parser_;
};

}  // namespace sb::http
