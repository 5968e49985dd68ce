#include "app/cache/reply.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace todo::cache {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

constexpr std::size_t kMostBytes = std::size_t{64} << 20;
constexpr std::size_t kMostNodes = 1'000'000;
constexpr std::size_t kMostDepth = 16;
constexpr std::size_t kMostLine = 64 * 1024;  // of an error or a status
// Room that an aggregate takes before its elements are there: its length is only a promise.
constexpr std::size_t kMostReserved = 1'024;

auto Senseless(const char* what) {
  return Fail(ErrorCode::kInternal, std::string("redis: ") + what);
}

bool ParseWhole(std::string_view digits, std::int64_t& number) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const char* const end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, number);
  return failed == std::errc() && stop == end && !digits.empty();
}

void AppendLength(std::string& out, char kind, std::size_t length) {
  char digits[24];
  digits[0] = kind;
  char* const end = std::to_chars(digits + 1, digits + sizeof digits - 2, length).ptr;
  end[0] = '\r';
  end[1] = '\n';
  out.append(digits, static_cast<std::size_t>(end + 2 - digits));
}

}  // namespace

void ReplyReader::Feed(std::string_view bytes) {
  Compact();
  buffer_ += bytes;
}

// What was read goes when it is all that there is, or most of it.
void ReplyReader::Compact() {
  if (position_ < buffer_.size() && position_ < kMostLine) return;
  buffer_.erase(0, position_);
  wanted_ -= std::min(wanted_, position_);
  position_ = 0;
}

Expected<bool> ReplyReader::Next(Reply& reply) {
  while (position_ < buffer_.size() && buffer_.size() >= wanted_) {
    wanted_ = 0;
    const Expected<bool> read = ReadOne();
    if (!read || !*read) return read;
    if (!Close()) continue;
    reply = Reply(std::exchange(root_, Node()));
    nodes_ = bytes_ = 0;
    return true;
  }
  return false;
}

Node& ReplyReader::Place() {
  ++nodes_;
  if (frames_.empty()) return root_;
  Frame& inner = frames_.back();
  --inner.left;
  // Frames point at nodes that are the last of their parents, which grow only when those are done.
  return inner.node->elements.emplace_back();
}

bool ReplyReader::Close() {
  while (!frames_.empty() && frames_.back().left == 0) frames_.pop_back();
  return frames_.empty();
}

Expected<bool> ReplyReader::ReadOne() {
  const std::size_t newline = buffer_.find('\n', position_);
  if (newline == std::string::npos) {
    if (buffer_.size() - position_ > kMostLine) return Senseless("a line is too long");
    return false;
  }
  if (newline - position_ > kMostLine) return Senseless("a line is too long");
  const std::size_t after = newline + 1;
  const char type = buffer_[position_];
  if (newline - position_ < 2 || buffer_[newline - 1] != '\r') return Senseless("a broken line");
  const std::string_view line(buffer_.data() + position_ + 1, newline - position_ - 2);
  if (nodes_ >= kMostNodes || bytes_ + line.size() > kMostBytes) {
    return Senseless("a reply is too large");
  }
  std::int64_t number = 0;
  switch (type) {
    case '+':
    case ',':
    case '(':
    case '-': {
      bytes_ += line.size();
      Node& node = Place();
      node.kind = type == '-' ? Node::Kind::kError : Node::Kind::kText;
      node.text = line;
      position_ = after;
      return true;
    }
    case ':':
    case '#': {
      if (type == '#') {
        number = line == "t";
        if (line != "t" && line != "f") return Senseless("a broken boolean");
      } else if (!ParseWhole(line, number)) {
        return Senseless("a broken number");
      }
      Node& node = Place();
      node.kind = Node::Kind::kInteger;
      node.integer = number;
      position_ = after;
      return true;
    }
    case '_':
      Place();
      position_ = after;
      return true;
    case '$':
    case '!':
    case '=':
      if (!ParseWhole(line, number) || number < -1) return Senseless("a broken length");
      return ReadBulk(number, after, type == '!' ? Node::Kind::kError : Node::Kind::kText,
                      type == '=');
    case '*':
    case '~':
    case '>':
    case '%':
      if (!ParseWhole(line, number) || number < -1) return Senseless("a broken length");
      return OpenAggregate(type, number, after);
    default:
      return Senseless("an unknown kind of reply");
  }
}

Expected<bool> ReplyReader::ReadBulk(std::int64_t length, std::size_t line_end, Node::Kind kind,
                                     bool verbatim) {
  if (length < 0) {
    Place();
    position_ = line_end;
    return true;
  }
  const auto size = static_cast<std::size_t>(length);
  if (size > kMostBytes || bytes_ + size > kMostBytes) return Senseless("a reply is too large");
  if (buffer_.size() - line_end < size + 2) {
    wanted_ = line_end + size + 2;
    return false;
  }
  if (buffer_[line_end + size] != '\r' || buffer_[line_end + size + 1] != '\n') {
    return Senseless("a string without an end");
  }
  bytes_ += size;
  std::string_view text(buffer_.data() + line_end, size);
  if (verbatim) text.remove_prefix(std::min<std::size_t>(4, size));  // "txt:"
  Node& node = Place();
  node.kind = kind;
  node.text = text;
  position_ = line_end + size + 2;
  return true;
}

Expected<bool> ReplyReader::OpenAggregate(char type, std::int64_t length, std::size_t line_end) {
  if (frames_.size() >= kMostDepth) return Senseless("a reply is nested too deeply");
  const std::size_t size =
      length < 0 ? 0 : static_cast<std::size_t>(length) * (type == '%' ? 2u : 1u);
  if (static_cast<std::size_t>(length + 1) > kMostNodes || size > kMostNodes) {
    return Senseless("a reply is too large");
  }
  Node& node = Place();
  position_ = line_end;
  if (length < 0) return true;
  node.kind = type == '>' ? Node::Kind::kPush : Node::Kind::kArray;
  node.elements.reserve(std::min(size, kMostReserved));
  frames_.push_back({&node, size});
  return true;
}

void AppendCommand(std::string& out, std::span<const std::string_view> words) {
  AppendLength(out, '*', words.size());
  for (const std::string_view word : words) {
    AppendLength(out, '$', word.size());
    out += word;
    out += "\r\n";
  }
}

}  // namespace todo::cache
