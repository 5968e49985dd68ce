#include "app/auth/key_set.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

namespace todo::auth {
namespace {

using sb::ErrorCode;
using sb::Expected;
using sb::Fail;

struct File {
  std::string bytes;
  std::int64_t modified_seconds;
};

bool IsKeyId(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::string WithoutLineBreaks(std::string bytes) {
  std::string_view text = bytes;
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  const bool is_text =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (is_text) bytes.resize(text.size());
  return bytes;
}

Expected<File> ReadFile(const std::string& path) {
  // Non-blocking: a pipe in the folder must not hold the process up.
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return Fail(ErrorCode::kNotFound, path + ": " + std::strerror(errno));
  struct stat about {};
  File file;
  Expected<void> read;
  if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) {
    read = Fail(ErrorCode::kInvalidArgument, path + ": not a file");
  } else {
    file.modified_seconds = about.st_mtim.tv_sec;
    char bytes[kMaxKeyBytes + 1];
    ssize_t count = 0;
    while ((count = ::read(descriptor, bytes, sizeof bytes)) > 0) {
      file.bytes.append(bytes, static_cast<std::size_t>(count));
      if (file.bytes.size() > kMaxKeyBytes) break;
    }
    if (count < 0) read = Fail(ErrorCode::kUnavailable, path + ": " + std::strerror(errno));
  }
  close(descriptor);
  if (!read) return tl::unexpected<sb::Error>(read.error());
  return file;
}

Expected<std::string> KeyOf(const std::string& path, std::string bytes) {
  std::string secret = WithoutLineBreaks(std::move(bytes));
  if (secret.size() < kMinKeyBytes) {
    return Fail(ErrorCode::kInvalidArgument,
                path + ": a key of " + std::to_string(secret.size()) +
                    " bytes is too short; it must have at least 32, made at random");
  }
  if (secret.size() > kMaxKeyBytes) {
    return Fail(ErrorCode::kInvalidArgument, path + ": a key has at most 4096 bytes");
  }
  return secret;
}

// The names in a folder that are not hidden, in order. Nothing: not a folder.
std::optional<std::vector<std::string>> NamesIn(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(opendir(path.c_str()), closedir);
  if (!folder) return std::nullopt;
  std::vector<std::string> names;
  while (const dirent* const entry = readdir(folder.get())) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Expected<KeySet> ReadFolder(const std::string& path, const std::vector<std::string>& names) {
  KeySet set;
  std::optional<std::string> current;
  std::int64_t newest = 0;
  for (const std::string& name : names) {
    const std::string file_path = path + "/" + name;
    Expected<File> file = ReadFile(file_path);
    if (!file) return tl::unexpected<sb::Error>(file.error());
    if (name == kCurrentFile) {
      current = WithoutLineBreaks(std::move(file->bytes));
      continue;
    }
    if (!IsKeyId(name)) {
      return Fail(ErrorCode::kInvalidArgument,
                  file_path + ": a key's name has 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    if (set.keys.size() == kMaxKeys) {
      return Fail(ErrorCode::kInvalidArgument, path + ": more than 32 keys; remove old ones");
    }
    Expected<std::string> secret = KeyOf(file_path, std::move(file->bytes));
    if (!secret) return tl::unexpected<sb::Error>(secret.error());
    set.keys.push_back({name, std::move(*secret)});
    if (set.keys.size() == 1 || file->modified_seconds >= newest) {
      newest = file->modified_seconds;
      set.signing = set.keys.size() - 1;
    }
  }
  if (set.keys.empty()) return Fail(ErrorCode::kNotFound, path + ": no key in this folder");
  if (current) {
    const auto named = std::find_if(set.keys.begin(), set.keys.end(),
                                    [&](const SigningKey& key) { return key.id == *current; });
    if (named == set.keys.end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  path + "/current: does not hold the name of a key in this folder");
    }
    set.signing = static_cast<std::size_t>(named - set.keys.begin());
  }
  return set;
}

void AppendStamp(std::string& stamp, const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    stamp += "missing;";
    return;
  }
  for (const long long number :
       {static_cast<long long>(about.st_ino), static_cast<long long>(about.st_size),
        static_cast<long long>(about.st_mtim.tv_sec), static_cast<long long>(about.st_mtim.tv_nsec),
        static_cast<long long>(about.st_ctim.tv_sec),
        static_cast<long long>(about.st_ctim.tv_nsec)}) {
    stamp += std::to_string(number) + ",";
  }
  stamp += ';';
}

}  // namespace

Expected<KeySet> ReadKeys(const std::string& path) {
  if (const auto names = NamesIn(path)) return ReadFolder(path, *names);
  Expected<File> file = ReadFile(path);
  if (!file) return tl::unexpected<sb::Error>(file.error());
  Expected<std::string> secret = KeyOf(path, std::move(file->bytes));
  if (!secret) return tl::unexpected<sb::Error>(secret.error());
  KeySet set;
  set.keys.push_back({kDefaultKeyId, std::move(*secret)});
  return set;
}

std::string StampOf(const std::string& path) {
  std::string stamp;
  if (const auto names = NamesIn(path)) {
    for (const std::string& name : *names) {
      stamp += name + ":";
      AppendStamp(stamp, path + "/" + name);
    }
  } else {
    AppendStamp(stamp, path);
  }
  return stamp;
}

}  // namespace todo::auth
