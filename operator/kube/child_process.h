// Runs a program to its end and returns what it printed: within a time, up to a size, and without
// anything of ours that it was not given (no shell, no descriptors, no terminal, nothing on its
// standard input, default signals).
//
//   auto program = FindProgram("aws", getenv("PATH"));
//   auto result = RunChild({*program, {"eks", "get-token"}, environment}, {.timeout = 30s}, stop);
//
// Safe in a process with threads. Blocks the caller.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "common/time.h"

namespace sb::kube {

struct ChildCommand {
  std::string program;  // a path
  std::vector<std::string> arguments = {};
  std::vector<std::string> environment = {};  // "NAME=value": all that it gets
};

struct ChildLimits {
  Duration timeout = std::chrono::seconds(30);
  std::size_t output_bytes = 1 << 20;
};

struct ChildResult {
  int exit_code = 0;  // 128 + the signal that ended it, as shells count
  std::string output = {};
  std::string last_error_line = {};  // of its standard error: at most 300 bytes of printable ASCII
};

// kNotFound if the program cannot be started, kDeadlineExceeded and kCancelled (`stop`) if it did
// not end by itself, kInternal if it printed too much; it and what it started are killed then.
Expected<ChildResult> RunChild(const ChildCommand& command, const ChildLimits& limits,
                               std::stop_token stop);

// The path of the program `name`, looked up in `path_list` ($PATH) unless it holds a '/'. Relative
// directories of the list are skipped: they would run what lies around. Nothing if there is none.
std::optional<std::string> FindProgram(const std::string& name, std::string_view path_list);

}  // namespace sb::kube
