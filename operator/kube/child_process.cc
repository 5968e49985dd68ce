#include "operator/kube/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <utility>

namespace sb::kube {
namespace {

constexpr std::size_t kErrorTail = 4096;
constexpr std::size_t kMaxErrorLine = 300;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  ~Descriptor() { Close(); }
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  int get() const { return fd_; }
  void Close() {
    if (fd_ >= 0) close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

struct Pipe {
  Descriptor read, write;
};

std::optional<Pipe> MakePipe() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  fcntl(ends[0], F_SETFL, O_NONBLOCK);  // of our end alone
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// An errno, or 0 with `child` set.
int Spawn(const ChildCommand& command, int output, int error, pid_t& child) {
  std::vector<std::string> arguments = {command.program};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
  // Libraries open sockets without close-on-exec.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  // A session of its own: no terminal to ask on, and one group to kill.
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  const int failure = posix_spawn(&child, command.program.c_str(), &actions, &attributes,
                                  Pointers(arguments).data(), Pointers(command.environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

// Takes what is there, and closes `from` at its end. Returns after 1 MiB, whatever comes after it:
// a pipe holds no more, and who writes without end has to meet the deadline.
void Drain(Descriptor& from, std::string& to) {
  char block[4096];
  for (int i = 0; i < 256 && from.get() >= 0; ++i) {
    const ssize_t count = read(from.get(), block, sizeof(block));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count > 0) {
      to.append(block, static_cast<std::size_t>(count));
    } else {
      from.Close();
    }
  }
}

std::string LastLine(std::string_view text) {
  const auto is_space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  text.remove_prefix(text.find_last_of("\r\n") + 1);  // npos + 1 is 0
  std::string line(text.substr(0, kMaxErrorLine));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return line;
}

// glibc 2.36 declares pidfd_open without C linkage.
int OpenPidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }

class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid), descriptor_(OpenPidfd(pid)) {}
  ~Child() {
    if (ended_) return;
    kill(-pid_, SIGKILL);
    Wait();
  }

  // Readable when it has ended; -1 if the kernel has no such thing (before 5.3).
  int descriptor() const { return descriptor_.get(); }

  // Its exit code.
  int Wait() {
    if (descriptor() < 0) kill(pid_, SIGKILL);  // changes nothing for one that is exiting
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    ended_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  const pid_t pid_;
  const Descriptor descriptor_;
  bool ended_ = false;
};

}  // namespace

Expected<ChildResult> RunChild(const ChildCommand& command, const ChildLimits& limits,
                               std::stop_token stop) {
  const TimePoint deadline = SystemClock().Now() + limits.timeout;
  auto output = MakePipe();
  auto error = MakePipe();
  Descriptor wake(eventfd(0, EFD_CLOEXEC));
  if (!output || !error || wake.get() < 0) {
    return Fail(ErrorCode::kNotFound, std::string("no pipes: ") + std::strerror(errno));
  }
  pid_t pid = -1;
  if (const int failure = Spawn(command, output->write.get(), error->write.get(), pid)) {
    return Fail(ErrorCode::kNotFound, std::string("cannot be started: ") + std::strerror(failure));
  }
  Child child(pid);
  output->write.Close();
  error->write.Close();
  const std::stop_callback wake_up(stop, [&wake] { eventfd_write(wake.get(), 1); });

  ChildResult result;
  std::string error_tail;
  for (bool ended = false; !ended;) {
    pollfd events[] = {{output->read.get(), POLLIN, 0},
                       {error->read.get(), POLLIN, 0},
                       {child.descriptor(), POLLIN, 0},
                       {wake.get(), POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SystemClock().Now());
    const int ready = poll(events, 4, static_cast<int>(std::max<long long>(left.count(), 0)));
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "stopped");
    if (ready == 0) {
      const auto seconds = std::chrono::duration<double>(limits.timeout).count();
      return Fail(ErrorCode::kDeadlineExceeded,
                  "did not end within " + std::to_string(static_cast<int>(seconds)) + " s");
    }
    // Ended before what it printed is taken: so nothing of that is missed. What it started may hold
    // the pipes open for ever, and is not waited for. A kernel without pidfd has only the pipes.
    ended = child.descriptor() >= 0 ? events[2].revents != 0
                                    : output->read.get() < 0 && error->read.get() < 0;
    Drain(output->read, result.output);
    Drain(error->read, error_tail);
    if (error_tail.size() > kErrorTail) error_tail.erase(0, error_tail.size() - kErrorTail);
    if (result.output.size() > limits.output_bytes) {
      return Fail(ErrorCode::kInternal,
                  "printed more than " + std::to_string(limits.output_bytes) + " bytes");
    }
  }
  result.exit_code = child.Wait();
  result.last_error_line = LastLine(error_tail);
  return result;
}

std::optional<std::string> FindProgram(const std::string& name, std::string_view path_list) {
  const auto can_run = [](const std::string& path) {
    std::error_code error;
    return std::filesystem::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) {
    return can_run(name) ? std::optional(name) : std::nullopt;
  }
  while (!path_list.empty()) {
    const std::size_t end = std::min(path_list.find(':'), path_list.size());
    const std::string directory(path_list.substr(0, end));
    path_list.remove_prefix(std::min(end + 1, path_list.size()));
    if (directory.starts_with('/') && can_run(directory + "/" + name)) {
      return directory + "/" + name;
    }
  }
  return std::nullopt;
}

}  // namespace sb::kube
