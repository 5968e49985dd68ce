// Cuts the answer to a list into its items while it arrives, so that no page is ever held whole: a
// list of 80 MB takes the memory of its largest item.
//
//   ListSplitter list(kMaxItemBytes);
//   for (bytes arrive) if (list.Feed(bytes, [](std::string_view item) { …; return true; }) !=
//                          ListSplitter::Result::kMore) …
//   if (list.Complete()) Json rest = Json::parse(list.envelope());   // metadata, and "items":[]
//
// Finds structure only; whether an item is JSON is for its decoder to say. Bytes may be cut
// anywhere. After any result but kMore the splitter is of no more use.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace sb::kube {

class ListSplitter {
 public:
  enum class Result {
    kMore,       // so far, so good
    kStopped,    // on_item returned false
    kTooLong,    // an item, or what surrounds the items, is longer than allowed
    kMalformed,  // cannot be a JSON object any more
  };
  static constexpr std::size_t kMaxEnvelopeBytes = 256 << 10;

  explicit ListSplitter(std::size_t max_item_bytes) : max_item_bytes_(max_item_bytes) {}

  Result Feed(std::string_view bytes, const std::function<bool(std::string_view item)>& on_item);

  // The whole object has been seen.
  bool Complete() const { return complete_; }
  // A non-empty list was found under "items" of the outermost object, or an empty one.
  bool HasItems() const { return items_seen_; }
  // Everything but the items.
  const std::string& envelope() const { return envelope_; }

 private:
  Result Surrounding(char c);
  Result BetweenItems(char c);
  // Behind the item's last byte, or nullptr if it goes on beyond `end`.
  const char* EndOfItem(const char* at, const char* end);
  const char* EndOfString(const char* at, const char* end);

  const std::size_t max_item_bytes_;
  std::string envelope_;
  std::string item_;           // the part of an item that came in earlier bytes
  std::string last_key_;       // the last name of a member of the outermost object
  std::size_t key_start_ = 0;  // in the envelope
  int depth_ = 0;              // outside of items
  int item_depth_ = 0;         // inside an item; 0: not in one
  bool in_string_ = false;
  bool escaped_ = false;
  bool after_colon_ = false;
  bool in_items_ = false;  // between the brackets
  bool items_seen_ = false;
  bool complete_ = false;
};

}  // namespace sb::kube
