// Words that stored objects repeat, above all their keys, kept once for the whole process. An
// object then holds a number of one or two bytes in place of `"terminationMessagePolicy":`.
//
//   const Word word = Vocabulary::Shared().Intern("spec");
//   Vocabulary::Shared().Text(word);   // "spec"
//
// Never forgets, so it is bounded: kMaxWords words of at most kMaxWordBytes. What does not fit
// stays in the object itself. Thread-safe; Text takes no lock.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace sb::kube {

using Word = std::uint32_t;
inline constexpr Word kNoWord = ~Word{0};

// A hash table from text to word, without locks. The texts lie in the vocabulary.
class WordIndex {
 public:
  Word Find(std::string_view text) const;
  void Insert(std::string_view text, Word word);

 private:
  struct Slot {
    std::string_view text;
    std::size_t hash = 0;
    Word word = kNoWord;
  };
  void Grow();

  std::vector<Slot> slots_ = std::vector<Slot>(256);
  std::size_t used_ = 0;
};

class Vocabulary {
 public:
  static constexpr std::size_t kMaxWords = 8192;
  static constexpr std::size_t kMaxWordBytes = 80;

  static Vocabulary& Shared();

  Vocabulary() = default;
  Vocabulary(const Vocabulary&) = delete;
  Vocabulary& operator=(const Vocabulary&) = delete;

  // The word for `text`, a new one if need be; kNoWord if it is too long or there is no room.
  Word Intern(std::string_view text);
  // The text of a word that Intern has returned.
  std::string_view Text(Word word) const {
    return chunks_[word / kChunk].load(std::memory_order_acquire)[word % kChunk];
  }
  std::size_t size() const;

 private:
  static constexpr std::size_t kChunk = 128;
  static constexpr std::size_t kArenaBytes = 4096;

  std::string_view LockedStore(std::string_view text);

  mutable std::mutex words_mutex_;
  WordIndex index_;
  std::size_t size_ = 0;
  std::vector<std::unique_ptr<std::string_view[]>> owned_chunks_;
  std::array<std::atomic<const std::string_view*>, kMaxWords / kChunk> chunks_{};
  std::vector<std::unique_ptr<char[]>> arenas_;
  std::size_t arena_used_ = kArenaBytes;
};

// One thread's view of the shared vocabulary: no lock for words that it has met before.
class WordCache {
 public:
  Word Intern(std::string_view text) {
    const Word known = index_.Find(text);
    return known != kNoWord ? known : Learn(text);
  }
  // Only words that this cache has met.
  Word Find(std::string_view text) const { return index_.Find(text); }

 private:
  Word Learn(std::string_view text);

  WordIndex index_;
};

}  // namespace sb::kube
