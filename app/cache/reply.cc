#include "app/cache/reply.h"

#include <hiredis/hiredis.h>

#include <charconv>

namespace todo::cache {
namespace {

constexpr std::size_t kMostBuffered = std::size_t{64} << 20;

void AppendLength(std::string& out, char kind, std::size_t length) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, length).ptr;
  out += kind;
  out.append(digits, static_cast<std::size_t>(end - digits));
  out += "\r\n";
}

}  // namespace

bool Value::is_nil() const { return reply_ == nullptr || reply_->type == REDIS_REPLY_NIL; }
bool Value::is_array() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ARRAY; }
bool Value::is_error() const { return reply_ != nullptr && reply_->type == REDIS_REPLY_ERROR; }
std::string_view Value::text() const {
  if (reply_ == nullptr || reply_->str == nullptr) return {};
  return {reply_->str, static_cast<std::size_t>(reply_->len)};
}
std::int64_t Value::integer() const {
  return reply_ != nullptr && reply_->type == REDIS_REPLY_INTEGER ? reply_->integer : 0;
}
std::size_t Value::size() const { return is_array() ? reply_->elements : 0; }
Value Value::operator[](std::size_t i) const {
  return Value(i < size() ? reply_->element[i] : nullptr);
}

void Reply::Free::operator()(redisReply* reply) const { freeReplyObject(reply); }
void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader() : reader_(redisReaderCreate()) {}

void ReplyReader::Feed(std::string_view bytes) {
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

sb::Expected<bool> ReplyReader::Next(Reply& reply) {
  void* parsed = nullptr;
  if (redisReaderGetReply(reader_.get(), &parsed) != REDIS_OK) {
    return sb::Fail(sb::ErrorCode::kInternal, std::string("redis: ") + reader_->errstr);
  }
  if (parsed == nullptr) {
    if (reader_->len - reader_->pos > kMostBuffered) {
      return sb::Fail(sb::ErrorCode::kInternal, "redis: a reply is too large");
    }
    return false;
  }
  reply = Reply(static_cast<redisReply*>(parsed));
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
