#include "operator/kube/configured_credentials.h"

#include <chrono>
#include <utility>

namespace sb::kube {
namespace {

constexpr auto kMaxAge = std::chrono::minutes(1);

}  // namespace

ConfiguredCredentials::ConfiguredCredentials(const ClusterConfig& config, const Clock& clock)
    : wants_token_(!config.token.empty() || !config.token_file.empty()),
      wants_certificate_(!config.client_certificate_pem.empty() ||
                         !config.client_certificate_file.empty()),
      token_(config.token_file, kMaxAge, clock, config.token),
      certificate_file_(config.client_certificate_file, kMaxAge, clock,
                        config.client_certificate_pem),
      key_file_(config.client_key_file, kMaxAge, clock, config.client_key_pem) {}

Expected<std::shared_ptr<CredentialSource>> ConfiguredCredentials::Make(const ClusterConfig& config,
                                                                        const Clock& clock) {
  std::shared_ptr<ConfiguredCredentials> source(new ConfiguredCredentials(config, clock));
  std::lock_guard lock(source->certificate_mutex_);
  if (auto read = source->RefreshCertificate(); !read) return tl::unexpected(read.error());
  return source;
}

Expected<void> ConfiguredCredentials::RefreshCertificate() {
  if (!wants_certificate_) return {};
  std::string certificate_pem = certificate_file_.Get();
  std::string key_pem = key_file_.Get();
  if (certificate_ && certificate_pem == certificate_pem_ && key_pem == key_pem_) return {};
  auto parsed = ClientCertificate::Parse(certificate_pem, key_pem);
  if (!parsed) {
    // One of the two is still to be replaced: do not wait a minute for it.
    certificate_file_.Invalidate();
    key_file_.Invalidate();
    const std::string& path = certificate_file_.path();
    return Fail(parsed.error().code, (path.empty() ? "" : path + ": ") + parsed.error().message);
  }
  certificate_ = std::move(*parsed);
  certificate_pem_ = std::move(certificate_pem);
  key_pem_ = std::move(key_pem);
  return {};
}

Expected<Credentials> ConfiguredCredentials::Get(TimePoint, std::stop_token) {
  Credentials credentials;
  if (wants_token_) {
    credentials.authorization = BearerAuthorization(token_.Get());
    if (credentials.authorization.empty()) {
      return Fail(ErrorCode::kUnavailable, token_.path().empty()
                                               ? "the token holds white space or control characters"
                                               : "there is no token in " + token_.path());
    }
  }
  std::lock_guard lock(certificate_mutex_);
  (void)RefreshCertificate();  // an unusable pair keeps the last good one
  credentials.certificate = certificate_;
  return credentials;
}

void ConfiguredCredentials::NoteRefused(const Credentials&) {
  token_.Invalidate();
  certificate_file_.Invalidate();
  key_file_.Invalidate();
}

}  // namespace sb::kube
