// Names with a domain, as finalizers and annotations of others than Kubernetes itself must be:
// "example.com/clean-up".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sb::kube {

// What is wrong with `name`, and how it would be right; nothing if it is "domain/name" with a DNS
// subdomain (at most 253 characters) and a name of at most 63 letters, digits, '-', '_' and '.'
// that begins and ends with a letter or digit.
std::optional<std::string> WhyNotQualified(std::string_view name);

}  // namespace sb::kube
