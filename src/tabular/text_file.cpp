#include "text_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace qushu::tabular {
namespace {

constexpr std::size_t kBlock = 4U << 20U;
// A quoted cell longer than this was never meant: its quote is taken for unclosed.
constexpr std::size_t kLongestCell = 1U << 20U;

constexpr auto npos = std::string_view::npos;

std::size_t find_char(std::string_view text, char c, std::size_t from) {
  if (from >= text.size()) return npos;
  const void* found = std::memchr(text.data() + from, c, text.size() - from);
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : npos;
}

}  // namespace

RecordEnd record_end(std::string_view text, std::size_t at, const Separators& s, bool last) {
  RecordEnd end;
  auto first_break = find_char(text, s.terminator, at);
  auto close = [&](std::size_t terminator) {
    end.end = terminator == npos ? (last ? text.size() : npos) : terminator + 1;
    return end;
  };
  if (s.quote == '\0') return close(first_break);
  // Without a quote before the line's end there is nothing to weigh.
  auto row_end = first_break == npos ? text.size() : first_break;
  if (find_char(text.substr(0, row_end), s.quote, at) == npos) return close(first_break);
  bool cell_begins = true;
  for (std::size_t i = at; i < text.size(); ++i) {
    char c = text[i];
    if (c == s.terminator) return close(i);
    if (c == s.delimiter) {
      cell_begins = true;
      continue;
    }
    if (c != s.quote || !cell_begins) {
      cell_begins = cell_begins && c == ' ';
      continue;
    }
    // Inside quotes: to the quote that a delimiter or the row's end follows.
    std::uint64_t lines = 0;
    std::size_t begun = i;
    bool closed = false;
    for (++i; i < text.size() && i - begun <= kLongestCell; ++i) {
      if (text[i] == s.terminator) ++lines;
      if (text[i] != s.quote) continue;
      if (i + 1 < text.size() && text[i + 1] == s.quote) {
        ++i;
        continue;
      }
      auto after = i + 1;
      while (after < text.size() && (text[after] == ' ' || text[after] == '\r')) ++after;
      bool ends = after >= text.size() ? last : text[after] == s.delimiter || text[after] == s.terminator;
      if (after >= text.size() && !last) return {};
      if (ends) {
        closed = true;
        break;
      }
      // A quote in the middle of the words is one more letter, as long as it stays on its line.
      if (lines > 0) break;
    }
    if (!closed) {
      if (i >= text.size() && !last && i - begun <= kLongestCell) return {};
      end.unclosed = true;
      return close(find_char(text, s.terminator, begun));
    }
    end.lines += lines;
    cell_begins = false;
  }
  return close(npos);
}

BlockReader::BlockReader(int fd, Separators separators, std::uint64_t size, std::uint64_t start)
    : fd_(fd), separators_(separators), size_(size), read_(start), taken_(start) {}

BlockReader::~BlockReader() {
  ::close(fd_);
}

Result<std::unique_ptr<BlockReader>> BlockReader::open(const std::filesystem::path& file, Separators separators,
                                                       std::uint64_t skip_bytes) {
  int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(errno, "open " + file.string());
  struct stat info{};
  if (::fstat(fd, &info) != 0) {
    int error = errno;
    ::close(fd);
    return fail_errno(error, "stat " + file.string());
  }
  ::posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  return std::unique_ptr<BlockReader>(new BlockReader(fd, separators, static_cast<std::uint64_t>(info.st_size), skip_bytes));
}

Result<bool> BlockReader::next(Block& into) {
  std::lock_guard lock(mutex_);
  into.bytes.clear();
  into.bytes.swap(rest_);
  into.first_line = line_;
  while (true) {
    auto had = into.bytes.size();
    auto want = std::min<std::uint64_t>(kBlock, size_ - std::min(size_, read_));
    into.bytes.resize(had + want);
    std::size_t got = 0;
    while (got < want) {
      auto n = ::pread(fd_, into.bytes.data() + had + got, want - got, static_cast<off_t>(read_ + got));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return fail_errno(errno, "read a table");
      if (n == 0) break;
      got += static_cast<std::size_t>(n);
    }
    into.bytes.resize(had + got);
    read_ += got;
    bool last = read_ >= size_ || got < want;
    if (last && !into.bytes.empty() && into.bytes.back() != separators_.terminator) into.bytes += separators_.terminator;
    if (into.bytes.empty()) return false;
    std::string_view text(into.bytes);
    std::size_t cut = 0;
    if (separators_.quote == '\0' || find_char(text, separators_.quote, 0) == npos) {
      auto at = text.rfind(separators_.terminator);
      cut = at == npos ? 0 : at + 1;
      line_ += static_cast<std::uint64_t>(
          std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(cut), separators_.terminator));
    } else {
      auto line = line_;
      while (cut < text.size()) {
        auto end = record_end(text, cut, separators_, last);
        if (end.end == npos) break;
        line += end.lines;
        cut = end.end;
      }
      if (cut > 0) line_ = line;
    }
    if (cut == 0 && !last) continue;  // one row larger than a block: read on
    rest_.assign(text.substr(cut));
    into.bytes.resize(cut);
    taken_ = read_ - rest_.size();
    return !into.bytes.empty();
  }
}

void RecordParser::split_plain(std::string_view row, Record& into) const {
  std::size_t begin = 0;
  while (true) {
    auto end = find_char(row, separators_.delimiter, begin);
    if (end == npos) break;
    into.cells.push_back(row.substr(begin, end - begin));
    begin = end + 1;
  }
  into.cells.push_back(row.substr(begin));
}

bool RecordParser::next(Record& into) {
  if (at_ >= text_.size()) return false;
  auto end = record_end(text_, at_, separators_, true);
  auto row = text_.substr(at_, end.end - at_);
  if (row.ends_with(separators_.terminator)) row.remove_suffix(1);
  if (separators_.terminator == '\n' && row.ends_with('\r')) row.remove_suffix(1);
  into.line = line_;
  into.raw = row;
  into.unclosed = end.unclosed;
  into.cells.clear();
  line_ += end.lines;
  at_ = end.end;
  if (separators_.quote == '\0' || end.unclosed || find_char(row, separators_.quote, 0) == npos) {
    split_plain(row, into);
    return true;
  }
  unescaped_.clear();
  std::size_t i = 0;
  while (true) {
    auto begin = i;
    while (begin < row.size() && row[begin] == ' ') ++begin;
    if (begin < row.size() && row[begin] == separators_.quote) {
      auto cell = std::make_unique<std::string>();
      for (i = begin + 1; i < row.size(); ++i) {
        if (row[i] != separators_.quote) {
          *cell += row[i];
          continue;
        }
        if (i + 1 < row.size() && row[i + 1] == separators_.quote) {
          *cell += row[++i];
          continue;
        }
        auto after = i + 1;
        while (after < row.size() && row[after] == ' ') ++after;
        if (after >= row.size() || row[after] == separators_.delimiter) {
          i = after;
          break;
        }
        *cell += row[i];
      }
      unescaped_.push_back(std::move(cell));
      into.cells.emplace_back(*unescaped_.back());
    } else {
      auto stop = find_char(row, separators_.delimiter, i);
      into.cells.push_back(row.substr(i, stop == npos ? npos : stop - i));
      i = stop == npos ? row.size() : stop;
    }
    if (i >= row.size()) break;
    ++i;
    if (i == row.size()) {
      into.cells.emplace_back();
      break;
    }
  }
  return true;
}

}  // namespace qushu::tabular
