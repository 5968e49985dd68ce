// Files that live as long as a test.
#pragma once

#include <filesystem>
#include <string>

namespace sb::kube {

// A directory of its own, removed with all that is in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  // Writes the file in place, as a careless writer does; makes directories on its way. Returns its
  // path.
  std::string Write(const std::string& name, const std::string& content) const;
  // The same for a script that can be run.
  std::string WriteProgram(const std::string& name, const std::string& content) const;
  std::string Path(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One file in a directory of its own.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) { Write(content); }
  void Write(const std::string& content) const { directory_.Write("file", content); }
  std::string path() const { return directory_.Path("file"); }

 private:
  TemporaryDirectory directory_;
};

}  // namespace sb::kube
