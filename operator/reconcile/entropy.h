// Random strings for new credentials, from OpenSSL's generator.
#pragma once

#include "operator/resources/credentials.h"

namespace sb::reconcile {

// Each call draws anew. Ends the process if the system has no randomness: no credential is better
// than a guessable one.
resources::Entropy DrawEntropy();

}  // namespace sb::reconcile
