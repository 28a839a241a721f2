#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "qushu/base/memory.h"
#include "qushu/tabular/tabular.h"

namespace qushu::tabular {

// Reads a file from front to back, some pieces ahead of its user, so that a disk that pauses does not stop her; and past the
// page cache when it is large: who reads a file once or twice gains nothing from the cache, and filling it costs more than
// reading. Used by one thread at a time.
class ReadAhead {
 public:
  // `copy`, if any, gets the pieces whole, with what lies before `from` in the first of them.
  [[nodiscard]] static Result<std::unique_ptr<ReadAhead>> open(const std::filesystem::path& file, std::uint64_t from,
                                                               File::ByteSink copy = {});
  // Before a piece there is as much room for what its user has left of the one before, and behind it for one byte.
  static constexpr std::size_t kRoom = 64U << 10U;
  struct Piece {
    std::shared_ptr<char> block;
    std::span<char> bytes;
  };
  ~ReadAhead();
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  // The next piece; empty at the end.
  [[nodiscard]] Result<Piece> next();
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  struct Got {
    std::shared_ptr<char> block;
    std::size_t size = 0;
    int error = 0;
  };
  ReadAhead(int fd, std::uint64_t size, std::uint64_t from, File::ByteSink copy);
  [[nodiscard]] Got read();
  void run();
  [[nodiscard]] Got take();

  int fd_;
  std::uint64_t size_, at_, skip_;  // at_: of who reads
  File::ByteSink copy_;
  std::size_t block_;
  BlockPool pool_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Got> ready_;
  bool ended_ = false, stop_ = false;
  std::thread reader_;  // none for a small file, which is read when it is asked for
};

}  // namespace qushu::tabular
