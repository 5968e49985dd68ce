#include "operator/kube/exec_credentials.h"

#include <cstdlib>
#include <utility>

#include "operator/kube/child_process.h"
#include "operator/kube/tls_environment.h"

namespace sb::kube {
namespace {

// `environment` with the variable set to `value`.
void Set(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
  std::erase_if(environment,
                [&](const std::string& variable) { return variable.starts_with(name + "="); });
  environment.push_back(name + "=" + value);
}

}  // namespace

ExecCredentials::ExecCredentials(const ClusterConfig& config, const Clock& clock,
                                 const Limits& limits)
    : config_(config),
      clock_(clock),
      limits_(limits),
      ca_file_(config.ca_file, Duration::zero(), clock, config.ca_pem) {
  HideSystemRoots();  // here, as the thread of a run must not change the environment
}

ExecCredentials::~ExecCredentials() = default;

bool ExecCredentials::IsValidFor(Duration ahead) const {
  if (!answer_ || refused_) return false;
  return !answer_->expires || clock_.WallNow() + ahead < *answer_->expires;
}

bool ExecCredentials::MayRun() const {
  return !running_ && (!ended_at_ || clock_.Now() - *ended_at_ >= limits_.pause);
}

void ExecCredentials::StartRun() {
  running_ = true;
  // The thread before it has nothing left to do but to end.
  run_ = std::jthread([this](std::stop_token stop) {
    auto answer = Run(stop);
    std::lock_guard lock(state_mutex_);
    if (answer) {
      answer_ = std::move(*answer);
      failure_.reset();
      refused_ = false;
    } else {
      failure_ = std::move(answer.error());
    }
    running_ = false;
    ended_at_ = clock_.Now();
    run_ended_.notify_all();
  });
}

Expected<Credentials> ExecCredentials::Get(TimePoint deadline, std::stop_token stop) {
  std::unique_lock lock(state_mutex_);
  if (IsValidFor(limits_.early)) return answer_->credentials;
  if (MayRun()) StartRun();
  if (IsValidFor(Duration::zero())) return answer_->credentials;
  if (!run_ended_.wait_until(lock, stop, deadline, [this] { return !running_; })) {
    const bool stopped = stop.stop_requested();
    return Fail(stopped ? ErrorCode::kCancelled : ErrorCode::kDeadlineExceeded,
                "user " + config_.exec->user + ": waited for exec plugin " + config_.exec->command);
  }
  if (failure_) return tl::unexpected(*failure_);
  return answer_->credentials;  // refused or expired though they may be: it is too early to ask
}

void ExecCredentials::NoteRefused(const Credentials& used) {
  std::lock_guard lock(state_mutex_);
  // Of many requests that are refused at once, the late ones used what has been replaced already.
  if (!answer_ || used.authorization != answer_->credentials.authorization ||
      used.certificate != answer_->credentials.certificate) {
    return;
  }
  refused_ = true;
}

Expected<ExecCredentials::Answer> ExecCredentials::Run(std::stop_token stop) {
  auto answer = Ask(stop);
  if (answer) return answer;
  return Fail(ErrorCode::kUnavailable, "user " + config_.exec->user + ": exec plugin " +
                                           config_.exec->command + " " + answer.error().message);
}

Expected<ExecCredentials::Answer> ExecCredentials::Ask(std::stop_token stop) {
  const ExecPlugin& plugin = *config_.exec;
  const char* path = std::getenv("PATH");
  const auto program = FindProgram(plugin.command, path ? path : "");
  if (!program) {
    return Fail(
        ErrorCode::kNotFound,
        "is not installed" + (plugin.install_hint.empty() ? "" : ": " + plugin.install_hint));
  }
  std::vector<std::string> environment = EnvironmentForChildren();
  for (const auto& [name, value] : plugin.environment) Set(environment, name, value);
  Set(environment, "KUBERNETES_EXEC_INFO",
      ExecInfo(config_, plugin, ca_file_.Get())
          .dump(-1, ' ', true, Json::error_handler_t::replace));
  auto result = RunChild({*program, plugin.arguments, std::move(environment)},
                         {.timeout = limits_.run}, stop);
  if (!result) return tl::unexpected(result.error());
  if (result->exit_code != 0) {
    const std::string& said = result->last_error_line;
    return Fail(ErrorCode::kUnavailable, "ended with " + std::to_string(result->exit_code) +
                                             (said.empty() ? "" : ": " + said));
  }
  auto printed = ParseExecCredential(result->output, plugin.api_version);
  if (!printed) return tl::unexpected(printed.error());
  Answer answer;
  answer.expires = printed->expires;
  if (!printed->token.empty()) {
    answer.credentials.authorization = BearerAuthorization(printed->token);
    if (answer.credentials.authorization.empty()) {
      return Fail(ErrorCode::kInternal, "printed a token with control characters");
    }
  }
  auto certificate = CertificateOf(*printed);
  if (!certificate) return tl::unexpected(certificate.error());
  answer.credentials.certificate = std::move(*certificate);
  answer.certificate_pem = std::move(printed->client_certificate_pem);
  return answer;
}

Expected<std::shared_ptr<const ClientCertificate>> ExecCredentials::CertificateOf(
    const ExecCredential& printed) {
  if (printed.client_certificate_pem.empty()) return nullptr;
  {
    std::lock_guard lock(state_mutex_);
    // The same object, so that nobody closes connections for it.
    if (answer_ && answer_->certificate_pem == printed.client_certificate_pem) {
      return answer_->credentials.certificate;
    }
  }
  auto parsed = ClientCertificate::Parse(printed.client_certificate_pem, printed.client_key_pem);
  if (parsed) return parsed;
  return Fail(parsed.error().code, "printed a pair that is not usable: " + parsed.error().message);
}

}  // namespace sb::kube
