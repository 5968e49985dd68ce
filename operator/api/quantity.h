// Kubernetes quantities ("500m", "10Gi", "1e3"), exact.
//
//   auto size = Quantity::Parse("1.5Gi");   // 1610612736
//   size->ToString();                       // "1536Mi"
//
// Held in thousandths, which is the finest that the HPA uses; finer values are rounded up, away
// from zero, as apimachinery does. Everything beyond ±9.2e15 units is refused, so arithmetic cannot
// overflow. Safe on any input.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sb::api {

class Quantity {
 public:
  Quantity() = default;
  static constexpr Quantity FromMilli(std::int64_t milli) {
    return Quantity(milli, Suffix::kDecimal);
  }

  // Grammar of resource.Quantity: sign, digits with an optional point, then one of
  // n u m "" k M G T P E, Ki Mi Gi Ti Pi Ei, or e/E with an exponent. Nothing else, no spaces.
  static std::optional<Quantity> Parse(std::string_view text);

  std::int64_t milli() const { return milli_; }
  // Canonical form, as the API server stores and returns it: no fraction, the largest suffix that
  // needs none, the suffix family that it was written in.
  std::string ToString() const;

  // By value: 1Gi == 1024Mi.
  friend bool operator==(Quantity a, Quantity b) { return a.milli_ == b.milli_; }
  friend std::strong_ordering operator<=>(Quantity a, Quantity b) { return a.milli_ <=> b.milli_; }

 private:
  enum class Suffix { kDecimal, kBinary, kExponent };
  constexpr Quantity(std::int64_t milli, Suffix suffix) : milli_(milli), suffix_(suffix) {}

  std::int64_t milli_ = 0;
  Suffix suffix_ = Suffix::kDecimal;
};

}  // namespace sb::api
