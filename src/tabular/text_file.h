// The inside of the readers: every table, whatever it came as, is read as separated text in UTF-8 on local disk, in blocks, by
// several threads. CSV is read where it lies; other encodings and formats are first spooled into that form (spool.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/memory.h"
#include "qushu/tabular/tabular.h"

#include "read_ahead.h"

namespace qushu::tabular {

// How cells and rows are told apart.
struct Separators {
  char delimiter = ',';
  char quote = '"';        // '\0': none
  char terminator = '\n';  // a '\r' before it belongs to it
};

// Spooled tables: what XML and JSON text cannot hold separates cells and rows, so nothing needs quotes.
inline constexpr Separators kSpooled{.delimiter = '\x1F', .quote = '\0', .terminator = '\x1E'};
// In spooled tables, before a text that looks like a number or a date: it was text in the source.
inline constexpr char kWasText = '\x02';

// A piece of the file that begins and ends at a row's border.
struct Block {
  std::string_view bytes;
  std::uint64_t first_line = 1;            // of the file, counted from 1
  bool quoted = true;                      // false: no quote is anywhere in it
  std::shared_ptr<const char> owner = {};  // of the bytes, when they are not somebody else's
};

// One row of a block.
struct Record {
  std::uint64_t line = 0;
  std::string_view raw;
  std::vector<std::string_view> cells;  // into the block or the parser's own memory
  bool unclosed = false;                // a quote that never ends: the row ends at its first line
  bool wide = true;                     // there may be full-width signs in it
  bool lasts = false;                   // all cells lie in the block; else some only until the next row
};

// Hands out blocks in order. Thread-safe.
class BlockReader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<BlockReader>> open(const std::filesystem::path& file, Separators separators,
                                                                 std::uint64_t skip_bytes, File::ByteSink copy = {});
  // False at the end of the file.
  [[nodiscard]] Result<bool> next(Block& into);
  [[nodiscard]] std::uint64_t size() const { return file_->size(); }
  [[nodiscard]] std::uint64_t position() const { return taken_; }

 private:
  BlockReader(std::unique_ptr<ReadAhead> file, Separators separators, std::uint64_t start);
  void join(ReadAhead::Piece piece, bool last, Block& into);
  [[nodiscard]] std::size_t whole_rows(std::string_view text, bool quoted, bool last);
  std::unique_ptr<ReadAhead> file_;
  Separators separators_;
  std::mutex mutex_;  // guards what follows
  std::string rest_;  // begun, not ended
  std::uint64_t read_, line_ = 1;
  std::atomic<std::uint64_t> taken_;
};

// Splits a block into rows. Used by one thread.
class RecordParser {
 public:
  RecordParser(const Block& block, Separators separators);
  // False at the end of the block. The record is valid until the next call.
  bool next(Record& into);
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

 private:
  void split_plain(std::string_view row, Record& into) const;
  void split_quoted(std::string_view row, Record& into);
  std::string_view quoted_cell(std::string_view row, std::size_t& at);
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint64_t line_;
  Separators separators_;
  bool wide_;  // there are full-width signs in the block
  std::vector<std::unique_ptr<std::string>> unescaped_;
};

// Where the record that begins at `at` ends (past its terminator), npos when the text ends first. `lines` is how many
// terminators it holds; `unclosed` whether its quote never ends within the text.
struct RecordEnd {
  std::size_t end = std::string_view::npos;
  std::uint64_t lines = 1;
  bool unclosed = false;
  bool quoted = false;  // there is a quote in it
};
[[nodiscard]] RecordEnd record_end(std::string_view text, std::size_t at, const Separators& separators, bool last);

}  // namespace qushu::tabular
