// Where the API server is and how to prove who we are: from a Pod's service account or from a
// kubeconfig.
//
//   auto config = LoadDefault();
//   if (!config) return Stop(config.error());
//   auto transport = MakeTransport(*config);
//
// Files that rotate while we run (token, CA) stay file names here: the transport reads them again.
// Not supported yet: exec plugins and auth providers (kInvalidArgument, naming the user),
// proxy-url.
#pragma once

#include <string>

#include "common/error.h"

namespace sb::kube {

struct ClusterConfig {
  std::string server = {};  // "https://10.96.0.1:443", no trailing slash
  std::string tls_server_name =
      {};  // name in the server's certificate, if not the host of `server`
  bool insecure_skip_tls_verify = false;
  std::string ca_pem =
      {};  // who signs the server's certificate; empty with ca_file: the system's roots
  std::string ca_file = {};                 // wins over ca_pem; read again every few minutes
  std::string client_certificate_pem = {};  // with the key: authenticates us by TLS
  std::string client_key_pem = {};
  std::string token = {};              // bearer token
  std::string token_file = {};         // wins over token; read again at least once a minute
  std::string namespace_ = "default";  // the Pod's, or the context's
};

inline constexpr char kServiceAccountDirectory[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// From KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the files of the Pod's service account.
Expected<ClusterConfig> InCluster(const std::string& directory = kServiceAccountDirectory);

// One context of a kubeconfig file; "" is its current-context. Relative file names in it are
// relative to it.
Expected<ClusterConfig> FromKubeconfig(const std::string& path, const std::string& context = "");

// The same from text; `directory` resolves relative names.
Expected<ClusterConfig> ParseKubeconfig(const std::string& yaml, const std::string& context,
                                        const std::string& directory);

// $KUBECONFIG (the first file of its list that exists), else in-cluster, else ~/.kube/config.
Expected<ClusterConfig> LoadDefault();

}  // namespace sb::kube
