// PostgreSQL's binary form of one-dimensional arrays without nulls (array_recv): for $1::bigint[]
// and $1::text[], so that one statement takes the values of many requests.
//
//   BigintArray ids;
//   ids.Add(7);
//   parameters.Text(ids.Bytes());
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace todo::store {

class ArrayWriter {
 public:
  void Add(std::string_view value) {
    ++count_;
    AppendInt32(values_, static_cast<std::uint32_t>(value.size()));
    values_ += value;
  }
  // Dimensions, no nulls, element type, length, lower bound 1, then each value behind its length.
  std::string Bytes() const {
    std::string bytes;
    for (const std::uint32_t number : {1u, 0u, type_, count_, 1u}) AppendInt32(bytes, number);
    return bytes + values_;
  }

 protected:
  explicit ArrayWriter(std::uint32_t type) : type_(type) {}

 private:
  static void AppendInt32(std::string& to, std::uint32_t number) {
    for (int shift = 24; shift >= 0; shift -= 8) to += static_cast<char>(number >> shift);
  }

  const std::uint32_t type_;  // pg_type.oid of the elements
  std::uint32_t count_ = 0;
  std::string values_;
};

class TextArray : public ArrayWriter {
 public:
  TextArray() : ArrayWriter(25) {}
};

class BigintArray : public ArrayWriter {
 public:
  BigintArray() : ArrayWriter(20) {}
  void Add(std::int64_t value) {
    char bytes[8];
    for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i));
    ArrayWriter::Add({bytes, sizeof bytes});
  }
};

class BooleanArray : public ArrayWriter {
 public:
  BooleanArray() : ArrayWriter(16) {}
  void Add(bool value) {
    const char byte = value ? 1 : 0;
    ArrayWriter::Add({&byte, 1});
  }
};

}  // namespace todo::store
