// The values of $1, $2, … in PostgreSQL's binary form: no escaping, no NUL-terminated copies. The
// SQL casts ($1::bigint, $2::text), because a binary value must have exactly the declared type.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace todo::store {

class Parameters {
 public:
  static constexpr int kMost = 12;

  Parameters& Integer(std::int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
    return Add({bytes, sizeof bytes});
  }
  Parameters& Text(std::string_view value) { return Add(value); }
  Parameters& Boolean(bool value) { return Add(value ? "\1" : std::string_view("\0", 1)); }
  Parameters& Null() {
    nulls_ |= 1u << count_;
    return Add({});
  }

  int count() const { return count_; }
  bool is_null(int i) const { return (nulls_ >> i & 1u) != 0; }
  std::string_view operator[](int i) const {
    const auto at = static_cast<std::size_t>(i);
    return std::string_view(bytes_).substr(starts_[at], starts_[at + 1] - starts_[at]);
  }

 private:
  Parameters& Add(std::string_view bytes) {
    bytes_ += bytes;
    starts_[static_cast<std::size_t>(++count_)] = bytes_.size();
    return *this;
  }

  std::string bytes_;
  std::array<std::size_t, kMost + 1> starts_{};
  int count_ = 0;
  unsigned nulls_ = 0;  // a bit each
};

}  // namespace todo::store
