// People's own SQL: checked and run by the engine's sandbox over the views that the policy makes.
#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"

#include "filter.h"
#include "json_out.h"
#include "service.h"

namespace qushu::query {
namespace {

constexpr std::size_t kSqlText = std::size_t{256} << 10;

Result<std::vector<engine::Value>> values_of(const json::array& params) {
  std::vector<engine::Value> out;
  for (const auto& param : params) {
    if (param.is_null())
      out.emplace_back();
    else if (param.is_bool())
      out.emplace_back(param.get_bool());
    else if (param.is_int64())
      out.emplace_back(param.get_int64());
    else if (param.is_uint64() || param.is_double())
      out.emplace_back(param.to_number<double>());
    else if (param.is_string())
      out.emplace_back(std::string(param.get_string()));
    else
      return bad_parameter(fmt::format("params[{}]", out.size()), "参数要是文本、数字、布尔值或空。",
                           "a parameter is a text, a number, a boolean or null.");
  }
  return out;
}

// An answer, and what its rows are read from.
class KeepingCursor final : public engine::Cursor {
 public:
  KeepingCursor(std::vector<std::shared_ptr<const void>> keep, std::unique_ptr<engine::Cursor> cursor)
      : keep_(std::move(keep)), cursor_(std::move(cursor)) {}
  const std::vector<engine::Column>& columns() const override { return cursor_->columns(); }
  Result<const engine::Chunk*> next() override { return cursor_->next(); }

 private:
  std::vector<std::shared_ptr<const void>> keep_;  // goes after the cursor
  std::unique_ptr<engine::Cursor> cursor_;
};

// The sandbox refused something that is not a slip of the pen: somebody tried a door.
bool is_refusal(const Error& error) {
  return error.id == "sql.table" || error.id == "sql.function" || error.id == "sql.not_select";
}

}  // namespace

Result<void> Service::Parts::remember(const Actor& actor, std::string_view sql, Time at, std::int64_t elapsed_ms,
                                      std::uint64_t rows, const Error* error) {
  auto keep = deps.settings.integer("query.history_keep");
  if (actor.person_id.empty() || keep == 0) return {};
  return deps.store.write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(t.exec(
        "INSERT INTO query_history (id, person_id, sql, at, elapsed_ms, row_count, error_zh, error_en) VALUES (?, ?, ?, ?, "
        "?, ?, ?, ?)",
        {new_id(), actor.person_id, sql, at, elapsed_ms, static_cast<std::int64_t>(rows),
         error == nullptr ? std::string() : error->text.zh, error == nullptr ? std::string() : error->text.en}));
    QS_CHECK(t.exec(
        "DELETE FROM query_history WHERE person_id = ? AND id < (SELECT min(id) FROM (SELECT id FROM query_history WHERE "
        "person_id = ? ORDER BY id DESC LIMIT ?) kept)",
        {actor.person_id, actor.person_id, keep}));
    return {};
  });
}

Result<Service::Parts::Opened> Service::Parts::sandbox(const Actor& actor, std::string_view sql) const {
  if (sql.size() > kSqlText)
    return fail(Error{.code = Code::too_large,
                      .id = "sql.length",
                      .text = {"语句太长，最多 256 KiB。", "The statement is too long, 256 KiB at most."},
                      .subject = "sql"});
  QS_TRY(auto allowed, deps.policy.sandbox(actor, sql));
  Opened out{.sandbox = nullptr, .grants = std::move(allowed.grants), .keep = std::move(allowed.keep)};
  QS_TRY(out.sandbox, deps.engine.sandbox(std::move(allowed.spec)));
  return out;
}

namespace {

// Tells how many rows were read of it, when it is done with.
class MeteredCursor final : public engine::Cursor {
 public:
  MeteredCursor(std::unique_ptr<engine::Cursor> inner, std::function<void(std::uint64_t)> done)
      : inner_(std::move(inner)), done_(std::move(done)) {}
  ~MeteredCursor() override { done_(rows_); }
  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return inner_->columns(); }
  [[nodiscard]] Result<const engine::Chunk*> next() override {
    auto chunk = inner_->next();
    if (chunk && *chunk != nullptr) rows_ += (*chunk)->rows();
    return chunk;
  }

 private:
  std::unique_ptr<engine::Cursor> inner_;
  std::function<void(std::uint64_t)> done_;
  std::uint64_t rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<engine::Cursor>> Service::open_sql(const Actor& actor, std::string_view sql,
                                                          const std::vector<engine::Value>& params,
                                                          const Cancelled& cancelled) {
  QS_TRY(auto opened, parts_->sandbox(actor, sql));
  for (const auto& grant : opened.grants) QS_CHECK(parts_->deps.policy.admit(actor, grant, "sql"));
  auto cursor = opened.sandbox->run(
      sql, params, {.time = parts_->seconds("query.sql_time"), .cancelled = parts_->while_granted(opened.grants, cancelled)});
  if (!cursor && cursor.error().code == Code::cancelled && !parts_->deps.policy.holds(opened.grants)) return grant_ended();
  if (!cursor && is_refusal(cursor.error()))
    QS_CHECK(parts_->deps.audit.record(actor, {.action = "sql.run",
                                               .object_kind = "sql",
                                               .object_id = cursor.error().id,
                                               .outcome = audit::Outcome::denied,
                                               .detail = {{"reason", cursor.error().text.zh}}}));
  if (cursor && parts_->on_sql) parts_->on_sql(actor, sql);
  if (cursor && !opened.grants.empty())
    cursor = std::make_unique<MeteredCursor>(
        *std::move(cursor), [policy = &parts_->deps.policy, actor, grants = opened.grants](std::uint64_t rows) {
          for (const auto& grant : grants) policy->used(actor, grant, "sql", rows);
        });
  if (!cursor || opened.keep.empty()) return cursor;
  return std::make_unique<KeepingCursor>(std::move(opened.keep), *std::move(cursor));
}

void Service::on_sql(std::function<void(const Actor&, std::string_view)> listener) {
  parts_->on_sql = std::move(listener);
}

namespace {

struct Shown {
  std::string json;
  std::uint64_t rows = 0;
};

// The answer's columns and as many rows as may be shown, as JSON without its closing brace.
Result<Shown> shown_of(engine::Cursor& cursor, std::size_t limit, std::size_t bytes) {
  Shown out{.json = "{\"columns\":["};
  const auto& columns = cursor.columns();
  for (std::size_t c = 0; c < columns.size(); ++c) {
    out.json += c == 0 ? "{\"name\":" : ",{\"name\":";
    append_json_text(columns[c].name, out.json);
    fmt::format_to(std::back_inserter(out.json), ",\"type\":\"{}\"}}", engine::name(columns[c].type));
  }
  out.json += "],\"rows\":[";
  bool truncated = false;
  while (!truncated) {
    QS_TRY(const auto* chunk, cursor.next());
    if (chunk == nullptr) break;
    for (std::size_t r = 0; r < chunk->rows(); ++r) {
      truncated = out.rows == limit || out.json.size() > bytes;
      if (truncated) break;
      out.json += out.rows++ == 0 ? "[" : ",[";
      for (std::size_t c = 0; c < columns.size(); ++c) {
        if (c != 0) out.json += ',';
        append_json_value(*chunk, c, r, columns[c].type, out.json);
      }
      out.json += ']';
    }
  }
  out.json += truncated ? "],\"truncated\":true" : "],\"truncated\":false";
  return out;
}

}  // namespace

Result<std::string> Service::sql(const Actor& actor, std::string_view sql, const json::array& params, std::size_t limit,
                                 const Cancelled& cancelled) {
  QS_TRY(auto values, values_of(params));
  auto most = parts_->count("query.sql_rows");
  limit = limit == 0 ? most : std::min(limit, most);
  auto at = parts_->deps.clock.now();
  auto begun = std::chrono::steady_clock::now();
  auto answer = [&]() -> Result<Shown> {
    QS_TRY(auto cursor, open_sql(actor, sql, values, cancelled));
    return shown_of(*cursor, limit, parts_->count("query.sql_bytes"));
  }();
  auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun).count();
  // The history serves its owner; an answer is not lost because it could not be written.
  auto kept = parts_->remember(actor, sql, at, elapsed, answer ? answer->rows : 0, answer ? nullptr : &answer.error());
  if (!kept) log::error("SQL history", kept.error());
  QS_CHECK(answer);
  parts_->deps.audit.count_access(actor, "sql", "", "sql", answer->rows);
  fmt::format_to(std::back_inserter(answer->json), ",\"elapsed_ms\":{}}}", elapsed);
  return std::move(answer->json);
}

Result<Download> Service::download_sql(const Actor& actor, std::string_view sql, const json::array& params, Format format,
                                       const Cancelled& cancelled) {
  QS_TRY(auto values, values_of(params));
  auto options = parts_->write_options(cancelled);
  options.sheet = "SQL";
  options.bom = format == Format::csv;
  return parts_->download(
      format, actor.lang == Lang::zh ? "查询结果" : "answer", options,
      [&]() -> Result<std::unique_ptr<engine::Cursor>> {
        QS_TRY(auto cursor, open_sql(actor, sql, values, cancelled));
        QS_CHECK(
            parts_->deps.audit.record(actor, {.action = "sql.export",
                                              .object_kind = "sql",
                                              .object_id = "",
                                              .detail = {{"format", name(format)}, {"columns", cursor->columns().size()}}}));
        return cursor;
      },
      [this, actor](std::uint64_t rows) { parts_->deps.audit.count_access(actor, "sql", "", "export", rows); });
}

Result<std::string> Service::explain(const Actor& actor, std::string_view sql, const Cancelled& cancelled) {
  QS_TRY(auto opened, parts_->sandbox(actor, sql));
  // A plan names the filter, and estimates come from rows that it hides.
  if (!opened.grants.empty())
    return fail(Code::forbidden, "sql.explain_grant", "语句用到了共享授权的数据集，不能查看执行计划。",
                "The statement reads a dataset under a grant, whose plan is not shown.");
  return opened.sandbox->explain(sql, {.time = parts_->seconds("query.sql_time"), .cancelled = cancelled});
}

Result<json::object> Service::tables(const Actor& actor) const {
  QS_TRY(auto reached, parts_->deps.policy.queryable(actor));
  json::array out;
  for (const auto& [dataset, grant] : reached) {
    json::array columns;
    for (const auto& field : dataset.fields)
      columns.push_back(
          json::object{{"id", field.id}, {"name", field.name}, {"type", engine::name(field.type)}, {"level", field.level}});
    out.push_back(
        json::object{{"code", dataset.code},
                     {"title", dataset.title},
                     {"department_name", dataset.department_name},
                     {"rows", grant && !grant->terms.row_sql.empty() ? json::value(nullptr) : json::value(dataset.rows)},
                     {"granted", grant != nullptr},
                     {"relation", false},
                     {"columns", std::move(columns)}});
  }
  QS_TRY(auto relations, parts_->deps.policy.relations(actor));
  for (const auto& relation : relations) {
    json::array columns;
    for (const auto& column : relation.columns)
      columns.push_back(json::object{{"id", column.id},
                                     {"name", column.name.in(actor.lang)},
                                     {"type", engine::name(column.type)},
                                     {"level", column.level}});
    out.push_back(json::object{{"code", relation.name},
                               {"title", relation.title.in(actor.lang)},
                               {"department_name", ""},
                               {"rows", nullptr},
                               {"granted", false},
                               {"relation", true},
                               {"columns", std::move(columns)}});
  }
  return json::object{{"tables", std::move(out)}};
}

Result<json::object> Service::history(const Actor& actor) const {
  QS_TRY(auto rows, parts_->deps.store.read([&](store::Session& s) {
    return s.query(
        "SELECT id, sql, at, elapsed_ms, row_count, error_zh, error_en FROM query_history WHERE person_id = ? ORDER BY id "
        "DESC LIMIT 500",
        {actor.person_id});
  }));
  json::array out;
  for (const auto& row : rows) {
    const auto& error = row.text(actor.lang == Lang::zh ? 5 : 6);
    out.push_back(json::object{{"id", row.text(0)},
                               {"sql", row.text(1)},
                               {"at", to_iso(row.time(2))},
                               {"elapsed_ms", row.integer(3)},
                               {"rows", row.integer(4)},
                               {"error", error.empty() ? json::value(nullptr) : json::value(error)}});
  }
  return json::object{{"queries", std::move(out)}};
}

}  // namespace qushu::query
