// The end of a process whose work is done must not wait for ever on what cannot be cancelled:
// Asio's resolver sits in getaddrinfo for half a minute when DNS is away.
#pragma once

#include <chrono>
#include <cstdlib>
#include <thread>

namespace todo {

// Exits with `code` if the process still lives after `grace`.
inline void ExitAtTheLatest(std::chrono::milliseconds grace, int code) {
  std::thread([grace, code] {
    std::this_thread::sleep_for(grace);
    std::_Exit(code);
  }).detach();
}

}  // namespace todo
