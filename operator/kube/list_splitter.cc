#include "operator/kube/list_splitter.h"

#include <cstring>

namespace sb::kube {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

}  // namespace

ListSplitter::Result ListSplitter::Feed(std::string_view bytes,
                                        const std::function<bool(std::string_view item)>& on_item) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != end) {
    if (item_depth_ == 0) {
      const Result result = in_items_ ? BetweenItems(*at) : Surrounding(*at);
      if (result != Result::kMore) return result;
      if (item_depth_ == 0) ++at;  // else an item begins right here
      continue;
    }
    const char* const begin = at;
    const char* const item_end = EndOfItem(at, end);
    at = item_end ? item_end : end;
    const std::string_view part(begin, static_cast<std::size_t>(at - begin));
    if (item_.size() + part.size() > max_item_bytes_) return Result::kTooLong;
    if (!item_end || !item_.empty()) item_.append(part);
    if (!item_end) break;
    item_depth_ = 0;
    const bool more = on_item(item_.empty() ? part : std::string_view(item_));
    item_.clear();
    if (!more) return Result::kStopped;
  }
  return Result::kMore;
}

ListSplitter::Result ListSplitter::BetweenItems(char c) {
  if (IsSpace(c) || c == ',') return Result::kMore;
  if (c == ']') {
    in_items_ = false;
    envelope_ += c;
    return Result::kMore;
  }
  if (c != '{') return Result::kMalformed;  // only objects can be items
  item_depth_ = -1;                         // begun, nothing of it seen
  return Result::kMore;
}

const char* ListSplitter::EndOfItem(const char* at, const char* end) {
  int depth = item_depth_ < 0 ? 0 : item_depth_;
  while (at != end) {
    if (in_string_) {
      at = EndOfString(at, end);
      continue;
    }
    const char c = *at++;
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if ((c == '}' || c == ']') && --depth == 0) {
      return at;
    }
  }
  item_depth_ = depth;
  return nullptr;
}

// Most bytes of an object are inside strings, so these are skipped by memchr: behind the next quote
// that is not escaped, or `end`. A quote is escaped by an odd number of backslashes before it,
// which may have come in earlier bytes.
const char* ListSplitter::EndOfString(const char* at, const char* end) {
  const char* const begin = at;
  for (;;) {
    const auto* quote =
        static_cast<const char*>(std::memchr(at, '"', static_cast<std::size_t>(end - at)));
    const char* const stop = quote ? quote : end;
    const char* backslashes = stop;
    while (backslashes != at && backslashes[-1] == '\\') --backslashes;
    bool odd = (stop - backslashes) % 2 != 0;
    if (backslashes == begin && escaped_) odd = !odd;
    if (!quote) {
      escaped_ = odd;
      return end;
    }
    at = quote + 1;
    if (odd) continue;
    in_string_ = escaped_ = false;
    return at;
  }
}

ListSplitter::Result ListSplitter::Surrounding(char c) {
  if (depth_ == 0) {
    if (IsSpace(c)) return Result::kMore;
    if (c != '{' || complete_) return Result::kMalformed;
  }
  if (envelope_.size() >= kMaxEnvelopeBytes) return Result::kTooLong;
  envelope_ += c;
  if (in_string_) {
    if (escaped_) {
      escaped_ = false;
    } else if (c == '\\') {
      escaped_ = true;
    } else if (c == '"') {
      in_string_ = false;
      if (depth_ == 1 && !after_colon_) {
        last_key_ = envelope_.substr(key_start_, envelope_.size() - 1 - key_start_);
      }
    }
    return Result::kMore;
  }
  switch (c) {
    case '"':
      in_string_ = true;
      key_start_ = envelope_.size();
      break;
    case ':':
      if (depth_ == 1) after_colon_ = true;
      break;
    case ',':
      if (depth_ == 1) after_colon_ = false;
      break;
    case '[':
      if (depth_ == 1 && after_colon_ && last_key_ == "items") {
        if (items_seen_) return Result::kMalformed;
        in_items_ = items_seen_ = true;
        break;
      }
      ++depth_;
      break;
    case '{':
      ++depth_;
      break;
    case '}':
    case ']':
      if (--depth_ == 0) complete_ = true;
      break;
    default:
      break;
  }
  return Result::kMore;
}

}  // namespace sb::kube
