// Where a list goes on: opaque to clients, so that its meaning can change, and bound to the list
// that it came from. Not a secret: whoever could forge one would still read only their own rows.
// The check is against mistakes, such as another filter half-way, which would skip rows silently.
//
//   const std::uint64_t list = ListOf(owner_id, "completed=true");
//   std::string cursor = EncodeCursor(41, list);
//   DecodeCursor(cursor, list);                    // 41
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace todo::v1 {

inline constexpr std::size_t kCursorLength = 34;

// What identifies a list: whose, and how filtered.
std::uint64_t ListOf(std::int64_t owner_id, std::string_view filter);

// `last_id`: of the last row that the client has.
std::string EncodeCursor(std::int64_t last_id, std::uint64_t list);

// Nothing: not one of ours, changed, or of another list.
std::optional<std::int64_t> DecodeCursor(std::string_view cursor, std::uint64_t list);

}  // namespace todo::v1
