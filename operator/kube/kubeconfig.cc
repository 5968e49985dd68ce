#include "operator/kube/kubeconfig.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "operator/kube/kubeconfig_entries.h"
#include "operator/kube/read_file.h"
#include "operator/kube/yaml_document.h"

namespace sb::kube {
namespace {

tl::unexpected<Error> Refuse(const std::string& why) {
  return Fail(ErrorCode::kInvalidArgument, "kubeconfig: " + why);
}

class Kubeconfig {
 public:
  // Adds what the document sets and none before it did.
  Expected<void> Add(const Json& document, const std::string& directory) {
    if (document.is_null()) return {};
    if (!document.is_object()) return Refuse("not a YAML mapping");
    if (current_context_.empty()) current_context_ = ScalarText(document, "current-context");
    if (auto added = AddNamed(document, "contexts", "context", directory, contexts_); !added) {
      return added;
    }
    if (auto added = AddNamed(document, "clusters", "cluster", directory, clusters_); !added) {
      return added;
    }
    return AddNamed(document, "users", "user", directory, users_);
  }

  Expected<ClusterConfig> Resolve(const std::string& override) const {
    const std::string& name = override.empty() ? current_context_ : override;
    if (name.empty()) return Refuse("current-context is not set");
    const auto context = contexts_.find(name);
    if (context == contexts_.end()) return Refuse("there is no context " + name);
    const std::string cluster_name = ScalarText(context->second.value, "cluster");
    const auto cluster = clusters_.find(cluster_name);
    if (cluster == clusters_.end()) return Refuse("there is no cluster " + cluster_name);
    ClusterConfig config;
    if (auto ns = ScalarText(context->second.value, "namespace"); !ns.empty()) {
      config.namespace_ = ns;
    }
    if (auto why = ReadCluster(cluster->second, config)) {
      return Refuse("cluster " + cluster_name + ": " + *why);
    }
    const std::string user_name = ScalarText(context->second.value, "user");
    if (user_name.empty()) return config;
    const auto user = users_.find(user_name);
    if (user == users_.end()) return Refuse("there is no user " + user_name);
    if (auto why = ReadUser(user->second, config)) {
      return Refuse("user " + user_name + ": " + *why);
    }
    if (!config.exec) return config;
    config.exec->user = user_name;
    if (config.exec->provide_cluster_info) {
      config.exec->cluster_extension = ExecExtension(cluster->second);
    }
    return config;
  }

 private:
  using Entries = std::map<std::string, KubeconfigEntry>;

  // The entries of a list of {name: x, FIELD: {…}}.
  static Expected<void> AddNamed(const Json& document, const char* list, const char* field,
                                 const std::string& directory, Entries& entries) {
    const Json* items = Find(document, {list});
    if (!items || items->is_null()) return {};
    if (!items->is_array()) return Refuse(std::string(list) + " is not a list");
    std::set<std::string> here;
    for (const Json& item : *items) {
      const std::string name = ScalarText(item, "name");
      const Json* value = Find(item, {field});
      if (!value || !value->is_object()) continue;  // asked for, it is as good as missing
      if (!here.insert(name).second) {
        return Refuse(std::string(list) + " has two entries named " + name);
      }
      entries.emplace(name, KubeconfigEntry{*value, directory});
    }
    return {};
  }

  std::string current_context_;
  Entries contexts_, clusters_, users_;
};

}  // namespace

Expected<ClusterConfig> ParseKubeconfigs(const std::vector<KubeconfigText>& texts,
                                         const std::string& context) {
  Kubeconfig kubeconfig;
  std::string names;
  for (const KubeconfigText& text : texts) {
    auto document = ParseYaml(text.text);
    const auto added = document ? kubeconfig.Add(*document, text.directory)
                                : Expected<void>(Refuse(document.error().message));
    if (!added) {
      return Fail(added.error().code,
                  (text.name.empty() ? "" : text.name + ": ") + added.error().message);
    }
    names += (names.empty() ? "" : ", ") + text.name;
  }
  auto config = kubeconfig.Resolve(context);
  if (config || names.empty()) return config;
  return Fail(config.error().code, names + ": " + config.error().message);
}

Expected<ClusterConfig> FromKubeconfigs(const std::vector<std::string>& paths,
                                        const std::string& context) {
  std::vector<KubeconfigText> texts;
  std::string names;
  for (const std::string& path : paths) {
    std::error_code error;
    names += (names.empty() ? "" : ", ") + path;
    if (!std::filesystem::exists(path, error) && !error) continue;
    auto text = ReadFile(path, kMaxYamlBytes);
    if (!text) {
      return Fail(ErrorCode::kInvalidArgument,
                  "cannot read kubeconfig " + path + ", or it is larger than 4 MiB");
    }
    texts.push_back(
        {std::move(*text), std::filesystem::absolute(path, error).parent_path().string(), path});
  }
  if (texts.empty()) return Fail(ErrorCode::kNotFound, "there is no kubeconfig " + names);
  return ParseKubeconfigs(texts, context);
}

Expected<ClusterConfig> FromKubeconfig(const std::string& path, const std::string& context) {
  return FromKubeconfigs({path}, context);
}

std::vector<std::string> SplitPathList(std::string_view list) {
  std::vector<std::string> paths;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    if (end > 0) paths.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return paths;
}

}  // namespace sb::kube
