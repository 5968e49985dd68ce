// The encoding of a kube::Object's body, shared by its reader and its writer.
//
// A value is a tag byte, then what the type needs. The low three bits are the type, the high five a
// small number n; n = 31 means that the number follows as a varint (LEB128).
//   kConstant  n: 0 null, 1 false, 2 true
//   kPositive  the integer          kNegative  -1 - the integer
//   kDouble    8 bytes
//   kText      length; the bytes    kWord      the word of the vocabulary
//   kArray     count; varint length of the content in bytes; the elements
//   kObject    count; varint length of the content in bytes; the members: a varint word + 1 and the
//              value, or 0, a varint length, the name and the value
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

namespace sb::kube::format {

enum Tag : std::uint8_t {
  kConstant,
  kPositive,
  kNegative,
  kDouble,
  kText,
  kWord,
  kArray,
  kObject,
};

inline constexpr unsigned kFollows = 31;

inline Tag TagAt(const char* at) { return static_cast<Tag>(static_cast<unsigned char>(*at) & 7); }

inline std::uint64_t ReadVarint(const char*& at) {
  std::uint64_t number = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    number |= std::uint64_t{byte & 127u} << shift;
    if (byte < 128) return number;
  }
}

inline void WriteVarint(std::string& to, std::uint64_t number) {
  for (; number >= 128; number >>= 7) to += static_cast<char>((number & 127) | 128);
  to += static_cast<char>(number);
}

// The tag's number; `at` is moved behind it.
inline std::uint64_t ReadNumber(const char*& at) {
  const unsigned small = static_cast<unsigned char>(*at++) >> 3;
  return small == kFollows ? ReadVarint(at) : small;
}

inline void WriteTag(std::string& to, Tag tag, std::uint64_t number) {
  if (number < kFollows) {
    to += static_cast<char>(tag | number << 3);
  } else {
    to += static_cast<char>(tag | kFollows << 3);
    WriteVarint(to, number);
  }
}

}  // namespace sb::kube::format
