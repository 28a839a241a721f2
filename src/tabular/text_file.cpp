#include "text_file.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace qushu::tabular {
namespace {

// A quoted cell longer than this was never meant: its quote is taken for unclosed.
constexpr std::size_t kLongestCell = 1U << 20U;

// The first byte of every full-width sign.
constexpr char kWideLead = '\xEF';

constexpr auto npos = std::string_view::npos;

std::size_t find_char(std::string_view text, char c, std::size_t from) {
  if (from >= text.size()) return npos;
  const void* found = std::memchr(text.data() + from, c, text.size() - from);
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : npos;
}

// One bit for each of the sixteen bytes that is `c`.
std::uint32_t equal_in_16(const char* bytes, char c) {
#if defined(__SSE2__)
  auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));  // NOLINT
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c))));
#else
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 16; ++i) bits |= static_cast<std::uint32_t>(bytes[i] == c) << i;
  return bits;
#endif
}

// In runs that a byte can count, so that the compiler makes vectors of it.
std::uint64_t count_char(std::string_view text, char c) {
  std::uint64_t total = 0;
  while (!text.empty()) {
    auto run = text.substr(0, 240);
    std::uint8_t n = 0;
    for (char x : run) n = static_cast<std::uint8_t>(n + (x == c ? 1 : 0));
    total += n;
    text.remove_prefix(run.size());
  }
  return total;
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
  end.quoted = true;
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

BlockReader::BlockReader(std::unique_ptr<ReadAhead> file, Separators separators, std::uint64_t start)
    : file_(std::move(file)), separators_(separators), read_(start), taken_(start) {}

Result<std::unique_ptr<BlockReader>> BlockReader::open(const std::filesystem::path& file, Separators separators,
                                                       std::uint64_t skip_bytes, File::ByteSink copy) {
  QS_TRY(auto ahead, ReadAhead::open(file, skip_bytes, std::move(copy)));
  return std::unique_ptr<BlockReader>(new BlockReader(std::move(ahead), separators, skip_bytes));
}

// What was left of the last piece, the next one, and `end` if the file lacks it, as one. Mostly the rest is short and goes into
// the room before the piece, which is then not copied.
void BlockReader::join(ReadAhead::Piece piece, bool last, Block& into) {
  auto* begin = piece.bytes.data();
  auto size = piece.bytes.size();
  if (piece.block == nullptr || rest_.size() > ReadAhead::kRoom) {
    auto longer = std::make_shared<std::string>(std::move(rest_));
    longer->reserve(longer->size() + size + 1);
    longer->append(begin, size);
    size = longer->size();
    longer->push_back('\0');
    begin = longer->data();
    into.owner = std::shared_ptr<const char>(std::move(longer), begin);
  } else {
    begin -= rest_.size();
    size += rest_.size();
    std::ranges::copy(rest_, begin);
    into.owner = std::move(piece.block);
  }
  rest_.clear();
  if (last && size > 0 && begin[size - 1] != separators_.terminator) begin[size++] = separators_.terminator;
  into.bytes = {begin, size};
}

// How much of the text is whole rows; counts their lines.
std::size_t BlockReader::whole_rows(std::string_view text, bool quoted, bool last) {
  if (!quoted) {
    auto at = text.rfind(separators_.terminator);
    auto cut = at == npos ? 0 : at + 1;
    line_ += count_char(text.substr(0, cut), separators_.terminator);
    return cut;
  }
  std::size_t cut = 0;
  while (cut < text.size()) {
    auto end = record_end(text, cut, separators_, last);
    if (end.end == npos) break;
    line_ += end.lines;
    cut = end.end;
  }
  return cut;
}

Result<bool> BlockReader::next(Block& into) {
  into = {};
  std::lock_guard lock(mutex_);
  into.first_line = line_;
  while (true) {
    QS_TRY(auto piece, file_->next());
    read_ += piece.bytes.size();
    bool last = piece.bytes.empty() || read_ >= file_->size();
    join(std::move(piece), last, into);
    if (into.bytes.empty()) return false;
    into.quoted = separators_.quote != '\0' && find_char(into.bytes, separators_.quote, 0) != npos;
    auto cut = whole_rows(into.bytes, into.quoted, last);
    rest_.assign(into.bytes.substr(cut));
    if (cut == 0 && !last) continue;  // one row larger than a block: read on
    into.bytes = into.bytes.substr(0, cut);
    taken_ = read_ - rest_.size();
    return !into.bytes.empty();
  }
}

void RecordParser::split_plain(std::string_view row, Record& into) const {
  // Cells are short: a look at sixteen bytes at a time finds several delimiters at once.
  const char* data = row.data();
  std::size_t begin = 0, at = 0;
  auto cell = [&](std::size_t end) {
    into.cells.emplace_back(data + begin, end - begin);
    begin = end + 1;
  };
  for (; at + 16 <= row.size(); at += 16) {
    for (auto found = equal_in_16(data + at, separators_.delimiter); found != 0; found &= found - 1)
      cell(at + static_cast<std::size_t>(std::countr_zero(found)));
  }
  for (; at < row.size(); ++at)
    if (data[at] == separators_.delimiter) cell(at);
  cell(row.size());
}

RecordParser::RecordParser(const Block& block, Separators separators)
    : text_(block.bytes),
      line_(block.first_line),
      separators_(separators),
      wide_(find_char(block.bytes, kWideLead, 0) != npos) {
  if (!block.quoted) separators_.quote = '\0';
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
  into.wide = wide_ && find_char(row, kWideLead, 0) != npos;
  into.cells.clear();
  line_ += end.lines;
  at_ = end.end;
  unescaped_.clear();
  if (!end.quoted || end.unclosed)
    split_plain(row, into);
  else
    split_quoted(row, into);
  into.lasts = unescaped_.empty();
  return true;
}

void RecordParser::split_quoted(std::string_view row, Record& into) {
  std::size_t i = 0;
  while (true) {
    auto begin = i;
    while (begin < row.size() && row[begin] == ' ') ++begin;
    if (begin < row.size() && row[begin] == separators_.quote) {
      i = begin + 1;
      into.cells.push_back(quoted_cell(row, i));
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
}

// The cell whose opening quote lies before `at`, which moves to the delimiter behind it. Most hold no quote and are read where
// they lie; the others are made anew.
std::string_view RecordParser::quoted_cell(std::string_view row, std::size_t& at) {
  std::string* anew = nullptr;
  auto from = at;
  while (true) {
    auto quote = std::min(find_char(row, separators_.quote, at), row.size());
    auto after = quote + 1;
    while (after < row.size() && row[after] == ' ') ++after;
    bool doubled = quote + 1 < row.size() && row[quote + 1] == separators_.quote;
    bool ends = quote == row.size() || (!doubled && (after >= row.size() || row[after] == separators_.delimiter));
    auto piece = row.substr(from, quote - from);
    if (ends) {
      at = std::min(after, row.size());
      return anew == nullptr ? piece : std::string_view(anew->append(piece));
    }
    // Of two quotes one is kept; one in the middle of the words is one more letter.
    if (anew == nullptr) anew = unescaped_.emplace_back(std::make_unique<std::string>()).get();
    anew->append(piece).push_back(separators_.quote);
    at = from = quote + (doubled ? 2 : 1);
  }
}

}  // namespace qushu::tabular
