// Kubernetes quantities as exact numbers: "100m", "1.5Gi", "2e3", "0.5".
#pragma once

#include <optional>
#include <string_view>

namespace sb::kube {

// True if both are quantities of the same amount ("1000m" and "1", "1024Mi" and "1Gi").
bool SameQuantity(std::string_view a, std::string_view b);

// The amount as a floating-point number; nothing if it is not a quantity.
std::optional<double> ParseQuantity(std::string_view text);

}  // namespace sb::kube
