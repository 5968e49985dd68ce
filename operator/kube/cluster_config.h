// Where the API server is and how to prove who we are: from a Pod's service account or from a
// kubeconfig.
//
//   auto config = LoadDefault();
//   if (!config) return Stop(config.error());
//   auto transport = MakeTransport(*config);
//
// Files that rotate while we run (token, CA, client certificate) stay file names here: the
// transport reads them again. So do plugins: the transport runs them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/json.h"

namespace sb::kube {

// A program that prints our credentials (client.authentication.k8s.io).
struct ExecPlugin {
  std::string user = {};         // of the kubeconfig, for messages
  std::string api_version = {};  // "client.authentication.k8s.io/v1" or ".../v1beta1"
  std::string command = {};      // a path, or a name to look up in $PATH
  std::vector<std::string> arguments = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // beyond ours, and wins
  std::string install_hint = {};  // for whoever has not got the program
  // Whether the plugin is told about the cluster; with the cluster's extension for plugins, or
  // null.
  bool provide_cluster_info = false;
  Json cluster_extension = nullptr;
};

struct ClusterConfig {
  std::string server = {};  // "https://10.96.0.1:443", no trailing slash
  std::string tls_server_name =
      {};  // name in the server's certificate, if not the host of `server`
  bool insecure_skip_tls_verify = false;
  std::string ca_pem =
      {};  // who signs the server's certificate; empty with ca_file: the system's roots
  std::string ca_file = {};    // wins over ca_pem; read again at least every 5 minutes
  std::string proxy_url = {};  // see ParseProxyUrl

  // With the key: authenticates us by TLS. Of each the file wins over the text; files are read
  // again at least every 5 minutes.
  std::string client_certificate_pem = {};
  std::string client_certificate_file = {};
  std::string client_key_pem = {};
  std::string client_key_file = {};
  std::string token = {};       // bearer token
  std::string token_file = {};  // wins over token once it could be read; read again every minute
  std::optional<ExecPlugin> exec = {};

  std::string namespace_ = "default";  // the Pod's, or the context's
};

inline constexpr char kServiceAccountDirectory[] = "/var/run/secrets/kubernetes.io/serviceaccount";

// From KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT and the files of the Pod's service account.
// kNotFound outside a Pod. An IPv6 address becomes the Service's name, which takes cluster DNS.
Expected<ClusterConfig> InCluster(const std::string& directory = kServiceAccountDirectory);

struct LoadOptions {
  std::string kubeconfig = {};  // this file and nothing else
  std::string context = {};     // of the kubeconfig, instead of its current-context
};

// The kubeconfig of the options, else the files of $KUBECONFIG, else in-cluster (unless a context
// is asked for), else ~/.kube/config. What is named but missing is an error, not a reason to talk
// to another cluster.
Expected<ClusterConfig> LoadDefault(const LoadOptions& options = {});

}  // namespace sb::kube
