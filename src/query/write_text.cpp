#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/text.h"

#include "json_out.h"
#include "writers.h"

namespace qushu::query {
namespace {

constexpr std::size_t kFlush = std::size_t{64} << 10;
constexpr std::size_t kTableSample = 200;  // rows that decide the widths of a table
constexpr std::size_t kTableWidth = 60;    // cells of a column at most

// Runs `row` for every row, handing `out` to the sink whenever it has grown.
template <class Row>
Result<std::uint64_t> for_each_row(engine::Cursor& cursor, std::string& out, const Sink& sink, Row row) {
  std::uint64_t rows = 0;
  for (;;) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      row(*chunk, r, rows++);
      if (out.size() < kFlush) continue;
      QS_CHECK(sink(out));
      out.clear();
    }
  }
  return rows;
}

std::vector<std::string> headers_of(const engine::Cursor& cursor, const WriteOptions& options) {
  if (!options.headers.empty()) return options.headers;
  std::vector<std::string> out;
  for (const auto& column : cursor.columns()) out.push_back(column.name);
  return out;
}

// Cells that a character takes on a terminal: two for ideographs and full-width forms.
std::size_t cells_of(char32_t c) {
  auto in = [&](char32_t from, char32_t to) { return c >= from && c <= to; };
  if (in(0x300, 0x36F) || c == 0x200B || c == 0x200D || in(0xFE00, 0xFE0F)) return 0;
  return in(0x1100, 0x115F) || in(0x2E80, 0xA4CF) || in(0xAC00, 0xD7A3) || in(0xF900, 0xFAFF) || in(0xFE30, 0xFE6F) ||
                 in(0xFF00, 0xFF60) || in(0xFFE0, 0xFFE6) || in(0x1F300, 0x1FAFF) || in(0x20000, 0x3FFFD)
             ? 2
             : 1;
}

// The next character of well-formed UTF-8.
char32_t next_char(std::string_view text, std::size_t& at) {
  auto byte = static_cast<unsigned char>(text[at]);
  auto length = byte < 0x80 ? 1U : byte < 0xE0 ? 2U : byte < 0xF0 ? 3U : 4U;
  char32_t c = length == 1 ? byte : byte & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length && at + i < text.size(); ++i)
    c = (c << 6U) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
  at = std::min(at + length, text.size());
  return c;
}

struct Cell {
  std::string text;
  std::size_t cells = 0;
};

// On one line, without control characters, at most kTableWidth cells.
Cell cell_of(std::string_view text) {
  Cell out;
  for (std::size_t at = 0; at < text.size();) {
    auto from = at;
    auto c = next_char(text, at);
    auto cells = cells_of(c);
    if (out.cells + cells >= kTableWidth && at < text.size()) {
      out.text += "…";
      ++out.cells;
      break;
    }
    if (c < 0x20 || c == 0x7F)
      out.text += ' ';
    else
      out.text += text.substr(from, at - from);
    out.cells += cells;
  }
  return out;
}

class Table {
 public:
  Table(const engine::Cursor& cursor, const WriteOptions& options) {
    for (const auto& header : headers_of(cursor, options)) headers_.push_back(cell_of(header));
    for (const auto& column : cursor.columns()) {
      types_.push_back(column.type);
      widths_.push_back(headers_[widths_.size()].cells);
    }
  }

  void add(const engine::Chunk& chunk, std::size_t row, std::string& out) {
    std::vector<Cell> cells;
    std::string text;
    for (std::size_t c = 0; c < types_.size(); ++c) {
      text.clear();
      if (!chunk.is_null(c, row)) chunk.append_text(c, row, text);
      cells.push_back(cell_of(text));
    }
    if (started_) {
      line(cells, out);
      return;
    }
    waiting_.push_back(std::move(cells));
    if (waiting_.size() >= kTableSample) start(out);
  }

  void finish(std::string& out) {
    if (!started_) start(out);
  }

 private:
  void start(std::string& out) {
    started_ = true;
    for (const auto& row : waiting_)
      for (std::size_t c = 0; c < row.size(); ++c) widths_[c] = std::max(widths_[c], row[c].cells);
    line(headers_, out);
    for (std::size_t c = 0; c < widths_.size(); ++c) {
      if (c != 0) out += "  ";
      for (std::size_t i = 0; i < widths_[c]; ++i) out += "─";
    }
    out += '\n';
    for (const auto& row : waiting_) line(row, out);
    waiting_.clear();
  }

  void line(const std::vector<Cell>& cells, std::string& out) {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (c != 0) out += "  ";
      auto pad = widths_[c] > cells[c].cells ? widths_[c] - cells[c].cells : 0;
      auto right = engine::is_number(types_[c]);
      if (right) out.append(pad, ' ');
      out += cells[c].text;
      if (!right && c + 1 < cells.size()) out.append(pad, ' ');
    }
    out += '\n';
  }

  std::vector<Cell> headers_;
  std::vector<engine::Type> types_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Cell>> waiting_;
  bool started_ = false;
};

}  // namespace

Result<std::uint64_t> write_csv(engine::Cursor& cursor, const Sink& sink, const WriteOptions& options) {
  std::string out = options.bom ? "\xEF\xBB\xBF" : "";
  auto headers = headers_of(cursor, options);
  for (std::size_t i = 0; i < headers.size(); ++i) {
    if (i != 0) out += ',';
    append_csv(headers[i], !options.raw, out);
  }
  out += "\r\n";
  std::vector<engine::Type> types;
  for (const auto& column : cursor.columns()) types.push_back(column.type);
  QS_TRY(auto rows, for_each_row(cursor, out, sink, [&](const engine::Chunk& chunk, std::size_t row, std::uint64_t) {
           for (std::size_t c = 0; c < types.size(); ++c) {
             if (c != 0) out += ',';
             if (chunk.is_null(c, row)) continue;
             if (types[c] == engine::Type::text)
               append_csv(chunk.text(c, row), !options.raw, out);
             else
               chunk.append_text(c, row, out);
           }
           out += "\r\n";
         }));
  QS_CHECK(sink(out));
  return rows;
}

Result<std::uint64_t> write_json(engine::Cursor& cursor, const Sink& sink, bool lines) {
  std::vector<std::string> keys;
  std::vector<engine::Type> types;
  for (const auto& column : cursor.columns()) {
    keys.emplace_back(keys.empty() ? "{" : ",");
    append_json_text(column.name, keys.back());
    keys.back() += ':';
    types.push_back(column.type);
  }
  std::string out = lines ? "" : "[";
  QS_TRY(auto rows, for_each_row(cursor, out, sink, [&](const engine::Chunk& chunk, std::size_t row, std::uint64_t number) {
           if (!lines) out += number == 0 ? "\n" : ",\n";
           for (std::size_t c = 0; c < types.size(); ++c) {
             out += keys[c];
             append_json_value(chunk, c, row, types[c], out);
           }
           out += lines ? "}\n" : "}";
         }));
  if (!lines) out += "\n]\n";
  if (!out.empty()) QS_CHECK(sink(out));
  return rows;
}

Result<std::uint64_t> write_table(engine::Cursor& cursor, const Sink& sink, const WriteOptions& options) {
  Table table(cursor, options);
  std::string out;
  QS_TRY(auto rows, for_each_row(cursor, out, sink, [&](const engine::Chunk& chunk, std::size_t row, std::uint64_t) {
           table.add(chunk, row, out);
         }));
  table.finish(out);
  QS_CHECK(sink(out));
  return rows;
}

}  // namespace qushu::query
