#include "dialect.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/text.h"

#include "value.h"

namespace qushu::tabular {
namespace {

constexpr std::size_t kSampleRows = 60;
constexpr std::size_t kMostHeaderRows = 4;

using Rows = std::vector<std::vector<std::string>>;

Rows sample(std::string_view front, const Separators& s) {
  Block block{.bytes = front, .first_line = 1};
  RecordParser parser(block, s);
  Rows rows;
  Record record;
  while (rows.size() < kSampleRows && parser.next(record)) {
    std::vector<std::string> cells;
    for (auto cell : record.cells) cells.emplace_back(clean_text(cell));
    rows.push_back(std::move(cells));
  }
  return rows;
}

std::size_t filled(const std::vector<std::string>& row) {
  return static_cast<std::size_t>(std::ranges::count_if(row, [](const std::string& c) { return !c.empty(); }));
}

// How alike the rows are in width, and how wide: the right delimiter gives many rows of one width above one.
double score(const Rows& rows) {
  std::map<std::size_t, std::size_t> widths;
  std::size_t counted = 0;
  for (const auto& row : rows) {
    if (filled(row) == 0) continue;
    ++widths[row.size()];
    ++counted;
  }
  double best = 0;
  for (auto [width, count] : widths)
    if (width > 1)
      best = std::max(best, static_cast<double>(count) / static_cast<double>(counted) +
                                std::min<double>(static_cast<double>(width), 30) / 1000);
  return best;
}

bool looks_like_value(const std::string& cell) {
  std::string buffer;
  auto c = clean(cell, buffer);
  Number n;
  std::int64_t t = 0;
  double d = 0;
  bool b = false;
  if (c.text.size() == 4 && parse_number(c.text, n) && (c.text.starts_with("19") || c.text.starts_with("20")))
    return false;  // years head columns
  return parse_number(c.text, n) || parse_datetime(c.text, false, t) || parse_float(c.text, d) || is_credit_code(c.text) ||
         (parse_boolean(c.text, b) && c.text.size() > 1);
}

std::size_t usual_width(const Rows& rows) {
  std::map<std::size_t, std::size_t> widths;
  for (const auto& row : rows)
    if (filled(row) > 0) ++widths[filled(row)];
  std::size_t width = 0, most = 0;
  for (auto [w, count] : widths)
    if (count >= most) {
      most = count;
      width = w;
    }
  return width;
}

// Titles and notes stand above a table: rows that fill far fewer cells than the rows below.
std::uint32_t rows_before_header(const Rows& rows) {
  auto width = usual_width(rows);
  std::uint32_t skip = 0;
  while (skip < rows.size()) {
    auto n = filled(rows[skip]);
    bool thin = n == 0 || (width >= 3 && n * 3 <= width && n <= 2);
    if (!thin) break;
    ++skip;
  }
  return skip == rows.size() ? 0 : skip;
}

std::uint32_t rows_of_header(const Rows& rows, std::uint32_t skip, bool spooled) {
  if (skip >= rows.size()) return 0;
  auto is_header = [&](std::size_t i) {
    const auto& row = rows[i];
    auto values = std::ranges::count_if(row, [](const std::string& c) { return !c.empty() && looks_like_value(c); });
    return filled(row) > 0 && values == 0;
  };
  if (!is_header(skip)) return 0;
  // All rows alike and all of text: the first is a header when its cells do not come again below it.
  std::uint32_t count = 1;
  if (!spooled) return count;
  // In spreadsheets a header may take several rows: an upper one has gaps that merged cells left, and no row of data follows
  // yet.
  while (skip + count < rows.size() && count < kMostHeaderRows) {
    const auto& above = rows[skip + count - 1];
    const auto& here = rows[skip + count];
    bool gaps = false;
    for (std::size_t i = 0; i < std::max(above.size(), here.size()); ++i) {
      bool up = i < above.size() && !above[i].empty();
      bool down = i < here.size() && !here[i].empty();
      bool same = up && i > 0 && above[i] == above[i - 1] && !above[i].empty();
      if ((!up && down) || same) gaps = true;
    }
    bool data_below = skip + count + 1 < rows.size();
    if (!gaps || !is_header(skip + count) || !data_below) break;
    ++count;
  }
  return count;
}

std::vector<std::string> header_names(const Rows& rows, std::uint32_t skip, std::uint32_t header, std::size_t width) {
  std::vector<std::string> names(width);
  for (std::uint32_t r = 0; r < header && skip + r < rows.size(); ++r) {
    const auto& row = rows[skip + r];
    std::string left;
    for (std::size_t i = 0; i < width; ++i) {
      auto cell = i < row.size() ? row[i] : std::string();
      std::string flat;
      for (char c : cell) flat += c == '\n' || c == '\r' || c == '\t' ? ' ' : c;
      cell = std::string(trim(flat));
      bool last = r + 1 == header;
      // A heading over several columns is written once, at its left, and holds for those that have something below.
      if (cell.empty() && !last && !left.empty()) {
        bool below = false;
        for (std::uint32_t d = r + 1; d < header; ++d)
          below = below || (i < rows[skip + d].size() && !rows[skip + d][i].empty());
        if (below) cell = left;
      }
      if (!cell.empty()) left = cell;
      if (cell.empty() || names[i] == cell || names[i].ends_with("·" + cell)) continue;
      names[i] += names[i].empty() ? cell : "·" + cell;
    }
  }
  return names;
}

}  // namespace

std::vector<std::string> unique_names(std::vector<std::string> names) {
  std::set<std::string> taken;
  for (std::size_t i = 0; i < names.size(); ++i) {
    auto stem = names[i].empty() ? fmt::format("列{}", i + 1) : shorten(well_formed(names[i]), 100);
    auto name = stem;
    for (int n = 2; taken.contains(lower_ascii(name)); ++n) name = fmt::format("{} ({})", stem, n);
    taken.insert(lower_ascii(name));
    names[i] = std::move(name);
  }
  return names;
}

Layout detect_layout(std::string_view front, const Dialect& given, const Separators* known) {
  Layout layout;
  if (known) {
    layout.separators = *known;
  } else {
    layout.separators.quote = given.quote.value_or('"');
    double best = -1;
    for (char candidate : {',', '\t', ';', '|'}) {
      if (given.delimiter && *given.delimiter != candidate) continue;
      Separators s{.delimiter = candidate, .quote = layout.separators.quote};
      auto points = score(sample(front, s));
      if (points > best) {
        best = points;
        layout.separators.delimiter = candidate;
      }
    }
    if (given.delimiter) layout.separators.delimiter = *given.delimiter;
  }
  auto rows = sample(front, layout.separators);
  layout.skip_rows = given.skip_rows.value_or(rows_before_header(rows));
  layout.header_rows = given.header_rows.value_or(rows_of_header(rows, layout.skip_rows, known != nullptr));
  std::size_t width = 0;
  for (std::size_t i = layout.skip_rows; i < rows.size(); ++i) {
    auto n = rows[i].size();
    while (n > 0 && rows[i][n - 1].empty()) --n;
    // A row that is too wide is a broken row, not a wider table; the header says how wide it is.
    if (i < layout.skip_rows + layout.header_rows || layout.header_rows == 0) width = std::max(width, n);
  }
  if (width == 0)
    for (const auto& row : rows) width = std::max(width, row.size());
  layout.names = unique_names(header_names(rows, layout.skip_rows, layout.header_rows, width));
  std::size_t data = 0, lacking = 0;
  for (std::size_t i = layout.skip_rows + layout.header_rows; i < rows.size(); ++i) {
    if (filled(rows[i]) == 0) continue;
    ++data;
    if (rows[i].size() < width) ++lacking;
  }
  layout.fill_short = known != nullptr || given.fill_short.value_or(data >= 3 && lacking * 2 > data);
  return layout;
}

}  // namespace qushu::tabular
