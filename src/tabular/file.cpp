#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/tabular/tabular.h"

#include "dialect.h"
#include "encoding.h"
#include "infer.h"
#include "reading.h"
#include "spool.h"

namespace qushu::tabular {
namespace {

const std::array kSettings{
    SettingSpec{.key = "tabular.misfit_share",
                .kind = SettingKind::number,
                .default_value = "0.01",
                .label = {"列类型可容忍的不合格值比例，超出则按文本",
                          "Share of values that may not fit a column's type before it becomes text"},
                .runtime = true},
    SettingSpec{.key = "tabular.column_limit",
                .kind = SettingKind::integer,
                .default_value = "2000",
                .label = {"一张表的列数上限", "Columns of a table at most"},
                .min = 1,
                .max = 20000},
    SettingSpec{.key = "tabular.cell_limit",
                .kind = SettingKind::bytes,
                .default_value = "1MiB",
                .label = {"单元格大小上限", "Size limit of a cell"},
                .min = 256,
                .max = 4194304},
    SettingSpec{.key = "tabular.table_limit",
                .kind = SettingKind::integer,
                .default_value = "200",
                .label = {"一个文件里的表数上限", "Tables of a file at most"},
                .min = 1,
                .max = 10000},
    SettingSpec{.key = "tabular.expansion_limit",
                .kind = SettingKind::bytes,
                .default_value = "64GiB",
                .label = {"压缩包解开后的大小上限", "What an archive may unpack to"},
                .min = 1048576},
    SettingSpec{.key = "tabular.expansion_ratio",
                .kind = SettingKind::number,
                .default_value = "200",
                .label = {"压缩包解开后相对自身的倍数上限", "How many times its size an archive may unpack to"}},
    SettingSpec{.key = "tabular.threads",
                .kind = SettingKind::integer,
                .default_value = "0",
                .label = {"解析文件的线程数（0 为处理器数）", "Threads that parse a file (0: one per processor)"},
                .min = 0,
                .max = 64}};

constexpr std::size_t kFront = 256U << 10U, kGuessedFrom = 4U << 20U;
constexpr std::size_t kMostMisfits = 100, kMostPreview = 50;

std::string read_front(const std::filesystem::path& file, std::size_t size, std::uint64_t from = 0) {
  std::ifstream in(file, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(from));
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// A table opened: its text, and how it is laid out.
struct Opened {
  std::filesystem::path file;
  std::uint64_t skip_bytes = 0;
  Layout layout;
  std::string encoding;
  RowRules rules;
};

class OpenFile final : public File {
 public:
  OpenFile(std::filesystem::path scratch, const Settings& settings)
      : scratch_(std::move(scratch)),
        share_(settings.number("tabular.misfit_share")),
        cell_limit_(static_cast<std::size_t>(settings.integer("tabular.cell_limit"))),
        columns_(static_cast<std::size_t>(settings.integer("tabular.column_limit"))) {
    auto threads = settings.integer("tabular.threads");
    threads_ = threads > 0 ? static_cast<std::size_t>(threads) : std::max(1U, std::thread::hardware_concurrency());
  }
  ~OpenFile() override {
    std::error_code ignored;
    std::filesystem::remove_all(scratch_, ignored);
  }

  Result<void> unpack(const std::filesystem::path& file, std::string_view name, const Settings& settings) {
    std::error_code failed;
    std::filesystem::create_directories(scratch_, failed);
    if (failed) return fail_errno(failed.value(), "create " + scratch_.string());
    QS_TRY(tables_, open_container(file, name, scratch_, settings));
    return {};
  }

  std::vector<std::string> tables() const override {
    std::vector<std::string> names;
    for (const auto& t : tables_) names.push_back(t.location);
    return names;
  }

  Result<TableFacts> analyse(std::string_view location, const Dialect& given, const Progress& progress) override {
    QS_TRY(const auto* table, find(location));
    TableFacts facts;
    facts.location = table->location;
    facts.format = table->format;
    facts.note = table->note;
    if (table->note) return facts;
    QS_TRY(auto opened, open(*table, given, progress));
    QS_CHECK(measure(*table, opened, facts, progress));
    if (facts.broken_rows * 20 > facts.rows && given.encoding.empty() && opened.encoding == "utf-8" && !table->spooled &&
        encoding_broken_) {
      // The front was plain ASCII and what follows is not UTF-8 at all.
      Dialect other = given;
      other.encoding = "gb18030";
      return analyse(location, other, progress);
    }
    facts.dialect = dialect_of(*table, opened);
    if (facts.rows == 0) facts.note = Text{"没有数据行。", "There are no rows of data."};
    return facts;
  }

  Result<std::optional<Survey>> survey(std::string_view location, SurveySpec spec) override {
    QS_TRY(const auto* table, find(location));
    if (table->note) return std::optional<Survey>();
    QS_TRY(auto opened, open(*table, spec.given, spec.progress));
    if (spec.copy && (table->spooled || opened.file != table->file)) return std::optional<Survey>();
    std::vector<ColumnPlan> guess;
    if (!guess_from_front(opened, guess)) return std::optional<Survey>();
    QS_TRY(auto ids, spec.ids_of(guess));
    auto tallies = std::make_shared<Tallies>();
    QS_TRY(auto reading, open_reading({.file = opened.file,
                                       .separators = opened.layout.separators,
                                       .skip_bytes = opened.skip_bytes,
                                       .rules = opened.rules,
                                       .plan = guess,
                                       .ids = std::move(ids),
                                       .rejects = std::move(spec.rejects),
                                       .progress = spec.progress,
                                       .threads = threads_,
                                       .tallies = tallies,
                                       .copy = std::move(spec.copy)}));
    const auto& given = spec.given;
    const auto& progress = spec.progress;
    auto facts = [this, table, opened, guess, tallies, given, progress, counts = reading.counts]() -> Result<TableFacts> {
      // The front was plain ASCII and what follows is not UTF-8 at all: the other way looks for another encoding.
      if (tallies->broken * 20 > counts->read && given.encoding.empty() && opened.encoding == "utf-8" && !table->spooled)
        return analyse(table->location, given, progress);
      TableFacts out{.location = table->location, .format = table->format, .dialect = dialect_of(*table, opened)};
      out.rows = counts->read;
      out.broken_rows = tallies->broken;
      bool as_guessed = true;
      for (std::size_t i = 0; i < guess.size(); ++i) {
        out.columns.push_back(tallies->columns[i].decide(opened.layout.names[i], share_));
        as_guessed = as_guessed && out.columns.back().plan == guess[i];
      }
      if (as_guessed) {
        out.rejected = counts->rejected;
        out.first_misfits = std::move(tallies->misfits);
        keep_first(out.first_misfits);
      } else {
        QS_CHECK(find_misfits(opened, out, progress));
      }
      preview(*table, opened, out);
      return out;
    };
    return std::optional<Survey>(
        {.dialect = dialect_of(*table, opened), .guess = std::move(guess), .reading = std::move(reading), .facts = facts});
  }

  Result<Reading> read(std::string_view location, const Dialect& dialect, const std::vector<ColumnPlan>& plan,
                       const std::vector<std::string>& ids, RejectSink rejects, const Progress& progress) override {
    QS_TRY(const auto* table, find(location));
    if (table->note) return fail(Code::invalid, "tabular.unreadable", table->note->zh, table->note->en);
    QS_TRY(auto opened, open(*table, dialect, progress));
    auto own =
        static_cast<std::size_t>(std::ranges::find_if(plan, [](const auto& p) { return p.fixed.has_value(); }) - plan.begin());
    if (own != opened.layout.names.size())
      return fail(Code::conflict, "tabular.columns_changed",
                  fmt::format("表有 {} 列，设置里有 {} 列：请重新分析。", opened.layout.names.size(), own),
                  fmt::format("The table has {} columns, the plan {}: analyse it again.", opened.layout.names.size(), own));
    return open_reading({.file = opened.file,
                         .separators = opened.layout.separators,
                         .skip_bytes = opened.skip_bytes,
                         .rules = opened.rules,
                         .plan = plan,
                         .ids = ids,
                         .rejects = std::move(rejects),
                         .progress = progress,
                         .threads = threads_});
  }

 private:
  Result<const Table*> find(std::string_view location) const {
    for (const auto& t : tables_)
      if (t.location == location) return &t;
    return fail(Code::not_found, "tabular.table", fmt::format("文件里没有“{}”这张表。", location),
                fmt::format("The file holds no table “{}”.", location));
  }

  Result<Opened> open(const Table& table, const Dialect& given, const Progress& progress) {
    Opened o{.file = table.file};
    o.encoding = "utf-8";
    if (!table.spooled) {
      o.encoding = given.encoding;
      auto front = read_front(table.file, 1U << 20U);
      if (o.encoding.empty()) o.encoding = detect_encoding(front, front.size() < (1U << 20U));
      if (!is_known_encoding(o.encoding))
        return fail(Error{
            .code = Code::invalid,
            .id = "tabular.encoding",
            .text = {"不支持的编码：" + o.encoding + "。可选 utf-8、utf-8-bom、gb18030、utf-16le、utf-16be、big5。",
                     "Unknown encoding: " + o.encoding + ". Choose utf-8, utf-8-bom, gb18030, utf-16le, utf-16be or big5."},
            .subject = "encoding"});
      if (!o.encoding.starts_with("utf-8")) {
        QS_TRY(o.file, converted(table, o.encoding, progress));
        o.rules.converted = true;
      } else {
        o.skip_bytes = mark_size(o.encoding, front);
      }
    }
    auto front = read_front(o.file, kFront, o.skip_bytes);
    if (!table.spooled && front.contains('\r') && !front.contains('\n')) {
      QS_TRY(o.file, with_line_feeds(o.file));
      std::ranges::replace(front, '\r', '\n');
    }
    o.layout = detect_layout(front, given, table.spooled ? &kSpooled : nullptr);
    if (o.layout.names.size() > columns_)
      return fail(Code::too_large, "tabular.columns", fmt::format("列数 {} 超过 {} 的上限。", o.layout.names.size(), columns_),
                  fmt::format("{} columns exceed the limit of {}.", o.layout.names.size(), columns_));
    o.rules.width = o.layout.names.size();
    o.rules.fill_short = o.layout.fill_short;
    o.rules.cell_limit = cell_limit_;
    o.rules.first_line = first_data_line(front, o.layout);
    return o;
  }

  // Title and header may hold line breaks inside quotes, so rows are counted and not lines.
  static std::uint64_t first_data_line(const std::string& front, const Layout& layout) {
    Block block{.bytes = front, .first_line = 1};
    RecordParser parser(block, layout.separators);
    Record record;
    auto rows = layout.skip_rows + layout.header_rows;
    while (parser.next(record))
      if (rows-- == 0) return record.line;
    return UINT64_MAX;
  }

  // A text whose lines end as on an old Macintosh.
  Result<std::filesystem::path> with_line_feeds(const std::filesystem::path& file) {
    auto& known = converted_[{file.string(), "line feeds"}];
    if (!known.empty()) return known;
    auto target = scratch_ / ("lines-" + new_id());
    std::ifstream in(file, std::ios::binary);
    std::ofstream out(target, std::ios::binary);
    std::string block(1U << 20U, '\0');
    while (in.read(block.data(), static_cast<std::streamsize>(block.size())), in.gcount() > 0) {
      auto got = std::span(block.data(), static_cast<std::size_t>(in.gcount()));
      std::ranges::replace(got, '\r', '\n');
      out.write(got.data(), static_cast<std::streamsize>(got.size()));
    }
    out.close();
    if (!in.eof() || !out) return fail_errno(errno == 0 ? EIO : errno, "write " + target.string());
    known = target;
    return target;
  }

  Result<std::filesystem::path> converted(const Table& table, const std::string& encoding, const Progress& progress) {
    auto& known = converted_[{table.location, encoding}];
    if (!known.empty()) return known;
    auto target = scratch_ / ("utf8-" + new_id());
    std::error_code failed;
    auto size = std::filesystem::file_size(table.file, failed);
    QS_CHECK(convert(table.file, encoding, target, [&](std::uint64_t done) {
      if (progress.bytes) progress.bytes(done / 2, size);
      return !progress.cancelled || !progress.cancelled();
    }));
    known = target;
    return target;
  }

  struct Part {
    std::vector<ColumnTally> tallies;
    std::uint64_t rows = 0, broken = 0, bad_bytes = 0;
    std::vector<Misfit> misfits;
    std::unique_ptr<RowConverter> converter;
    std::string buffer;
    Weighed weighed;
    Result<void> outcome;
  };

  // Runs `each(record, readable)` over all rows on all threads; each thread has its own part.
  template <class F>
  static Result<void> over_rows(const Opened& o, std::size_t threads, const Progress& progress, std::vector<Part>& parts,
                                F&& each) {
    QS_TRY(auto reader, BlockReader::open(o.file, o.layout.separators, o.skip_bytes));
    auto run = [&](Part& part) {
      Block block;
      Record record;
      while (true) {
        if (progress.cancelled && progress.cancelled()) {
          part.outcome = fail(Code::cancelled, "tabular.cancelled", "已取消。", "Cancelled.");
          return;
        }
        auto more = reader->next(block);
        if (!more) {
          part.outcome = fail(more.error());
          return;
        }
        if (!*more) return;
        auto readable = is_utf8(block.bytes);
        RecordParser parser(block, o.layout.separators);
        while (parser.next(record))
          if (record.line >= o.rules.first_line) each(part, record, readable);
        if (progress.bytes) progress.bytes(reader->position(), reader->size());
      }
    };
    // A file of one block needs no thread.
    auto count = reader->size() < (8U << 20U) ? 1 : threads;
    parts.resize(count);
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < count; ++i) others.emplace_back([&, i] { run(parts[i]); });
    run(parts[0]);
    for (auto& t : others) t.join();
    for (auto& part : parts) QS_CHECK(part.outcome);
    return {};
  }

  Result<void> measure(const Table& table, const Opened& o, TableFacts& facts, const Progress& progress) {
    std::vector<Part> parts;
    QS_CHECK(over_rows(o, threads_, progress, parts, [&](Part& part, const Record& record, bool readable) {
      if (part.tallies.empty()) part.tallies.resize(o.layout.names.size());
      Misfit why;
      auto state = state_of(record, o.rules, readable, why);
      if (state == RowState::blank) return;
      ++part.rows;
      if (state == RowState::broken) {
        ++part.broken;
        if (is_bad_encoding(why)) ++part.bad_bytes;
        return;
      }
      for (std::size_t i = 0; i < part.tallies.size(); ++i) part.tallies[i].add(record, i, part.buffer, part.weighed);
    }));
    std::vector<ColumnTally> tallies(o.layout.names.size());
    std::uint64_t bad_bytes = 0;
    for (auto& part : parts) {
      facts.rows += part.rows;
      facts.broken_rows += part.broken;
      bad_bytes += part.bad_bytes;
      for (std::size_t i = 0; i < part.tallies.size(); ++i) tallies[i].merge(part.tallies[i]);
    }
    encoding_broken_ = bad_bytes * 2 > facts.broken_rows;
    std::uint64_t misfits = 0;
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      facts.columns.push_back(tallies[i].decide(o.layout.names[i], share_));
      misfits += facts.columns.back().misfits;
    }
    facts.rejected = facts.broken_rows;
    if (misfits > 0 || facts.broken_rows > 0) QS_CHECK(find_misfits(o, facts, progress));
    preview(table, o, facts);
    return {};
  }

  // Which rows would be rejected: a second look, only when there are any.
  Result<void> find_misfits(const Opened& o, TableFacts& facts, const Progress& progress) {
    std::vector<ColumnPlan> plan;
    for (const auto& c : facts.columns) plan.push_back(c.plan);
    std::vector<Part> parts;
    QS_CHECK(over_rows(o, threads_, progress, parts, [&](Part& part, const Record& record, bool readable) {
      Misfit why;
      auto state = state_of(record, o.rules, readable, why);
      if (state == RowState::blank) return;
      if (state == RowState::broken) {
        ++part.rows;
        why.value = well_formed(why.value);
        if (part.misfits.size() < kMostMisfits) part.misfits.push_back(std::move(why));
        return;
      }
      if (!part.converter) part.converter = std::make_unique<RowConverter>(plan);
      if (part.converter->convert(record)) return;
      ++part.rows;
      for (const auto& m : part.converter->misfits())
        if (part.misfits.size() < kMostMisfits) part.misfits.push_back(m);
    }));
    facts.rejected = 0;
    for (auto& part : parts) {
      facts.rejected += part.rows;
      facts.first_misfits.insert(facts.first_misfits.end(), part.misfits.begin(), part.misfits.end());
    }
    keep_first(facts.first_misfits);
    return {};
  }

  static void keep_first(std::vector<Misfit>& misfits) {
    std::ranges::sort(misfits,
                      [](const Misfit& a, const Misfit& b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); });
    if (misfits.size() > kMostMisfits) misfits.resize(kMostMisfits);
  }

  static Dialect dialect_of(const Table& table, const Opened& o) {
    Dialect d{.encoding = o.encoding,
              .delimiter = o.layout.separators.delimiter,
              .quote = o.layout.separators.quote,
              .header_rows = o.layout.header_rows,
              .skip_rows = o.layout.skip_rows,
              .fill_short = o.layout.fill_short};
    if (table.spooled) d.delimiter = d.quote = std::nullopt;
    return d;
  }

  // What the columns are, judged by the table's first rows; false without any.
  [[nodiscard]] bool guess_from_front(const Opened& o, std::vector<ColumnPlan>& guess) const {
    auto front = read_front(o.file, kGuessedFrom, o.skip_bytes);
    Block block{.bytes = front, .first_line = 1};
    bool whole = front.size() < kGuessedFrom;
    std::vector<ColumnTally> tallies(o.layout.names.size());
    RecordParser parser(block, o.layout.separators);
    Record record;
    std::string buffer;
    Weighed weighed;
    bool any = false, readable = is_utf8(block.bytes);
    while (parser.next(record)) {
      // The last row of a longer file may have been cut by the window.
      if (record.line < o.rules.first_line || (!whole && parser.at_end())) continue;
      Misfit why;
      if (state_of(record, o.rules, readable, why) != RowState::data) continue;
      any = true;
      for (std::size_t i = 0; i < tallies.size(); ++i) tallies[i].add(record, i, buffer, weighed);
    }
    for (std::size_t i = 0; i < tallies.size(); ++i) guess.push_back(tallies[i].decide(o.layout.names[i], share_).plan);
    return any;
  }

  static void preview(const Table&, const Opened& o, TableFacts& facts) {
    auto front = read_front(o.file, kFront, o.skip_bytes);
    Block block{.bytes = front, .first_line = 1};
    bool whole = front.size() < kFront;
    RecordParser parser(block, o.layout.separators);
    Record record;
    std::vector<std::vector<std::string>> rows;
    while (rows.size() <= kMostPreview && parser.next(record)) {
      if (record.line < o.rules.first_line) continue;
      std::vector<std::string> row;
      bool any = false;
      for (std::size_t i = 0; i < o.rules.width; ++i) {
        auto cell = i < record.cells.size() ? clean_text(record.cells[i]) : std::string_view();
        any = any || !cell.empty();
        row.push_back(shorten(well_formed(cell), 200));
      }
      if (any) rows.push_back(std::move(row));
    }
    // The last row of a longer file may have been cut by the window.
    if (!rows.empty() && (!whole || rows.size() > kMostPreview) && rows.size() > 1) rows.pop_back();
    facts.preview = std::move(rows);
  }

  std::filesystem::path scratch_;
  double share_;
  std::size_t cell_limit_, columns_, threads_;
  std::vector<Table> tables_;
  std::map<std::pair<std::string, std::string>, std::filesystem::path> converted_;
  bool encoding_broken_ = false;
};

}  // namespace

std::span<const SettingSpec> settings() {
  return kSettings;
}

std::string_view name(Format format) {
  static constexpr std::array<std::string_view, 5> kNames{"csv", "xlsx", "json", "ndjson", "parquet"};
  return kNames.at(static_cast<std::size_t>(format));
}

Result<std::unique_ptr<File>> File::open(const std::filesystem::path& file, std::string_view name,
                                         const std::filesystem::path& scratch, const Settings& settings) {
  auto opened = std::make_unique<OpenFile>(scratch / ("tables-" + new_id()), settings);
  QS_CHECK(opened->unpack(file, name, settings));
  return std::unique_ptr<File>(std::move(opened));
}

}  // namespace qushu::tabular
