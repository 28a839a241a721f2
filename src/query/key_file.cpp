#include "key_file.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <xxhash.h>

namespace qushu::query {
namespace {

constexpr std::uint64_t kBlock = 128;  // entries between two fences
constexpr std::uint64_t kPartEntries = 500'000;
constexpr std::size_t kBuffered = 2048;  // entries of a part before they are written
constexpr std::uint64_t kMostParts = 512;
// A walk over many keys reads on rather than anew where the next key is this near, up to so much at once; in blocks.
constexpr std::uint64_t kNear = 4, kWindow = 256;

struct Footer {
  std::array<char, 8> magic{'Q', 'S', 'K', 'E', 'Y', 'S', '0', '1'};
  std::uint64_t offset = 0, entries = 0;
};

bool before(const KeyEntry& a, const KeyEntry& b) {
  return a.key != b.key ? a.key < b.key : a.id < b.id;
}

template <class T>
std::string_view bytes_of(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}
template <class T>
std::span<char> room_of(std::span<T> items) {
  return {reinterpret_cast<char*>(items.data()), items.size_bytes()};
}

Result<void> append(std::ofstream& out, std::string_view bytes, const std::filesystem::path& file) {
  if (!out.write(bytes.data(), static_cast<std::streamsize>(bytes.size())))
    return fail_errno(errno == 0 ? ENOSPC : errno, "write " + file.string());
  return {};
}

Failure damaged() {
  return fail(Code::invalid, "index.keys", "主键索引不完整。", "The list of keys is not complete.");
}

}  // namespace

KeyHash hash_key(std::string_view encoded) {
  auto hash = XXH3_128bits(encoded.data(), encoded.size());
  return {.high = hash.high64, .low = hash.low64};
}

// --- writing ----------------------------------------------------------------------------------------------------------------

KeyFileWriter::KeyFileWriter(const std::filesystem::path& file, std::uint64_t expected) : file_(file) {
  auto parts = std::bit_ceil(std::clamp<std::uint64_t>(expected / kPartEntries, 2, kMostParts));
  shift_ = 64U - static_cast<unsigned>(std::bit_width(parts) - 1);
  parts_.resize(parts);
  for (std::size_t i = 0; i < parts_.size(); ++i) parts_[i].path = fmt::format("{}.keys-{}", file.string(), i);
}

KeyFileWriter::~KeyFileWriter() {
  std::error_code ignored;  // what could not be removed goes with the process's folder
  for (const auto& part : parts_)
    if (part.written > 0) std::filesystem::remove(part.path, ignored);
}

Result<void> KeyFileWriter::flush(Part& part) {
  std::ofstream out(part.path, std::ios::binary | (part.written == 0 ? std::ios::trunc : std::ios::app));
  part.written += part.entries.size();  // also of a part that was written halfway there is something to remove
  QS_CHECK(append(out, bytes_of(std::span<const KeyEntry>(part.entries)), part.path));
  out.close();
  if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + part.path.string());
  part.entries.clear();
  return {};
}

// All entries of a part, in order.
Result<void> KeyFileWriter::load(Part& part) {
  if (part.written > 0) {
    auto here = part.entries.size();
    part.entries.resize(here + part.written);
    auto room = room_of(std::span(part.entries).subspan(here));
    std::ifstream in(part.path, std::ios::binary);
    if (!in.read(room.data(), static_cast<std::streamsize>(room.size())))
      return fail_errno(errno == 0 ? EIO : errno, "read " + part.path.string());
  }
  std::ranges::sort(part.entries, before);
  return {};
}

Result<void> KeyFileWriter::add(const KeyEntry& entry) {
  auto& part = parts_[entry.key.high >> shift_];
  if (part.entries.capacity() == 0) part.entries.reserve(kBuffered);
  part.entries.push_back(entry);
  return part.entries.size() < kBuffered ? Result<void>() : flush(part);
}

Result<std::uint64_t> KeyFileWriter::finish() {
  std::error_code error;
  Footer footer;
  footer.offset = std::filesystem::file_size(file_, error);
  if (error) return fail_errno(error.value(), "size of " + file_.string());
  std::ofstream out(file_, std::ios::binary | std::ios::app);
  std::vector<std::uint64_t> fences;
  std::uint64_t repeated = 0;
  for (auto& part : parts_) {
    QS_CHECK(load(part));
    for (std::size_t i = 0; i < part.entries.size(); ++i) {
      if (i > 0 && part.entries[i].key == part.entries[i - 1].key) ++repeated;
      if (footer.entries++ % kBlock == 0) fences.push_back(part.entries[i].key.high);
    }
    QS_CHECK(append(out, bytes_of(std::span<const KeyEntry>(part.entries)), file_));
    part.entries = {};
  }
  QS_CHECK(append(out, bytes_of(std::span<const std::uint64_t>(fences)), file_));
  QS_CHECK(append(out, bytes_of(std::span<const Footer>(&footer, 1)), file_));
  out.close();
  if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + file_.string());
  return repeated;
}

// --- reading ----------------------------------------------------------------------------------------------------------------

KeyFile::~KeyFile() {
  ::close(fd_);
}

Result<void> KeyFile::read(std::uint64_t at, std::span<char> into) const {
  while (!into.empty()) {
    auto got = ::pread(fd_, into.data(), into.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read an index");
    if (got == 0) return damaged();
    at += static_cast<std::uint64_t>(got);
    into = into.subspan(static_cast<std::size_t>(got));
  }
  return {};
}

Result<std::unique_ptr<const KeyFile>> KeyFile::open(const std::filesystem::path& file) {
  auto fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open " + file.string());
  std::unique_ptr<KeyFile> made(new KeyFile(fd));
  std::error_code error;
  auto size = std::filesystem::file_size(file, error);
  if (error || size < sizeof(Footer)) return damaged();
  Footer footer;
  QS_CHECK(made->read(size - sizeof footer, room_of(std::span(&footer, 1))));
  if (footer.magic != Footer().magic || footer.entries > size / sizeof(KeyEntry) || footer.offset > size) return damaged();
  auto fences = (footer.entries + kBlock - 1) / kBlock;
  auto end = footer.offset + footer.entries * sizeof(KeyEntry);
  if (end + fences * sizeof(std::uint64_t) + sizeof footer != size) return damaged();
  made->offset_ = footer.offset;
  made->entries_ = footer.entries;
  made->fences_.resize(fences);
  QS_CHECK(made->read(end, room_of(std::span(made->fences_))));
  return std::unique_ptr<const KeyFile>(std::move(made));
}

// The block in which the entries of a key begin, if there are any: the last one that begins before it.
std::uint64_t KeyFile::block_of(const KeyHash& key) const {
  auto behind = std::ranges::lower_bound(fences_, key.high) - fences_.begin();
  return behind == 0 ? 0 : static_cast<std::uint64_t>(behind) - 1;
}

// Some blocks in memory.
class KeyFile::Window {
 public:
  explicit Window(const KeyFile& file) : file_(file) {}

  [[nodiscard]] bool holds(std::uint64_t block) const { return first_ <= block && block < end_; }
  [[nodiscard]] bool at_end() const { return end_ == file_.blocks(); }
  [[nodiscard]] std::span<const KeyEntry> entries() const { return entries_; }

  // Blocks first … end - 1.
  Result<void> load(std::uint64_t first, std::uint64_t end) {
    first_ = first;
    end_ = end;
    entries_.resize(std::min(end * kBlock, file_.entries_) - first * kBlock);
    return file_.read(file_.offset_ + first * kBlock * sizeof(KeyEntry), room_of(std::span(entries_)));
  }

  // What of `key` begins in the window, with blocks to follow where it goes on behind.
  Result<std::span<const KeyEntry>> find(const KeyHash& key, std::size_t limit) {
    auto begin = std::ranges::lower_bound(entries_, key, {}, &KeyEntry::key) - entries_.begin();
    for (;;) {
      auto end = begin;
      auto size = std::ssize(entries_);
      while (end < size && entries_[static_cast<std::size_t>(end)].key == key && static_cast<std::size_t>(end - begin) < limit)
        ++end;
      if (end < size || at_end() || static_cast<std::size_t>(end - begin) == limit)
        return std::span<const KeyEntry>(entries_).subspan(static_cast<std::size_t>(begin),
                                                           static_cast<std::size_t>(end - begin));
      QS_CHECK(load_more());
    }
  }

 private:
  Result<void> load_more() {
    auto had = entries_.size();
    entries_.resize(had + std::min(kBlock, file_.entries_ - end_ * kBlock));
    auto at = file_.offset_ + end_ * kBlock * sizeof(KeyEntry);
    ++end_;
    return file_.read(at, room_of(std::span(entries_).subspan(had)));
  }

  const KeyFile& file_;
  std::uint64_t first_ = 0, end_ = 0;
  std::vector<KeyEntry> entries_;
};

Result<std::vector<KeyEntry>> KeyFile::find(const KeyHash& key, std::size_t limit) const {
  if (fences_.empty()) return std::vector<KeyEntry>();
  Window window(*this);
  auto block = block_of(key);
  QS_CHECK(window.load(block, block + 1));
  QS_TRY(auto found, window.find(key, limit));
  return std::vector<KeyEntry>(found.begin(), found.end());
}

Result<void> KeyFile::find_all(std::span<const KeyHash> sorted, std::size_t limit, const Found& found) const {
  if (fences_.empty()) return {};
  Window window(*this);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    auto block = block_of(sorted[i]);
    if (!window.holds(block)) {
      auto end = block + 1;
      for (std::size_t next = i + 1; next < sorted.size() && end - block < kWindow; ++next) {
        auto wanted = block_of(sorted[next]);
        if (wanted >= end + kNear) break;
        end = std::max(end, wanted + 1);
      }
      QS_CHECK(window.load(block, end));
    }
    QS_TRY(auto entries, window.find(sorted[i], limit));
    if (!entries.empty()) QS_CHECK(found(i, entries));
  }
  return {};
}

}  // namespace qushu::query
