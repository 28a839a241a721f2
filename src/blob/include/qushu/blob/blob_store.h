// Durable files, named by their SHA-256. What commit() has answered survives a power cut: temporary file in the same folder →
// write → fsync → close → rename → fsync of the folder and each new parent. A failed fsync discards the file and fails.
//
// Blobs are immutable. The same content is stored once. Nothing refers to a blob but the metadata database, so a blob that no
// row names is garbage, and `sweep` removes it once it is older than a grace period.
//
// Thread-safety: a BlobStore may be used from any thread and from several processes at once; a Writer by one thread at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/memory.h"

namespace qushu::blob {

struct BlobInfo {
  std::string sha256;  // 64 lower-case hexadecimal digits: the blob's name
  std::uint64_t size = 0;
};

// Writes one blob; what is not committed is removed by the destructor, or by the next open() after a crash.
class Writer {
 public:
  virtual ~Writer() = default;
  [[nodiscard]] virtual Result<void> write(std::string_view bytes) = 0;
  // The same; large pieces at a block's border are taken as they are, without a copy.
  [[nodiscard]] virtual Result<void> write(const SharedBytes& bytes) = 0;
  [[nodiscard]] virtual std::uint64_t written() const = 0;
  // Makes it durable and visible. The Writer is spent.
  [[nodiscard]] virtual Result<BlobInfo> commit() = 0;
};

class BlobStore {
 public:
  virtual ~BlobStore() = default;
  // Local disk under `folder`, made when missing. Removes temporary files that no running process owns.
  [[nodiscard]] static Result<std::unique_ptr<BlobStore>> open_local(const std::filesystem::path& folder);

  [[nodiscard]] virtual Result<std::unique_ptr<Writer>> create() = 0;
  // Takes a file that a library wrote inside temporary_folder(): hashes it, makes it durable and moves it in.
  [[nodiscard]] virtual Result<BlobInfo> adopt(const std::filesystem::path& file) = 0;
  // Copies a file from anywhere (by reflink where the file system can), reading it once.
  [[nodiscard]] virtual Result<BlobInfo> copy_in(const std::filesystem::path& file) = 0;
  // A local path to read the blob at; not_found when there is no such blob, invalid when `sha256` is not one.
  [[nodiscard]] virtual Result<std::filesystem::path> path(std::string_view sha256) const = 0;
  // Reads the blob whole and compares it with its name; internal "blob.damaged" when they differ.
  [[nodiscard]] virtual Result<void> verify(std::string_view sha256) const = 0;
  // On the same file system as the blobs, private to this process; everything in it is gone after a restart.
  [[nodiscard]] virtual std::filesystem::path temporary_folder() const = 0;
  // Removes blobs older than `grace` for which `is_used` answers false; how many bytes were freed.
  [[nodiscard]] virtual Result<std::uint64_t> sweep(std::chrono::seconds grace,
                                                    const std::function<bool(std::string_view sha256)>& is_used) = 0;
  // Free bytes on the disk, for readiness, doctor and early refusal.
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes() const = 0;
};

}  // namespace qushu::blob
