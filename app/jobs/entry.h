// A job as it lies in a stream.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/cache/reply.h"

namespace todo::jobs {

struct Entry {
  std::string entry_id;  // of the stream
  std::string id, kind;
  std::string payload;          // JSON; "" if stored
  std::int64_t attempt = 0;     // tries that failed before this entry
  std::int64_t deliveries = 1;  // of this entry; more than one: its workers fell silent
  bool stored = false;          // PostgreSQL has the job
  std::string error;            // of a dead one
  std::int64_t died_at_ms = 0;  // of a dead one, Unix time
};

// Of [entry id, [name, value, …]], whatever else may be in it. An entry without an id of a job has
// `id` "".
Entry EntryOf(cache::Value value);

// Entries of an array of such; those without a job's id too, so that they can be removed.
std::vector<Entry> EntriesOf(cache::Value array);

// The fields of an entry as a JSON object of strings, for the scripts that add it again.
std::string FieldsOf(const Entry& entry);

// 32 hexadecimal digits that nobody can guess.
std::string NewJobId();

}  // namespace todo::jobs
