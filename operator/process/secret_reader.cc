#include "operator/process/secret_reader.h"

#include <algorithm>
#include <utility>

#include "common/base64.h"

namespace sb::process {
namespace {

std::string NameOf(const kube::ObjectKey& name) {
  return "Secret " + name.namespace_ + "/" + name.name;
}

std::optional<std::string> Decoded(const Json& secret, const std::string& key) {
  const Json* data = Find(secret, {"data"});
  if (!data || !data->is_object()) return std::nullopt;
  const auto found = data->find(key);
  if (found == data->end() || !found->is_string()) return std::nullopt;
  return DecodeBase64(found->get_ref<const std::string&>());
}

bool HasValue(const auto& keys) {
  return std::any_of(keys.begin(), keys.end(),
                     [](const auto& entry) { return entry.second.has_value(); });
}

}  // namespace

SecretReader::Entry SecretReader::ReadAgain(const kube::ObjectKey& name, Entry entry,
                                            const std::string& key) const {
  if (!key.empty()) entry.keys.try_emplace(key);
  auto secret = read_(name);
  entry.read = clock_.Now();
  entry.error.reset();
  if (secret) {
    for (auto& [each, value] : entry.keys) value = Decoded(*secret, each);
    return entry;
  }
  entry.error = secret.error();
  if (secret.error().code == ErrorCode::kNotFound) {
    for (auto& [each, value] : entry.keys) value.reset();
  }
  return entry;
}

Expected<std::string> SecretReader::Value(const std::string& namespace_name,
                                          const api::SecretKey& key) {
  const kube::ObjectKey name{namespace_name, key.name};
  Entry entry;
  bool known = false;
  {
    const TimePoint now = clock_.Now();
    const std::lock_guard lock(entries_mutex_);
    if (const auto found = entries_.find(name); found != entries_.end()) {
      found->second.used = now;
      entry = found->second;
      const auto value = entry.keys.find(key.key);
      const bool good = !entry.error && value != entry.keys.end() && value->second;
      const Duration max_age = good ? Duration(kSecretMaxAge) : Duration(kMissingMaxAge);
      known = value != entry.keys.end() && now - entry.read < max_age;
    }
  }
  if (!known) {
    entry = ReadAgain(name, std::move(entry), key.key);
    entry.used = clock_.Now();
    const std::lock_guard lock(entries_mutex_);
    ForgetUnused(entry.used);
    Keep(name, entry);
  }
  if (auto& value = entry.keys[key.key]) return *std::move(value);
  if (entry.error && entry.error->code != ErrorCode::kNotFound) {
    return Fail(entry.error->code, NameOf(name) + " cannot be read: " + entry.error->message);
  }
  return Fail(ErrorCode::kNotFound,
              entry.error ? NameOf(name) + " does not exist; create it with the key " + key.key
                          : NameOf(name) + " has no key " + key.key + "; add it");
}

bool SecretReader::Refresh(const std::string& namespace_name, const std::set<std::string>& names) {
  bool changed = false;
  for (const std::string& each : names) {
    const kube::ObjectKey name{namespace_name, each};
    Entry entry;
    {
      const std::lock_guard lock(entries_mutex_);
      const auto found = entries_.find(name);
      if (found == entries_.end() || clock_.Now() - found->second.read < kMissingMaxAge) continue;
      entry = found->second;
    }
    Entry fresh = ReadAgain(name, entry, "");
    changed = changed || (fresh.keys != entry.keys && HasValue(fresh.keys));
    const std::lock_guard lock(entries_mutex_);
    Keep(name, fresh);
  }
  return changed;
}

void SecretReader::Keep(const kube::ObjectKey& name, Entry& entry) {
  Entry& kept = entries_[name];
  entry.used = std::max(entry.used, kept.used);
  for (auto& [each, value] : kept.keys) entry.keys.try_emplace(each, std::move(value));
  kept = entry;
}

std::size_t SecretReader::size() const {
  const std::lock_guard lock(entries_mutex_);
  return entries_.size();
}

void SecretReader::ForgetUnused(TimePoint now) {
  std::erase_if(entries_,
                [&](const auto& entry) { return now - entry.second.used > kSecretUnused; });
}

}  // namespace sb::process
