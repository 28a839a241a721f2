#include "rows.h"

#include <array>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"

namespace qushu::delivery {
namespace {

constexpr std::array<std::string_view, 2> kKinds{"table", "webhook"};
constexpr std::string_view kColumns =
    "id, grant_id, dataset_id, kind, source, schema_name, table_name, url, on_version, cron, days, active, person_id, "
    "person_name, "
    "created, due, ran, error_zh, error_en, row_count, version, first";

const std::array kMigrations{store::Migration{
    .id = "delivery.0001",
    .sql =
        "CREATE TABLE delivery (id TEXT PRIMARY KEY, grant_id TEXT NOT NULL, dataset_id TEXT NOT NULL, kind TEXT NOT NULL, "
        "source "
        "TEXT NOT NULL, schema_name TEXT NOT NULL, table_name TEXT NOT NULL, url TEXT NOT NULL, on_version BIGINT NOT NULL, "
        "cron "
        "TEXT NOT NULL, days TEXT NOT NULL, active BIGINT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, "
        "created "
        "BIGINT NOT NULL, due BIGINT, ran BIGINT, error_zh TEXT NOT NULL, error_en TEXT NOT NULL, row_count BIGINT NOT NULL, "
        "version BIGINT NOT NULL, first BIGINT, sealed TEXT NOT NULL);\n"
        "CREATE INDEX delivery_grant ON delivery (grant_id);\n"
        "CREATE INDEX delivery_dataset ON delivery (dataset_id);\n"
        "CREATE INDEX delivery_due ON delivery (due);\n"}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::string_view name(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
bool parse(std::string_view text, Kind& out) {
  return parse_word(text, kKinds, out);
}
std::string_view columns() {
  return kColumns;
}

Delivery delivery_of(const store::Row& row) {
  Delivery d;
  std::size_t i = 0;
  for (auto* text : {&d.id, &d.grant_id, &d.dataset_id}) *text = row.text(i++);
  (void)parse(row.text(i++), d.kind);
  for (auto* text : {&d.source, &d.table.schema, &d.table.table, &d.url}) *text = row.text(i++);
  d.on_version = row.boolean(i++);
  d.cron = row.text(i++);
  (void)calendar::parse(row.text(i++), d.days);
  d.active = row.boolean(i++);
  d.person_id = row.text(i++);
  d.person_name = row.text(i++);
  d.created = row.time(i++);
  d.due = row.opt_time(i++);
  d.ran = row.opt_time(i++);
  Text error{row.text(i), row.text(i + 1)};
  i += 2;
  if (!error.zh.empty()) d.error = std::move(error);
  d.rows = row.integer(i++);
  d.version = row.integer(i++);
  d.first = row.opt_time(i++);
  return d;
}

Result<void> insert(store::Transaction& t, const Delivery& d, std::string_view sealed) {
  std::string marks = "?";
  for (auto c : kColumns) marks += c == ',' ? ", ?" : "";
  QS_CHECK(t.exec(
      fmt::format("INSERT INTO delivery ({}, sealed) VALUES ({}, ?)", kColumns, marks),
      {d.id,         d.grant_id,    d.dataset_id,           name(d.kind), d.source,    d.table.schema, d.table.table, d.url,
       d.on_version, d.cron,        calendar::name(d.days), d.active,     d.person_id, d.person_name,  d.created,     d.due,
       d.ran,        std::string(), std::string(),          d.rows,       d.version,   d.first,        sealed}));
  return {};
}

json::object to_json(const Delivery& d, Lang lang) {
  return {{"id", d.id},
          {"grant_id", d.grant_id},
          {"kind", name(d.kind)},
          {"source", d.source},
          {"schema", d.table.schema},
          {"table", d.table.table},
          {"url", d.url},
          {"on_version", d.on_version},
          {"cron", d.cron},
          {"days", calendar::name(d.days)},
          {"active", d.active},
          {"person_name", d.person_name},
          {"created", to_iso(d.created)},
          {"due", time_or_null(d.due)},
          {"ran", time_or_null(d.ran)},
          {"error", d.error ? json::value(d.error->in(lang)) : json::value(nullptr)},
          {"rows", d.rows},
          {"version", d.version},
          {"first", time_or_null(d.first)}};
}

}  // namespace qushu::delivery
