// Inside the module: sets of packages, by their slot in the index.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace qushu::opendata {

// A set that can hold every slot below its size.
class Slots {
 public:
  explicit Slots(std::size_t size, bool full = false) : words_((size + 63) / 64, full ? ~0ULL : 0), size_(size) {
    if (full) trim();
  }
  void set(std::size_t i) { words_[i / 64] |= 1ULL << (i % 64); }
  void clear(std::size_t i) { words_[i / 64] &= ~(1ULL << (i % 64)); }
  [[nodiscard]] bool has(std::size_t i) const { return (words_[i / 64] >> (i % 64) & 1) != 0; }
  void grow(std::size_t size) {
    words_.resize((size + 63) / 64);
    size_ = size;
  }
  Slots& operator&=(const Slots& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  Slots& operator|=(const Slots& other) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  void flip() {
    for (auto& word : words_) word = ~word;
    trim();
  }
  [[nodiscard]] std::size_t count() const {
    std::size_t out = 0;
    for (auto word : words_) out += static_cast<std::size_t>(std::popcount(word));
    return out;
  }
  template <class F>
  void each(F&& f) const {
    for (std::size_t w = 0; w < words_.size(); ++w)
      for (auto word = words_[w]; word != 0; word &= word - 1) f(w * 64 + static_cast<std::size_t>(std::countr_zero(word)));
  }

 private:
  friend class Posting;
  void trim() {
    if (size_ % 64 != 0) words_.back() &= (1ULL << (size_ % 64)) - 1;
  }
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

// The slots that have one word or value, added in rising order: a list while they are few, bits once those are smaller.
class Posting {
 public:
  void add(std::uint32_t slot) {
    if (bits_.empty() && (list_.size() + 1) * 32 > slot + 1024) {
      bits_.resize(slot / 64 + 1);
      for (auto s : list_) bits_[s / 64] |= 1ULL << (s % 64);
      list_ = {};
    }
    if (bits_.empty()) {
      list_.push_back(slot);
      return;
    }
    bits_.resize(std::max<std::size_t>(bits_.size(), slot / 64 + 1));
    bits_[slot / 64] |= 1ULL << (slot % 64);
  }
  void into(Slots& out) const {
    for (std::size_t i = 0; i < bits_.size(); ++i) out.words_[i] |= bits_[i];
    for (auto slot : list_) out.set(slot);
  }
  // How many of them are in `among`.
  [[nodiscard]] std::size_t count(const Slots& among) const {
    std::size_t out = 0;
    for (std::size_t i = 0; i < bits_.size(); ++i) out += static_cast<std::size_t>(std::popcount(bits_[i] & among.words_[i]));
    for (auto slot : list_) out += among.has(slot) ? 1 : 0;
    return out;
  }
  // What count() costs, in steps.
  [[nodiscard]] std::size_t cost() const { return bits_.size() + list_.size(); }

 private:
  std::vector<std::uint32_t> list_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace qushu::opendata
