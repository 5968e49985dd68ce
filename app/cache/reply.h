// What Redis answers (RESP2), and how a command is written. The parser is hiredis'.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/error.h"

struct redisReply;
struct redisReader;

namespace todo::cache {

// A view of one value inside a reply.
class Value {
 public:
  explicit Value(const redisReply* reply) : reply_(reply) {}

  bool is_nil() const;
  bool is_array() const;
  bool is_error() const;
  // A string's, status' or error's text, or "".
  std::string_view text() const;
  std::int64_t integer() const;
  // Elements of an array; 0 for everything else.
  std::size_t size() const;
  // An element, or nil if there is none: what a server sends is not trusted to have a shape.
  Value operator[](std::size_t i) const;

 private:
  const redisReply* reply_;  // nullptr: nil
};

// A whole reply; never an error (those are sb::Error).
class Reply {
 public:
  Reply() = default;
  explicit Reply(redisReply* owned) : reply_(owned) {}
  Value value() const { return Value(reply_.get()); }

 private:
  struct Free {
    void operator()(redisReply* reply) const;
  };
  std::unique_ptr<redisReply, Free> reply_;
};

// Bytes of a stream into replies.
class ReplyReader {
 public:
  ReplyReader();
  void Feed(std::string_view bytes);
  // True: `reply` holds the next one (its value may be an error). False: more bytes are needed. An
  // Error: the stream makes no sense, or a reply is larger than 64 MiB; give the connection up.
  sb::Expected<bool> Next(Reply& reply);

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

// Appends a command: *2 $3 GET $1 x.
void AppendCommand(std::string& out, std::span<const std::string_view> words);

}  // namespace todo::cache
