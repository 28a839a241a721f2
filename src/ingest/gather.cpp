// Databases: rows that come typed, mapped by SQL where a type or a value is not the source's own.
#include "gather.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/sharing/version_rows.h"

#include "document.h"
#include "fixed_row.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

constexpr std::size_t kMisfits = 100;  // shown of a trial
constexpr std::size_t kOverlap = 50;   // values that are looked for in the dataset
constexpr std::string_view kRows = "source_rows";

std::string in_quotes(std::string_view name) {
  return engine::quote_name(name);
}

bool same_type(const Mapped& m, const engine::Column& c) {
  return m.type == c.type && (m.type != engine::Type::decimal || (m.width == c.width && m.scale == c.scale));
}

// `raw` of one type as a value of the item's; NULL where it does not fit.
std::string converted(const std::string& raw, engine::Type from, const Mapped& m) {
  if (m.type == engine::Type::text) return fmt::format("CAST({} AS VARCHAR)", raw);
  auto value = from == engine::Type::text ? fmt::format("nullif(trim({}), '')", raw) : raw;
  return fmt::format("TRY_CAST({} AS {})", value, sharing::sql_type(m.type, m.width, m.scale));
}

// Whether a row's value does not fit: there is one, and it is lost or changed by the conversion.
std::string misfit(const std::string& raw, engine::Type from, const Mapped& m) {
  if (m.type == engine::Type::text) return "false";
  auto value = from == engine::Type::text ? fmt::format("nullif(trim({}), '')", raw) : raw;
  auto to = converted(raw, from, m);
  bool number = m.type == engine::Type::integer || m.type == engine::Type::decimal;
  return fmt::format("({} IS NOT NULL AND ({} IS NULL{}))", value, to,
                     number ? fmt::format(" OR CAST({} AS DOUBLE) <> TRY_CAST({} AS DOUBLE)", to, value) : "");
}

Text expected(const Mapped& m) {
  switch (m.type) {
    case engine::Type::integer:
      return {"不是整数", "is no whole number"};
    case engine::Type::decimal:
      return {fmt::format("不是最多 {} 位整数、{} 位小数的数", m.width - m.scale, m.scale),
              fmt::format("is no number of at most {} digits and {} decimals", m.width - m.scale, m.scale)};
    case engine::Type::number:
      return {"不是数值", "is no number"};
    case engine::Type::boolean:
      return {"不是 true 或 false", "is neither true nor false"};
    case engine::Type::date:
      return {"不是日期：应为 2026-11-23", "is no date: 2026-11-23 was expected"};
    case engine::Type::time:
      return {"不是时间：应为 14:05:09", "is no time: 14:05:09 was expected"};
    case engine::Type::datetime:
      return {"不是日期时间：应为 2026-11-23 14:05:09", "is no date and time: 2026-11-23 14:05:09 was expected"};
    case engine::Type::text:
      break;
  }
  return {"不合格", "does not fit"};
}

}  // namespace

TempFile::~TempFile() {
  std::error_code ignored;  // the folder goes with the process
  std::filesystem::remove(path_, ignored);
}

Gathered::Gathered() = default;
Gathered::Gathered(Gathered&&) noexcept = default;
Gathered& Gathered::operator=(Gathered&&) noexcept = default;
Gathered::~Gathered() = default;

std::vector<engine::Bound> Gathered::tables() const {
  std::vector<engine::Bound> out;
  if (fixed) out.push_back({.name = std::string(FixedRow::kName), .source = fixed.get()});
  return out;
}

sources::Selection selection_of(const json::object& s) {
  return {.schema = text_at(s, "schema"),
          .table = text_at(s, "table"),
          .query = text_at(s, "query"),
          .pattern = text_at(s, "pattern")};
}

Result<std::string> begin_at(const Watermark& w, const std::string& position) {
  if (position.empty() || w.overlap == 0) return position;
  auto lost = [&] { return fail_internal("the watermark's position cannot be read: " + position); };
  if (!w.timestamp) {
    auto n = to_int(position);
    if (!n) return lost();
    return std::to_string(*n - w.overlap);
  }
  auto at = parse_iso(position);
  if (!at) return lost();
  auto text = to_iso(*at - std::chrono::seconds(w.overlap));
  if (position.size() == 10) return text.substr(0, 10);
  text.pop_back();  // canonical text has no Z
  return text;
}

std::string latest_moment(const Pipelines::Deps& deps) {
  auto now = deps.clock.now();
  // A source keeps its clock in the district's zone or in UTC, and does not say which.
  auto wall = std::max(deps.calendar.zone().local(now).time_since_epoch(), now.time_since_epoch());
  auto text = to_iso(Time(wall) + std::chrono::seconds(deps.settings.integer("ingest.future_tolerance")));
  text.pop_back();  // canonical text has no Z
  return text;
}

std::string later(const Watermark& w, const std::string& a, const std::string& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  if (w.timestamp) {
    auto x = parse_iso(a), y = parse_iso(b);
    return x && y ? (*x < *y ? b : a) : std::max(a, b);
  }
  auto x = to_int(a), y = to_int(b);
  return x && y ? (*x < *y ? b : a) : std::max(a, b);
}

engine::Limits Gathering::limits() const {
  return {.time = std::chrono::hours(24), .cancelled = cancelled_};
}

Result<bool> Gathering::open() {
  QS_TRY(access_, deps_.sources.target(owner_, pipeline_.source));
  QS_TRY(auto source, deps_.sources.find(owner_, pipeline_.source));
  selection_ = selection_of(pipeline_.selection);
  return sources::holds_files(source.kind);
}

Result<Gathered> Gathering::run(const json::array& kept, const std::map<std::string, sources::File>& remembered) {
  QS_TRY(auto of_files, open());
  return of_files ? files(kept, remembered, false) : rows(0);
}

Result<Gathered> Gathering::sample(std::uint64_t rows_wanted) {
  QS_TRY(auto of_files, open());
  return of_files ? files({}, {}, true) : rows(rows_wanted);
}

Result<std::vector<catalog::Field>> Gathering::items_of(const std::vector<Mapped>& fields) const {
  QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, pipeline_.dataset); }));
  std::vector<std::string> names;
  for (const auto& m : fields) names.push_back(m.name);
  QS_TRY(auto ids, deps_.catalog.identifiers(known ? known->id : std::string(), names));
  std::vector<catalog::Field> items;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& m = fields[i];
    catalog::Field f{
        .id = ids[i], .name = m.name, .type = m.type, .width = m.width, .scale = m.scale, .unit = m.unit, .key = m.key};
    // What people described stays.
    if (known)
      for (const auto& had : known->fields)
        if (had.id == f.id) {
          f.description = had.description;
          f.level = had.level;
          if (f.unit.empty()) f.unit = had.unit;
        }
    items.push_back(std::move(f));
  }
  return items;
}

Overlap Gathering::overlap() const {
  return [this](const KnownColumn& known, const SeenColumn& seen) -> std::optional<double> {
    if (seen.examples.empty()) return std::nullopt;
    auto shown = deps_.policy.compile(owner_, pipeline_.dataset);
    if (!shown) return std::nullopt;
    auto field = std::ranges::find_if(shown->fields, [&](const catalog::Field& f) { return f.name == known.item; });
    if (field == shown->fields.end()) return std::nullopt;
    std::vector<engine::Value> values;
    std::string marks;
    for (const auto& example : seen.examples) {
      if (values.size() >= kOverlap) break;
      values.emplace_back(example);
      marks += fmt::format("{}${}", marks.empty() ? "" : ", ", values.size());
    }
    auto cursor = deps_.engine.run(
        {.sql = fmt::format("SELECT count(DISTINCT CAST({0} AS VARCHAR)) FROM ({1}) WHERE CAST({0} AS VARCHAR) IN ({2})",
                            in_quotes(field->id), shown->select, marks),
         .params = values,
         .limits = {.time = std::chrono::seconds(30), .cancelled = cancelled_}});
    if (!cursor) return std::nullopt;
    auto chunk = (*cursor)->next();
    if (!chunk || *chunk == nullptr) return std::nullopt;
    return static_cast<double>((*chunk)->integer(0, 0)) / static_cast<double>(values.size());
  };
}

Result<catalog::Part> Gathering::write_part(const std::string& sql, const std::vector<engine::Bound>& tables) {
  auto target = deps_.blobs.temporary_folder() / ("part-" + new_id() + ".parquet");
  QS_TRY(auto rows, ingest::write_part(deps_.engine, {.select = sql, .file = target, .tables = tables, .limits = limits()}));
  QS_TRY(auto blob, deps_.blobs.adopt(target));
  return catalog::Part{.blob = blob.sha256, .rows = rows, .bytes = blob.size};
}

Result<Gathered> Gathering::rows(std::uint64_t limit) {
  Gathered g;
  report_(0.02, {"连接数据源", "Connecting to the source"});
  bool keyed = std::ranges::any_of(pipeline_.fields, [](const Mapped& m) { return m.key && !m.skip; });
  if (pipeline_.mode == Gather::incremental) {
    auto position = pipeline_.position;
    std::string most;
    // Without a key a row that does not move the position would come again with every run.
    if (pipeline_.watermark.timestamp && keyed) {
      most = latest_moment(deps_);
      g.anew = !position.empty() && later(pipeline_.watermark, most, position) != most;
      if (g.anew) position.clear();
    }
    QS_TRY(auto from, begin_at(pipeline_.watermark, position));
    selection_.since = sources::Since{
        .column = pipeline_.watermark.column, .value = limit > 0 ? std::string() : from, .inclusive = keyed, .most = most};
  }
  QS_TRY(auto stream, deps_.sources.rows(access_, selection_, cancelled_));
  for (const auto& c : stream->described())
    g.columns.push_back({.name = c.source_name, .type = c.column.type, .width = c.column.width, .scale = c.column.scale});
  auto unknown = [&](const SeenColumn& s) {
    return std::ranges::none_of(pipeline_.fields, [&](const Mapped& m) { return m.column == s.name; });
  };
  // What a new column holds is only asked where it may be an old one.
  if (!pipeline_.fields.empty() && std::ranges::any_of(g.columns, unknown)) {
    QS_TRY(auto preview, deps_.sources.preview(access_, selection_, kOverlap, cancelled_));
    for (auto& s : g.columns)
      for (std::size_t i = 0; i < preview.columns.size(); ++i)
        if (preview.columns[i].source_name == s.name && unknown(s))
          for (const auto& row : preview.rows)
            if (i < row.size() && row[i]) s.examples.push_back(*row[i]);
  }
  g.resolution = resolve(pipeline_, {g.columns}, overlap());
  if (g.resolution.ask) return g;
  // Columns that are not taken are not asked for.
  std::vector<std::string> wanted;
  for (const auto& m : g.resolution.fields)
    if (!m.column.empty() && !m.skip && std::ranges::any_of(g.columns, [&](const SeenColumn& s) { return s.name == m.column; }))
      wanted.push_back(m.column);
  if (!pipeline_.watermark.column.empty() && std::ranges::find(wanted, pipeline_.watermark.column) == wanted.end())
    wanted.push_back(pipeline_.watermark.column);
  if (wanted.empty())
    return fail(Code::invalid, "pipeline.nothing", "没有一列要采用，请至少选择一列。",
                "No column is taken; choose at least one.");
  if (wanted.size() < g.columns.size()) {
    selection_.columns = wanted;
    stream.reset();
    QS_TRY(stream, deps_.sources.rows(access_, selection_, cancelled_));
  }
  QS_CHECK(stage(g, *stream, limit));
  g.origins.push_back({.import_id = {},
                       .file_name = pipeline_.source,
                       .file_blob = {},
                       .table = selection_.query.empty() ? selection_.table : "SQL"});
  return g;
}

Result<void> Gathering::stage(Gathered& g, sources::RowStream& stream, std::uint64_t limit) {
  const auto& described = stream.described();
  auto at = [&](const std::string& column) -> const sources::ColumnInfo* {
    auto found = std::ranges::find_if(described, [&](const sources::ColumnInfo& c) { return c.source_name == column; });
    return found == described.end() ? nullptr : &*found;
  };
  std::vector<Mapped> used;
  bool as_it_is = limit == 0;
  for (const auto& m : g.resolution.fields) {
    if (m.skip) continue;
    const auto* c = m.column.empty() ? nullptr : at(m.column);
    // An item whose column is missing keeps its values where rows are only added or changed.
    if (!m.column.empty() && !c && pipeline_.mode != Gather::full) continue;
    as_it_is = as_it_is && c != nullptr && same_type(m, c->column);
    used.push_back(m);
  }
  QS_TRY(g.items, items_of(used));
  report_(0.05, {"读取数据源", "Reading the source"});
  if (as_it_is) {
    std::string columns = "_id";
    for (std::size_t i = 0; i < used.size(); ++i)
      columns += fmt::format(", {} AS {}", in_quotes(at(used[i].column)->column.name), in_quotes(g.items[i].id));
    QS_TRY(auto part,
           write_part(fmt::format("SELECT {} FROM {}", columns, kRows), {{.name = std::string(kRows), .source = &stream}}));
    g.parts.push_back(std::move(part));
    g.counts.read = stream.counts().rows;
  } else {
    auto raw = deps_.blobs.temporary_folder() / ("raw-" + new_id() + ".parquet");
    g.scratch.push_back(std::make_unique<TempFile>(raw));
    QS_TRY(auto copied, deps_.engine.execute({.sql = fmt::format("COPY (SELECT * FROM {}{}) TO {} (FORMAT parquet)", kRows,
                                                                 limit > 0 ? fmt::format(" LIMIT {}", limit) : "",
                                                                 engine::quote_text(raw.string())),
                                              .tables = {{.name = std::string(kRows), .source = &stream}},
                                              .limits = limits(),
                                              .ordered = false}));
    g.counts.read = copied;
    g.inputs.push_back(raw);
    std::string columns = "r._id", fits;
    std::vector<std::string> broken;
    std::vector<std::size_t> which;
    std::size_t fixed = 0;
    for (std::size_t i = 0; i < used.size(); ++i) {
      const auto& m = used[i];
      const auto* c = m.column.empty() ? nullptr : at(m.column);
      auto type = sharing::sql_type(m.type, m.width, m.scale);
      auto value = std::string("CAST(NULL AS ") + type + ")";
      if (m.fixed) value = fmt::format("CAST({}.{} AS {})", FixedRow::kName, FixedRow::column(fixed++), type);
      if (c) {
        auto source = "r." + in_quotes(c->column.name);
        value = same_type(m, c->column) ? source : converted(source, c->column.type, m);
        if (!same_type(m, c->column) && m.type != engine::Type::text) {
          broken.push_back(misfit(source, c->column.type, m));
          which.push_back(i);
          fits += (fits.empty() ? " WHERE NOT " : " AND NOT ") + broken.back();
        }
      }
      columns += fmt::format(", {} AS {}", value, in_quotes(g.items[i].id));
    }
    g.fixed = FixedRow::of(used);
    auto from = fmt::format("{} r{}", engine::parquet_scan({raw}), g.fixed ? fmt::format(", {}", FixedRow::kName) : "");
    g.select = fmt::format("SELECT {} FROM {}{}", columns, from, fits);
    if (!broken.empty()) {
      std::vector<Mapped> tested;
      for (auto i : which) tested.push_back(used[i]);
      QS_CHECK(reject_misfits(g, engine::parquet_scan({raw}), described, broken, tested));
    }
  }
  auto counts = stream.counts();
  g.bytes = counts.bytes;
  g.highest = stream.highest();
  g.unmarked = counts.unmarked;
  g.beyond = counts.beyond;
  return {};
}

Result<void> Gathering::reject_misfits(Gathered& g, const std::string& from, const std::vector<sources::ColumnInfo>& described,
                                       const std::vector<std::string>& broken, const std::vector<Mapped>& tested) {
  std::string flags, any;
  for (std::size_t i = 0; i < broken.size(); ++i) {
    flags += fmt::format(", coalesce({}, false)", broken[i]);
    any += (i == 0 ? "" : " OR ") + broken[i];
  }
  std::string columns = "r._id";
  for (const auto& c : described) columns += ", r." + in_quotes(c.column.name);
  QS_TRY(auto cursor, deps_.engine.run({.sql = fmt::format("SELECT {}{} FROM {} r WHERE {}", columns, flags, from, any),
                                        .limits = limits()}));
  RejectFile rejects(deps_.blobs.temporary_folder());
  while (true) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) break;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      tabular::File::RejectedRow out{.line = static_cast<std::uint64_t>(chunk->integer(0, row)), .misfits = {}, .raw = {}};
      auto text = [&](std::size_t column) {
        std::string value;
        if (!chunk->is_null(column, row)) chunk->append_text(column, row, value);
        return value;
      };
      for (std::size_t c = 0; c < described.size(); ++c) {
        if (c > 0) out.raw += ',';
        if (auto cell = text(c + 1); !cell.empty()) append_csv(cell, false, out.raw);
      }
      for (std::size_t i = 0; i < tested.size(); ++i) {
        if (chunk->integer(1 + described.size() + i, row) == 0) continue;
        auto column = std::ranges::find_if(described, [&](const auto& c) { return c.source_name == tested[i].column; });
        out.misfits.push_back({.line = out.line,
                               .column = tested[i].column,
                               .value = shorten(text(static_cast<std::size_t>(column - described.begin()) + 1), 200),
                               .reason = expected(tested[i])});
      }
      if (g.misfits.size() < kMisfits)
        for (auto& m : misfits_document(out.misfits)) g.misfits.push_back(m);
      out.raw = out.raw.substr(0, std::size_t{64} * 1024);
      QS_CHECK(rejects.write(pipeline_.source, selection_.table, out));
    }
  }
  g.counts.rejected = rejects.rows();
  QS_TRY(g.counts.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, cancelled_));
  return {};
}

}  // namespace qushu::ingest
