#include "operator/kube/exec_credential.h"

#include <chrono>

#include "common/base64.h"

namespace sb::kube {
namespace {

tl::unexpected<Error> Refuse(const std::string& why) { return Fail(ErrorCode::kInternal, why); }

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// RFC 3339 with any offset.
std::optional<WallTime> ParseAnyTime(const std::string& text) {
  if (text.size() < 20) return std::nullopt;
  const std::string_view zone = std::string_view(text).substr(text.size() - 6);
  if ((zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return ParseTime(text);
  if (!IsDigits(zone.substr(1, 2)) || !IsDigits(zone.substr(4, 2))) return std::nullopt;
  const auto time = ParseTime(text.substr(0, text.size() - 6) + "Z");
  if (!time) return std::nullopt;
  const auto offset = std::chrono::minutes(((zone[1] - '0') * 10 + zone[2] - '0') * 60 +
                                           (zone[4] - '0') * 10 + zone[5] - '0');
  return zone[0] == '+' ? *time - offset : *time + offset;
}

}  // namespace

Json ExecInfo(const ClusterConfig& config, const ExecPlugin& plugin, const std::string& ca_pem) {
  Json info = {{"apiVersion", plugin.api_version},
               {"kind", "ExecCredential"},
               {"spec", {{"interactive", false}}}};
  if (!plugin.provide_cluster_info) return info;
  Json cluster = {{"server", config.server}};
  if (!config.tls_server_name.empty()) cluster["tls-server-name"] = config.tls_server_name;
  if (config.insecure_skip_tls_verify) cluster["insecure-skip-tls-verify"] = true;
  if (!ca_pem.empty()) cluster["certificate-authority-data"] = EncodeBase64(ca_pem);
  if (!config.proxy_url.empty()) cluster["proxy-url"] = config.proxy_url;
  if (!plugin.cluster_extension.is_null()) cluster["config"] = plugin.cluster_extension;
  info["spec"]["cluster"] = std::move(cluster);
  return info;
}

Expected<ExecCredential> ParseExecCredential(std::string_view text,
                                             const std::string& api_version) {
  const Json document = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!document.is_object() || StringAt(document, {"kind"}) != "ExecCredential") {
    return Refuse("printed no ExecCredential in JSON");
  }
  if (const std::string version = StringAt(document, {"apiVersion"}); version != api_version) {
    return Refuse("printed apiVersion " +
                  Json(version.substr(0, 100)).dump(-1, ' ', true, Json::error_handler_t::replace) +
                  " where its kubeconfig says " + api_version);
  }
  ExecCredential credential;
  credential.token = StringAt(document, {"status", "token"});
  credential.client_certificate_pem = StringAt(document, {"status", "clientCertificateData"});
  credential.client_key_pem = StringAt(document, {"status", "clientKeyData"});
  if (credential.client_certificate_pem.empty() != credential.client_key_pem.empty()) {
    return Refuse("printed only one of clientCertificateData and clientKeyData");
  }
  if (credential.token.empty() && credential.client_key_pem.empty()) {
    return Refuse("printed a status without a token and without a certificate");
  }
  const Json* expires = Find(document, {"status", "expirationTimestamp"});
  if (!expires || expires->is_null()) return credential;
  const std::string time = expires->is_string() ? expires->get<std::string>() : "";
  // What our clock cannot count to is never.
  if (time >= "2200" && time.size() >= 20 && IsDigits(time.substr(0, 4))) return credential;
  credential.expires = ParseAnyTime(time);
  if (!credential.expires) return Refuse("printed an expirationTimestamp that is no time");
  return credential;
}

}  // namespace sb::kube
