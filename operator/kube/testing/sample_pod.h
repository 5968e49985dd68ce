// A pod as the API server sends it, about 8 kB of JSON, different for each number.
#pragma once

#include <string>

namespace sb::kube {

std::string SamplePod(int number);

}  // namespace sb::kube
