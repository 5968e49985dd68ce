#include "operator/kube/child_process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "operator/kube/testing/temporary_files.h"

namespace sb::kube {
namespace {

using namespace std::chrono_literals;

Expected<ChildResult> Shell(const std::string& script, const ChildLimits& limits = {},
                            std::stop_token stop = {}) {
  return RunChild(
      {"/bin/sh", {"-c", script, "name", "one two", "$HOME"}, {"A=b c", "PATH=/bin:/usr/bin"}},
      limits, stop);
}

TEST(ChildProcess, GetsItsArgumentsAndItsEnvironmentAndNothingElse) {
  const auto result = Shell("printf '%s|' \"$@\" \"$A\"; echo \"$HOME\"");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->output, "one two|$HOME|b c|\n");
  EXPECT_EQ(result->exit_code, 0);
}

// A plugin that holds a connection of ours keeps it open after we closed it.
TEST(ChildProcess, InheritsNoDescriptorNoInputAndNoTerminal) {
  const int socket_without_cloexec = socket(AF_INET, SOCK_STREAM, 0);
  const auto result =
      Shell("ls /proc/self/fd | sort -n | tr '\\n' ' '; cat; cat </dev/tty || echo none");
  close(socket_without_cloexec);
  ASSERT_TRUE(result) << result.error().message;
  // 3 is the directory that ls reads.
  EXPECT_EQ(result->output, "0 1 2 3 none\n");
}

TEST(ChildProcess, StartsWithDefaultSignals) {
  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);  // as the operator's main does
  const auto handler = signal(SIGPIPE, SIG_IGN);
  const auto result = Shell("awk '/SigBlk|SigIgn/ {print $2}' /proc/self/status");
  signal(SIGPIPE, handler);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ASSERT_TRUE(result) << result.error().message;
  std::istringstream masks(result->output);
  unsigned long long mask = 0;
  while (masks >> std::hex >> mask) {
    EXPECT_EQ(mask & 0x7FFFFFFF, 0u) << "beyond signal 31 is the C library's";
  }
}

TEST(ChildProcess, SaysHowItEnded) {
  const auto failed =
      Shell("echo part; echo first >&2; printf 'l\\001st\\303\\274 line \\n\\n' >&2; exit 3");
  ASSERT_TRUE(failed) << failed.error().message;
  EXPECT_EQ(failed->exit_code, 3);
  EXPECT_EQ(failed->output, "part\n");
  EXPECT_EQ(failed->last_error_line, "l?st?? line");
  const auto killed = Shell("kill -TERM $$");
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_EQ(killed->exit_code, 128 + SIGTERM);
}

TEST(ChildProcess, CannotStart) {
  for (const char* program : {"/nonexistent/program", "/etc/passwd", "/tmp"}) {
    const auto result = RunChild({program}, {}, {});
    ASSERT_FALSE(result) << program;
    EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  }
}

// A plugin that hangs must not take every request with it.
TEST(ChildProcess, IsKilledWithItsChildrenAtTheDeadline) {
  TemporaryDirectory directory;
  const std::string pids = directory.Path("pids");
  // Enough for a shell to start on a busy machine.
  const auto result =
      Shell("trap '' TERM; sleep 1000 & echo $$ $! >" + pids + "; wait", {.timeout = 3s});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
  pid_t shell = 0, sleeper = 0;
  std::ifstream(pids) >> shell >> sleeper;
  ASSERT_GT(sleeper, 0);
  EXPECT_NE(kill(shell, 0), 0);
  // The sleeper died with its group, and is for init to collect: no longer a running process.
  const std::string stat_path = "/proc/" + std::to_string(sleeper) + "/stat";
  for (const auto until = std::chrono::steady_clock::now() + 60s;;) {
    std::string pid, name, state;
    std::ifstream stat(stat_path);
    if (!(stat >> pid >> name >> state) || state == "Z") break;
    ASSERT_LT(std::chrono::steady_clock::now(), until) << "still " << state;
    std::this_thread::yield();
  }
}

TEST(ChildProcess, IsKilledAtStop) {
  TemporaryDirectory directory;
  const std::string fifo = directory.Path("fifo");
  ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
  std::stop_source stop;
  std::jthread stopper([&] {
    std::ifstream(fifo).get();  // it runs
    stop.request_stop();
  });
  const auto before = std::chrono::steady_clock::now();
  const auto result = Shell("echo >" + fifo + "; sleep 1000", {}, stop.get_token());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
}

TEST(ChildProcess, PrintsOnlySoMuch) {
  const auto result = Shell("cat /dev/zero", {.output_bytes = 100'000});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInternal);
  const auto exact = Shell("head -c 100000 /dev/zero", {.output_bytes = 100'000});
  ASSERT_TRUE(exact) << exact.error().message;
  EXPECT_EQ(exact->output.size(), 100'000u);
}

TEST(ChildProcess, ComplaintsWithoutEndMeetTheDeadline) {
  const auto result = Shell("cat /dev/zero >&2", {.timeout = 300ms});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDeadlineExceeded);
}

// Some plugins leave a helper running, which inherits their output.
TEST(ChildProcess, WhatItLeavesBehindIsNotWaitedFor) {
  const auto result = Shell("sleep 1000 & echo $!");
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->exit_code, 0);
  const pid_t left = static_cast<pid_t>(std::stol(result->output));
  EXPECT_EQ(kill(left, SIGKILL), 0) << "it is not killed either";
}

TEST(ChildProcess, ManyAtOnceFromManyThreads) {
  std::vector<std::jthread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&good, i] {
      for (int k = 0; k < 10; ++k) {
        const std::string number = std::to_string(i * 100 + k);
        const auto result = Shell("echo " + number + "; exit " + std::to_string(k));
        good += result && result->output == number + "\n" && result->exit_code == k;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(good, 40);
}

TEST(FindProgram, LooksInAbsoluteDirectoriesOnly) {
  TemporaryDirectory directory;
  const std::string program = directory.WriteProgram("bin/aws", "#!/bin/sh\n");
  directory.Write("first/aws", "cannot be run");
  const std::string list = ":.:bin:" + directory.Path("none") + ":" + directory.Path("first") +
                           ":" + directory.Path("bin");
  EXPECT_EQ(FindProgram("aws", list), program);
  EXPECT_EQ(FindProgram("gcloud", list), std::nullopt);
  EXPECT_EQ(FindProgram(program, ""), program);
  EXPECT_EQ(FindProgram(directory.Path("first/aws"), list), std::nullopt);
  EXPECT_EQ(FindProgram(directory.path(), list), std::nullopt) << "a directory";
}

}  // namespace
}  // namespace sb::kube
