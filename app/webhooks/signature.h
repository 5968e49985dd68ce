// How a receiver knows that a delivery is ours (Standard Webhooks, standardwebhooks.com, which has
// verifying libraries): headers webhook-id, webhook-timestamp and
//   webhook-signature: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">
// keyed with the bytes behind "whsec_" in the webhook's secret. The timestamp is signed, so an old
// delivery cannot be replayed; the id is the job's, so a delivery that comes twice is known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace todo::webhooks {

// "whsec_" and base64 of 32 random bytes. Throws if the machine has no randomness.
std::string NewSecret();

// The value of webhook-signature; "" if `secret` is not one of ours.
std::string Sign(std::string_view secret, std::string_view id, std::int64_t unix_seconds,
                 std::string_view body);

}  // namespace todo::webhooks
