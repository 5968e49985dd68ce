// The name of a user's entry in Redis, without an allocation: "user:7".
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace todo::users {

class CacheKey {
 public:
  explicit CacheKey(std::int64_t id) {
    const auto end = std::to_chars(bytes_ + 5, bytes_ + sizeof bytes_, id).ptr;
    size_ = static_cast<std::size_t>(end - bytes_);
  }
  operator std::string_view() const { return {bytes_, size_}; }

  // The id in a key, or none if it is another kind of key.
  static std::optional<std::int64_t> IdOf(std::string_view key) {
    if (!key.starts_with("user:")) return std::nullopt;
    std::int64_t id = 0;
    const char* const end = key.data() + key.size();
    const auto [stop, failed] = std::from_chars(key.data() + 5, end, id);
    if (failed != std::errc() || stop != end) return std::nullopt;
    return id;
  }

 private:
  char bytes_[32] = {'u', 's', 'e', 'r', ':'};
  std::size_t size_;
};

}  // namespace todo::users
