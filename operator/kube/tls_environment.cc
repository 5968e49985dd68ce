#include "operator/kube/tls_environment.h"

#include <openssl/x509.h>
#include <stdlib.h>
#include <unistd.h>

#include <optional>
#include <string_view>

namespace sb::kube {
namespace {

std::optional<std::string> Variable(const char* name) {
  const char* value = getenv(name);
  return value ? std::optional<std::string>(value) : std::nullopt;
}

struct Roots {
  Roots()
      : file(Variable(X509_get_default_cert_file_env())),
        directory(Variable(X509_get_default_cert_dir_env())) {
    bundle = file && !file->empty() ? *file : X509_get_default_cert_file();
    // OpenSSL's own file may be missing where Debian's bundle is there.
    constexpr char kDebianBundle[] = "/etc/ssl/certs/ca-certificates.crt";
    if (access(bundle.c_str(), R_OK) != 0) bundle = kDebianBundle;
    setenv(X509_get_default_cert_file_env(), "/dev/null", 1);
    setenv(X509_get_default_cert_dir_env(), "/nonexistent", 1);
  }

  const std::optional<std::string> file;
  const std::optional<std::string> directory;
  std::string bundle;
};

const Roots& OriginalRoots() {
  static const Roots roots;
  return roots;
}

}  // namespace

void HideSystemRoots() { (void)OriginalRoots(); }

const std::string& SystemCaFile() { return OriginalRoots().bundle; }

std::vector<std::string> EnvironmentForChildren() {
  const Roots& roots = OriginalRoots();
  const std::string file = std::string(X509_get_default_cert_file_env()) + "=";
  const std::string directory = std::string(X509_get_default_cert_dir_env()) + "=";
  std::vector<std::string> variables;
  for (char** at = environ; *at; ++at) {
    const std::string_view variable = *at;
    if (!variable.starts_with(file) && !variable.starts_with(directory)) {
      variables.emplace_back(variable);
    }
  }
  if (roots.file) variables.push_back(file + *roots.file);
  if (roots.directory) variables.push_back(directory + *roots.directory);
  return variables;
}

}  // namespace sb::kube
