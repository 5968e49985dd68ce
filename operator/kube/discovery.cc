#include "operator/kube/discovery.h"

#include <algorithm>
#include <utility>

#include "common/log.h"

namespace sb::kube {
namespace {

InformerOptions Definitions() {
  InformerOptions options;
  options.resource = CustomResourceDefinitions();
  options.metadata_only = true;
  options.projection = Projection::Nothing();
  return options;
}

// The versions of a group, the preferred one first; none if the group is not served.
Expected<std::vector<std::string>> VersionsOf(const Client& client, const std::string& group) {
  const auto document = client.GetPath("/apis/" + PercentEncode(group));
  if (!document) {
    if (document.error().code == ErrorCode::kNotFound) return std::vector<std::string>();
    return tl::unexpected(document.error());
  }
  std::vector<std::string> versions;
  const std::string preferred = StringAt(*document, {"preferredVersion", "version"});
  if (!preferred.empty()) versions.push_back(preferred);
  const Json* all = sb::Find(*document, {"versions"});
  if (!all || !all->is_array()) return versions;
  for (const Json& each : *all) {
    const std::string version = StringAt(each, {"version"});
    if (!version.empty() && version != preferred) versions.push_back(version);
  }
  return versions;
}

}  // namespace

Expected<std::optional<Resource>> FindServed(const Client& client, const std::string& name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) {
    return Fail(ErrorCode::kInvalidArgument, name + " is not of the form plural.group");
  }
  const std::string plural = name.substr(0, dot);
  const std::string group = name.substr(dot + 1);
  const auto versions = VersionsOf(client, group);
  if (!versions) return tl::unexpected(versions.error());
  for (const std::string& version : *versions) {
    const auto document =
        client.GetPath("/apis/" + PercentEncode(group) + "/" + PercentEncode(version));
    if (!document) {
      if (document.error().code == ErrorCode::kNotFound) continue;
      return tl::unexpected(document.error());
    }
    const Json* resources = sb::Find(*document, {"resources"});
    if (!resources || !resources->is_array()) continue;
    for (const Json& each : *resources) {
      if (StringAt(each, {"name"}) != plural) continue;
      return Resource{group, version, plural, StringAt(each, {"kind"}),
                      BoolAt(each, {"namespaced"})};
    }
  }
  return std::nullopt;
}

Discovery::Discovery(const Client& client, std::vector<std::string> names, OnServed on_served,
                     const Clock& clock)
    : client_(client),
      names_(std::move(names)),
      on_served_(std::move(on_served)),
      queue_("discovery",
             {.base_delay = std::chrono::milliseconds(200), .max_delay = std::chrono::minutes(1)},
             clock),
      definitions_(
          client, Definitions(),
          [this](const ObjectKey& key, const ObjectPtr&, const ObjectPtr&) {
            if (IsWanted(key.name)) queue_.Add(key);
          },
          clock) {}

Discovery::~Discovery() { Stop(); }

void Discovery::Start() {
  if (thread_.joinable()) return;
  definitions_.Start();
  thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
}

void Discovery::Stop() {
  definitions_.RequestStop();
  thread_.request_stop();
  queue_.ShutDown();
  if (thread_.joinable()) thread_.join();
  definitions_.Stop();
}

std::optional<Resource> Discovery::Find(const std::string& name) const {
  std::lock_guard lock(served_mutex_);
  const auto found = served_.find(name);
  return found == served_.end() ? std::nullopt : found->second;
}

bool Discovery::WaitForAnswers(Duration deadline, std::stop_token stop) const {
  std::unique_lock lock(served_mutex_);
  return answered_.wait_for(lock, stop, deadline, [&] { return served_.size() == names_.size(); });
}

void Discovery::Run(std::stop_token stop) {
  while (!definitions_.WaitForSync(std::chrono::seconds(30), stop)) {
    if (stop.stop_requested()) return;
  }
  // What has no definition causes no event.
  for (const std::string& name : names_) queue_.Add({"", name});
  while (const auto key = queue_.Get(stop)) {
    const auto looked = Look(key->name);
    if (looked) {
      queue_.Forget(*key);
    } else {
      log::Warning("cannot tell yet whether an API is served, will look again",
                   {{"name", key->name}, {"error", looked.error().message}});
      queue_.AddRateLimited(*key);
    }
    queue_.Done(*key);
  }
}

Expected<void> Discovery::Look(const std::string& name) {
  const bool defined = definitions_.store().Get({"", name}) != nullptr;
  std::optional<Resource> found;
  if (defined) {
    auto served = FindServed(client_, name);
    if (!served) return tl::unexpected(served.error());
    if (!*served) {
      return Fail(ErrorCode::kUnavailable, "the definition is there, the API is not served yet");
    }
    found = std::move(*served);
  }
  std::unique_lock lock(served_mutex_);
  const auto known = served_.find(name);
  if (known != served_.end() && known->second == found) return {};
  served_[name] = found;
  lock.unlock();
  answered_.notify_all();
  on_served_(name, found);
  return {};
}

bool Discovery::IsWanted(const std::string& name) const {
  return std::find(names_.begin(), names_.end(), name) != names_.end();
}

}  // namespace sb::kube
