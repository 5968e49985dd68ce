// Kubeconfig files: what kubectl reads, with the same rules of precedence.
//
//   auto config = FromKubeconfigs({"/home/me/.kube/config", "work.yaml"}, "prod");
//
// Several files are read as one: the first that has a named cluster, user or context is the one
// that says what is in it (entries are not mixed), and the first that sets current-context sets it.
// Files that do not exist are skipped; one that cannot be read or parsed is an error. File names in
// an entry are relative to the file that holds it. YAML or JSON in UTF-8 or UTF-16.
//
// Not supported, and refused by name so that nobody works with other rights than he asked for:
// auth-provider, username and password, impersonation (as), https and socks proxies, plugins that
// must be interactive.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/error.h"
#include "operator/kube/cluster_config.h"

namespace sb::kube {

// One context of the files; "" is their current-context. kNotFound if none of the files exists,
// kInvalidArgument with the reason for everything else.
Expected<ClusterConfig> FromKubeconfigs(const std::vector<std::string>& paths,
                                        const std::string& context = "");
Expected<ClusterConfig> FromKubeconfig(const std::string& path, const std::string& context = "");

// The content of a file.
struct KubeconfigText {
  std::string text;
  std::string directory =
      {};                 // what relative names in it are relative to; "": they stay as they are
  std::string name = {};  // for messages
};

// The same from the files' contents.
Expected<ClusterConfig> ParseKubeconfigs(const std::vector<KubeconfigText>& texts,
                                         const std::string& context = "");

// $KUBECONFIG's parts: separated by colons, empty ones left out.
std::vector<std::string> SplitPathList(std::string_view list);

}  // namespace sb::kube
