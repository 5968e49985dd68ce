// Knows every write that the server acknowledged, watches an informer at work, and objects to
// whatever an informer must never do: miss a write, go back, mix up objects, show a list that is
// not the server's state at the list's version, leave an index behind.
//
//   WatchOracle oracle(SerialOf);
//   oracle.Written({.version = 7, .key = {"ns", "a"}, .uid = "u", .serial = 1, .matches = true});
//   informer options: .observer = [&](const WatchNote& note) { oracle.Noted(note, store); }
//   on_change:        oracle.Changed(key, old, now)
//   …
//   oracle.Finish(store);
//   EXPECT_THAT(oracle.objections(), IsEmpty());
//
// "Missed" means: between two events, or after the last, or between an event and the version of the
// list that came next, there was a write that concerned the informer and that neither reported. An
// informer that has seen all events, and whose lists are checked whole, has the server's state.
//
// One thread: that of the simulation.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "operator/kube/informer.h"
#include "operator/kube/object.h"
#include "operator/kube/store.h"

namespace sb::kube {

class WatchOracle {
 public:
  struct Write {
    std::uint64_t version = 0;
    ObjectKey key = {};
    std::string uid = {};
    std::uint64_t serial = 0;  // names what was written
    bool matched = false;      // the informer's selector, before the write
    bool matches = false;      // and after it
  };
  // Reads the serial out of an object.
  using SerialOf = std::function<std::uint64_t(const Object&)>;

  explicit WatchOracle(SerialOf serial_of);

  // What the world did. Writes in the order of their versions.
  void Written(Write write);
  // The server's history goes on from its state at `version`; what came after never happened.
  void Restored(std::uint64_t version);

  // What the client did.
  void Asked();  // a request for a list or a watch reaches the server
  void Noted(const WatchNote& note, const Store& store);
  void Changed(const ObjectKey& key, const ObjectPtr& old, const ObjectPtr& now);

  // All writes so far have been seen.
  bool CaughtUp() const;
  // The client must have caught up and hold the server's state.
  void Finish(const Store& store);
  // The buckets of the index are what a scan of the whole store gives.
  void CheckIndex(const Store& store, const std::string& name, const IndexFunction& function,
                  const std::vector<std::string>& values);

  // The first few; how many there are in all.
  const std::vector<std::string>& objections() const { return objections_; }
  std::size_t objection_count() const { return objection_count_; }

  std::size_t events() const { return events_; }            // writes reported one by one
  std::size_t lists() const { return lists_; }              // lists committed
  std::size_t covered() const { return covered_; }          // writes that only a list reported
  std::size_t connections() const { return connections_; }  // watches opened

 private:
  // One history of the server. A restored one shares its beginning with the one before.
  struct Ledger {
    std::vector<Write> writes;  // only those that concern the informer
    std::unordered_map<ObjectKey, std::vector<std::uint32_t>> by_key;

    void Add(Write write);
    // The first after `version`.
    std::size_t After(std::uint64_t version) const;
  };

  void OnList(std::uint64_t version, const Store& store);
  void OnEvent(const WatchNote& note, const Store& store);
  void CheckState(std::uint64_t version, const Store& store);
  void Complain(std::string what);

  const SerialOf serial_of_;
  std::vector<Ledger> ledgers_ = std::vector<Ledger>(1);  // one per history
  std::size_t asked_ = 0;     // the history that the last request reached
  std::size_t seen_ = 0;      // the history that the informer is in
  std::uint64_t cursor_ = 0;  // up to which version of it
  // Per object, what was last announced: its version, "" if it is gone.
  std::unordered_map<ObjectKey, std::string> announced_;
  std::vector<std::string> objections_;
  std::size_t objection_count_ = 0;
  std::size_t events_ = 0, lists_ = 0, covered_ = 0, connections_ = 0;
};

}  // namespace sb::kube
