// What Redis answers (RESP2, and of RESP3 what a server may send unasked), and how a command is
// written.
//
//   ReplyReader reader;
//   reader.Feed(bytes);
//   for (Reply reply; ;) {
//     Expected<bool> next = reader.Next(reply);
//     if (!next || !*next) break;                // the stream is broken; or more bytes are needed
//     Use(reply.value());
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"

namespace todo::cache {

// One value, with those inside it.
struct Node {
  enum class Kind : std::uint8_t { kNil, kText, kError, kInteger, kArray, kPush };
  Kind kind = Kind::kNil;
  std::int64_t integer = 0;
  std::string text;
  std::vector<Node> elements;
};

// A view of one value inside a reply.
class Value {
 public:
  explicit Value(const Node* node) : node_(node) {}

  bool is_nil() const { return node_ == nullptr || node_->kind == Node::Kind::kNil; }
  bool is_array() const { return Is(Node::Kind::kArray) || is_push(); }
  bool is_error() const { return Is(Node::Kind::kError); }
  // RESP3: what the server says unasked; it answers no command.
  bool is_push() const { return Is(Node::Kind::kPush); }
  // A string's, status' or error's text, or "".
  std::string_view text() const { return node_ == nullptr ? std::string_view() : node_->text; }
  std::int64_t integer() const { return node_ == nullptr ? 0 : node_->integer; }
  // Elements of an array; 0 for everything else.
  std::size_t size() const { return node_ == nullptr ? 0 : node_->elements.size(); }
  // An element, or nil if there is none: what a server sends is not trusted to have a shape.
  Value operator[](std::size_t i) const {
    return Value(i < size() ? &node_->elements[i] : nullptr);
  }

 private:
  bool Is(Node::Kind kind) const { return node_ != nullptr && node_->kind == kind; }

  const Node* node_;  // nullptr: nil
};

// A whole reply; never an error (those are sb::Error).
class Reply {
 public:
  Reply() = default;
  explicit Reply(Node root) : root_(std::move(root)) {}
  Value value() const { return Value(&root_); }

 private:
  Node root_;
};

// Bytes of a stream into replies. A reply is at most 64 MiB, a million values and 16 levels deep.
// Maps are arrays of keys and values, sets are arrays, doubles and big numbers are texts.
class ReplyReader {
 public:
  void Feed(std::string_view bytes);
  // True: `reply` holds the next one (its value may be an error). False: more bytes are needed. An
  // Error: the stream makes no sense, or a reply is too large; give the connection up.
  sb::Expected<bool> Next(Reply& reply);

 private:
  // What is known of an aggregate whose elements are still to come.
  struct Frame {
    Node* node;
    std::size_t left;
  };
  // The next element's place: the root, or a new element of the innermost aggregate.
  Node& Place();
  // Ends what is complete; true if the whole reply is.
  bool Close();
  // Reads one header line and, of a bulk string, its bytes. False: more bytes are needed.
  sb::Expected<bool> ReadOne();
  sb::Expected<bool> ReadBulk(std::int64_t length, std::size_t line_end, Node::Kind kind,
                              bool verbatim);
  sb::Expected<bool> OpenAggregate(char type, std::int64_t length, std::size_t line_end);
  void Compact();

  std::string buffer_;
  std::size_t position_ = 0;  // read up to here
  std::size_t wanted_ = 0;    // the buffer's size before which another look is in vain
  std::size_t nodes_ = 0;     // of the present reply
  std::size_t bytes_ = 0;     // of the present reply
  Node root_;
  std::vector<Frame> frames_;
};

// Appends a command: *2 $3 GET $1 x.
void AppendCommand(std::string& out, std::span<const std::string_view> words);

}  // namespace todo::cache
