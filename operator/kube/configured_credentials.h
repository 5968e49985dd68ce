// Credentials that a configuration holds or names files of: a token or the file of one, a client
// certificate or its files.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "operator/kube/credentials.h"
#include "operator/kube/rotating_file.h"

namespace sb::kube {

// Files are read again when they are a minute old, and after a refusal. What cannot be read or used
// (empty, half written, a key that does not fit yet) keeps the last good token or pair.
class ConfiguredCredentials : public CredentialSource {
 public:
  // kInvalidArgument if there is a certificate to start with and it is not usable.
  static Expected<std::shared_ptr<CredentialSource>> Make(const ClusterConfig& config,
                                                          const Clock& clock);

  Expected<Credentials> Get(TimePoint deadline, std::stop_token stop) override;
  void NoteRefused(const Credentials& used) override;

 private:
  ConfiguredCredentials(const ClusterConfig& config, const Clock& clock);
  // Reads the pair again and takes it if it is another one and usable. Under certificate_mutex_.
  Expected<void> RefreshCertificate();

  const bool wants_token_;
  const bool wants_certificate_;
  RotatingFile token_;
  RotatingFile certificate_file_;
  RotatingFile key_file_;
  std::mutex certificate_mutex_;
  std::string certificate_pem_;  // of certificate_
  std::string key_pem_;
  std::shared_ptr<const ClientCertificate> certificate_;
};

}  // namespace sb::kube
