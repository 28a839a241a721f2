// Inside the module: which rows have a key, and what those rows are, as a sorted list behind the LMDB part of an index layer.
//
// An entry is 40 bytes: XXH3's 128 bits of the encoded key (index_format.h), `_id`, row_hash(). Entries lie in the order of
// hash and `_id`; then follows the first half of the hash of every 128th entry, and a footer. It is read by pread: a load that
// looks for a hundred thousand keys reads through the list once, where a memory map would pay a page fault for every few of
// them.
//
// Two keys of one hash are taken for one. By chance that happens less often than a disk lies, and who could make it happen on
// purpose in a dataset may write any of its rows anyway.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::query {

struct KeyHash {
  std::uint64_t high = 0, low = 0;
  auto operator<=>(const KeyHash&) const = default;
};
[[nodiscard]] KeyHash hash_key(std::string_view encoded);

// What a row is, by row_hash().
struct RowHash {
  std::int64_t first = 0, second = 0;
  bool operator==(const RowHash&) const = default;
};

struct KeyEntry {
  KeyHash key;
  std::int64_t id = 0;
  RowHash row;
};
static_assert(sizeof(KeyEntry) == 40);

// Gathers entries in any order beside the file and adds them to its end. They are parted by their hash into files of about half
// a million, each sorted by itself in memory (more only where that many rows share one key).
class KeyFileWriter {
 public:
  // `expected`: about how many entries come. Its own files begin with the name of `file`.
  KeyFileWriter(const std::filesystem::path& file, std::uint64_t expected);
  ~KeyFileWriter();
  KeyFileWriter(const KeyFileWriter&) = delete;
  KeyFileWriter& operator=(const KeyFileWriter&) = delete;

  [[nodiscard]] Result<void> add(const KeyEntry& entry);
  // Appends everything to `file`; how many entries repeat the key of another.
  [[nodiscard]] Result<std::uint64_t> finish();

 private:
  struct Part {
    std::filesystem::path path;
    std::vector<KeyEntry> entries;  // not written yet
    std::uint64_t written = 0;
  };
  [[nodiscard]] static Result<void> flush(Part& part);
  [[nodiscard]] static Result<void> load(Part& part);

  std::filesystem::path file_;
  unsigned shift_;
  std::vector<Part> parts_;
};

class KeyFile {
 public:
  // invalid when there is none at the end of the file.
  [[nodiscard]] static Result<std::unique_ptr<const KeyFile>> open(const std::filesystem::path& file);
  ~KeyFile();
  KeyFile(const KeyFile&) = delete;
  KeyFile& operator=(const KeyFile&) = delete;

  // Where the list begins.
  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  // The entries of a key in the order of `_id`, at most `limit`.
  [[nodiscard]] Result<std::vector<KeyEntry>> find(const KeyHash& key, std::size_t limit) const;
  // The same for many keys, in order: `found` is told the place of each key that has entries.
  using Found = std::function<Result<void>(std::size_t place, std::span<const KeyEntry> entries)>;
  [[nodiscard]] Result<void> find_all(std::span<const KeyHash> sorted, std::size_t limit, const Found& found) const;

 private:
  class Window;
  explicit KeyFile(int fd) : fd_(fd) {}
  [[nodiscard]] Result<void> read(std::uint64_t at, std::span<char> into) const;
  [[nodiscard]] std::uint64_t block_of(const KeyHash& key) const;
  [[nodiscard]] std::uint64_t blocks() const { return fences_.size(); }

  int fd_;
  std::uint64_t offset_ = 0, entries_ = 0;
  std::vector<std::uint64_t> fences_;
};

}  // namespace qushu::query
