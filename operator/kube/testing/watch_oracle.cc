#include "operator/kube/testing/watch_oracle.h"

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <set>

#include "operator/kube/resource_version.h"

namespace sb::kube {
namespace {

constexpr std::size_t kMostObjections = 8;

std::uint64_t Number(std::string_view text) {
  return std::strtoull(std::string(text).c_str(), nullptr, 10);
}

std::string Describe(const WatchOracle::Write& write) {
  return "write " + std::to_string(write.version) + " of " + write.key.ToString();
}

EventType TypeOf(const WatchOracle::Write& write) {
  if (!write.matches) return EventType::kDeleted;
  return write.matched ? EventType::kModified : EventType::kAdded;
}

}  // namespace

void WatchOracle::Ledger::Add(Write write) {
  by_key[write.key].push_back(static_cast<std::uint32_t>(writes.size()));
  writes.push_back(std::move(write));
}

std::size_t WatchOracle::Ledger::After(std::uint64_t version) const {
  const auto at = std::upper_bound(
      writes.begin(), writes.end(), version,
      [](std::uint64_t wanted, const Write& write) { return wanted < write.version; });
  return static_cast<std::size_t>(at - writes.begin());
}

WatchOracle::WatchOracle(SerialOf serial_of) : serial_of_(std::move(serial_of)) {}

void WatchOracle::Written(Write write) {
  if (write.matched || write.matches) ledgers_.back().Add(std::move(write));
}

void WatchOracle::Restored(std::uint64_t version) {
  Ledger restored;
  for (const Write& write : ledgers_.back().writes) {
    if (write.version <= version) restored.Add(write);
  }
  ledgers_.push_back(std::move(restored));
}

void WatchOracle::Asked() { asked_ = ledgers_.size() - 1; }

void WatchOracle::Noted(const WatchNote& note, const Store& store) {
  switch (note.kind) {
    case WatchNote::Kind::kListed:
      return OnList(Number(note.resource_version), store);
    case WatchNote::Kind::kEvent:
      return OnEvent(note, store);
    case WatchNote::Kind::kOpened:
      ++connections_;
      return;
    case WatchNote::Kind::kEnded:
    case WatchNote::Kind::kFailed:
      return;
  }
}

void WatchOracle::OnList(std::uint64_t version, const Store& store) {
  ++lists_;
  const Ledger& ledger = ledgers_[asked_];
  if (seen_ == asked_) {
    if (version < cursor_) {
      Complain("a list at " + std::to_string(version) + " went back behind " +
               std::to_string(cursor_));
    }
    covered_ += ledger.After(version) - std::min(ledger.After(cursor_), ledger.After(version));
  }
  seen_ = asked_;
  cursor_ = version;
  CheckState(version, store);
}

void WatchOracle::OnEvent(const WatchNote& note, const Store& store) {
  ++events_;
  const std::uint64_t version = Number(note.resource_version);
  const ObjectKey key{std::string(note.namespace_), std::string(note.name)};
  if (seen_ != asked_) {
    Complain("event " + std::to_string(version) +
             " of a restored server, whose state was never listed");
    seen_ = asked_;
    cursor_ = version;
    return;
  }
  if (version <= cursor_) {
    Complain("event " + std::to_string(version) + " after " + std::to_string(cursor_));
  }
  const Ledger& ledger = ledgers_[seen_];
  const std::size_t next = ledger.After(cursor_);
  cursor_ = version;
  if (next == ledger.writes.size() || version < ledger.writes[next].version) {
    Complain("event " + std::to_string(version) + " of " + key.ToString() + " was never written");
    return;
  }
  const Write& write = ledger.writes[next];
  if (version > write.version) {
    Complain(Describe(write) + " was missed: the next event was " + std::to_string(version));
    return;
  }
  if (write.key != key || write.uid != note.uid || TypeOf(write) != note.type) {
    Complain(Describe(write) + " was reported as something else");
  }
  const ObjectPtr held = store.Get(key);
  if (write.matches ? !held || serial_of_(*held) != write.serial : held != nullptr) {
    Complain(Describe(write) + " is not in the store after its event");
  }
}

void WatchOracle::Changed(const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now) {
  std::string& last = announced_[key];
  if (last != (old ? old->resource_version() : "")) {
    Complain(key.ToString() + ": the change starts from another state than the last one ended in");
  }
  if (seen_ == asked_ && old && now && IsNewer(old->resource_version(), now->resource_version())) {
    Complain(key.ToString() + " went back to " + std::string(now->resource_version()));
  }
  last = now ? now->resource_version() : "";
}

void WatchOracle::CheckState(std::uint64_t version, const Store& store) {
  const Ledger& ledger = ledgers_[seen_];
  std::size_t present = 0;
  for (const auto& [key, indexes] : ledger.by_key) {
    const auto after = std::upper_bound(
        indexes.begin(), indexes.end(), version,
        [&](std::uint64_t wanted, std::uint32_t at) { return wanted < ledger.writes[at].version; });
    const Write* last = after == indexes.begin() ? nullptr : &ledger.writes[*std::prev(after)];
    const bool expected = last && last->matches;
    present += expected ? 1 : 0;
    const ObjectPtr held = store.Get(key);
    if (expected != (held != nullptr)) {
      Complain(key.ToString() + (held ? " is held but gone" : " is not held but there") + " at " +
               std::to_string(version));
    } else if (held && (Number(held->resource_version()) != last->version ||
                        held->uid() != last->uid || serial_of_(*held) != last->serial)) {
      Complain(key.ToString() + " is not as " + Describe(*last) + " left it");
    }
  }
  if (store.size() != present) {
    Complain("the store holds " + std::to_string(store.size()) + " objects, the server has " +
             std::to_string(present) + " at " + std::to_string(version));
  }
}

bool WatchOracle::CaughtUp() const {
  return seen_ == ledgers_.size() - 1 &&
         ledgers_[seen_].After(cursor_) == ledgers_[seen_].writes.size();
}

void WatchOracle::Finish(const Store& store) {
  if (seen_ != ledgers_.size() - 1) {
    Complain("it never noticed that the server was restored");
    seen_ = ledgers_.size() - 1;
  } else if (!CaughtUp()) {
    const Ledger& ledger = ledgers_[seen_];
    const std::size_t next = ledger.After(cursor_);
    Complain(std::to_string(ledger.writes.size() - next) + " writes were never seen, from " +
             Describe(ledger.writes[next]));
  }
  CheckState(std::numeric_limits<std::uint64_t>::max(), store);
}

void WatchOracle::CheckIndex(const Store& store, const std::string& name,
                             const IndexFunction& function,
                             const std::vector<std::string>& values) {
  std::map<std::string, std::set<ObjectPtr>> expected;
  for (const ObjectPtr& object : store.List()) {
    for (std::string& value : function(*object)) expected[std::move(value)].insert(object);
  }
  for (const std::string& value : values) expected[value];
  for (const auto& [value, objects] : expected) {
    const auto bucket = store.ByIndex(name, value);
    if (std::set<ObjectPtr>(bucket.begin(), bucket.end()) != objects ||
        bucket.size() != objects.size()) {
      Complain("index " + name + " at " + value + " has " + std::to_string(bucket.size()) +
               " objects, a scan finds " + std::to_string(objects.size()));
    }
  }
}

void WatchOracle::Complain(std::string what) {
  if (objection_count_++ < kMostObjections) objections_.push_back(std::move(what));
}

}  // namespace sb::kube
