#include "operator/kube/vocabulary.h"

#include <cstring>

namespace sb::kube {
namespace {

template <typename Integer>
std::uint64_t Load(const char* at) {
  Integer integer;
  std::memcpy(&integer, at, sizeof integer);
  return integer;
}

// Keys are short and differ at their ends: length, first and last eight bytes tell them apart.
// Loads of fixed size, which may overlap: a copy of unknown size would be a call.
std::size_t HashOf(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  std::uint64_t first = 0, last = 0;
  if (text.size() >= 8) {
    first = Load<std::uint64_t>(begin);
    last = Load<std::uint64_t>(end - 8);
  } else if (text.size() >= 4) {
    first = Load<std::uint32_t>(begin);
    last = Load<std::uint32_t>(end - 4);
  } else if (!text.empty()) {
    first = static_cast<unsigned char>(*begin);
    last = Load<std::uint8_t>(end - 1) | Load<std::uint8_t>(begin + text.size() / 2) << 8;
  }
  std::uint64_t hash = (first ^ (text.size() * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
  hash = (hash ^ (hash >> 32) ^ last) * 0xc4ceb9fe1a85ec53ULL;
  return static_cast<std::size_t>(hash ^ (hash >> 32));
}

}  // namespace

Word WordIndex::Find(std::string_view text) const {
  const std::size_t mask = slots_.size() - 1;
  const std::size_t hash = HashOf(text);
  for (std::size_t at = hash & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.word == kNoWord) return kNoWord;
    if (slot.hash == hash && slot.text == text) return slot.word;
  }
}

void WordIndex::Insert(std::string_view text, Word word) {
  if ((used_ + 1) * 2 > slots_.size()) Grow();
  const std::size_t mask = slots_.size() - 1;
  const std::size_t hash = HashOf(text);
  std::size_t at = hash & mask;
  while (slots_[at].word != kNoWord) at = (at + 1) & mask;
  slots_[at] = {text, hash, word};
  ++used_;
}

void WordIndex::Grow() {
  std::vector<Slot> old(slots_.size() * 2);
  old.swap(slots_);
  used_ = 0;
  for (const Slot& slot : old) {
    if (slot.word != kNoWord) Insert(slot.text, slot.word);
  }
}

Vocabulary& Vocabulary::Shared() {
  static Vocabulary* const vocabulary = new Vocabulary;  // objects may outlive everything static
  return *vocabulary;
}

Word Vocabulary::Intern(std::string_view text) {
  if (text.size() > kMaxWordBytes) return kNoWord;
  std::lock_guard lock(words_mutex_);
  if (const Word known = index_.Find(text); known != kNoWord) return known;
  if (size_ == kMaxWords) return kNoWord;
  if (size_ % kChunk == 0) {
    owned_chunks_.push_back(std::make_unique<std::string_view[]>(kChunk));
    chunks_[size_ / kChunk].store(owned_chunks_.back().get(), std::memory_order_release);
  }
  const std::string_view stored = LockedStore(text);
  // Whoever learns the word learns it after this, through a lock or with the object.
  owned_chunks_.back()[size_ % kChunk] = stored;
  const Word word = static_cast<Word>(size_++);
  index_.Insert(stored, word);
  return word;
}

std::string_view Vocabulary::LockedStore(std::string_view text) {
  if (arena_used_ + text.size() > kArenaBytes) {
    arenas_.push_back(std::make_unique<char[]>(kArenaBytes));
    arena_used_ = 0;
  }
  char* const at = arenas_.back().get() + arena_used_;
  if (!text.empty()) std::memcpy(at, text.data(), text.size());
  arena_used_ += text.size();
  return {at, text.size()};
}

std::size_t Vocabulary::size() const {
  std::lock_guard lock(words_mutex_);
  return size_;
}

Word WordCache::Learn(std::string_view text) {
  Vocabulary& shared = Vocabulary::Shared();
  const Word word = shared.Intern(text);
  if (word != kNoWord) index_.Insert(shared.Text(word), word);
  return word;
}

}  // namespace sb::kube
