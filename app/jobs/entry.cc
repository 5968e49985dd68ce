#include "app/jobs/entry.h"

#include <openssl/rand.h>

#include <charconv>
#include <stdexcept>

#include "common/json.h"

namespace todo::jobs {
namespace {

std::int64_t Number(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

}  // namespace

Entry EntryOf(cache::Value value) {
  Entry entry;
  entry.entry_id = value[0].text();
  const cache::Value fields = value[1];
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    const std::string_view name = fields[i].text();
    const std::string_view text = fields[i + 1].text();
    if (name == "id") entry.id = text;
    if (name == "kind") entry.kind = text;
    if (name == "payload") entry.payload = text;
    if (name == "attempt") entry.attempt = Number(text);
    if (name == "stored") entry.stored = text == "1";
    if (name == "error") entry.error = text;
    if (name == "at") entry.died_at_ms = Number(text);
    // Written by versions that knew one kind of job.
    if (name == "n" && entry.payload.empty()) entry.payload = "{\"n\":" + std::string(text) + "}";
  }
  return entry;
}

std::vector<Entry> EntriesOf(cache::Value array) {
  std::vector<Entry> entries;
  entries.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) {
    Entry entry = EntryOf(array[i]);
    if (!entry.entry_id.empty()) entries.push_back(std::move(entry));
  }
  return entries;
}

std::string FieldsOf(const Entry& entry) {
  sb::Json fields = {{"id", entry.id}, {"kind", entry.kind}};
  if (!entry.payload.empty()) fields["payload"] = entry.payload;
  if (entry.attempt > 0) fields["attempt"] = std::to_string(entry.attempt);
  if (entry.stored) fields["stored"] = "1";
  // What is not UTF-8 was put there by somebody else; it must not end the worker.
  return fields.dump(-1, ' ', false, sb::Json::error_handler_t::replace);
}

std::string NewJobId() {
  unsigned char bytes[16];
  if (RAND_bytes(bytes, sizeof bytes) != 1) throw std::runtime_error("no random bytes");
  std::string id;
  for (const unsigned char byte : bytes) {
    id += "0123456789abcdef"[byte >> 4];
    id += "0123456789abcdef"[byte & 15];
  }
  return id;
}

}  // namespace todo::jobs
