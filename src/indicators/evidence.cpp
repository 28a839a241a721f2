// The rows behind a figure, shown to those who may see what they are of.
#include <algorithm>

#include <fmt/format.h>

#include "computed.h"
#include "rows.h"

namespace qushu::indicators {
namespace {

std::vector<std::string> strings(std::string_view text) {
  std::vector<std::string> out;
  auto parsed = json::parse(text);
  for (const auto& one : parsed.as_array()) out.emplace_back(one.as_string());
  return out;
}

std::string cell(const EvidenceRow& row, std::optional<std::size_t> column) {
  if (!column || !row.cells.at(*column).is_string()) return {};
  return std::string(row.cells[*column].as_string());
}

}  // namespace

Result<std::vector<Text>> Indicators::labels_of(const Actor& actor, const std::vector<std::string>& columns,
                                                const std::vector<std::string>& read) const {
  QS_TRY(auto relations, deps_.policy.relations(actor));
  std::vector<Text> out;
  for (const auto& column : columns) {
    out.push_back({column, column});
    for (const auto& relation : relations) {
      if (std::ranges::find(read, relation.name) == read.end()) continue;
      auto found = std::ranges::find(relation.columns, column, &sharing::RelationColumn::id);
      if (found == relation.columns.end()) continue;
      out.back() = found->name;
      break;
    }
  }
  return out;
}

Result<EvidenceRows> Indicators::evidence(const Actor& actor, std::string_view code, std::string_view period) const {
  QS_CHECK(may_use(actor));
  QS_TRY(auto row, deps_.store.read([&](store::Session& s) -> Result<std::optional<store::Row>> {
    QS_CHECK(load(s, code));
    return s.one(
        "SELECT e.period, e.rows_sql, e.value_sql, e.columns, e.rows, e.total, e.kept, e.relations, e.datasets, e.computed "
        "FROM indicator_evidence e JOIN indicator_value v ON v.code = e.code AND v.period = e.period WHERE e.code = ? AND "
        "(? = '' OR e.period = ?) ORDER BY v.first_day DESC LIMIT 1",
        {code, period, period});
  }));
  if (!row)
    return fail(Code::not_found, "indicator.evidence", "这个周期还没有计算过。", "That period has not been computed yet.");
  EvidenceRows out{
      .period = row->text(0), .rows_sql = row->text(1), .value_sql = row->text(2), .columns = strings(row->text(3))};
  out.total = row->integer(5);
  out.kept = row->integer(6);
  out.computed = row->time(9);
  return visible(actor, std::move(out), row->text(4), strings(row->text(7)), strings(row->text(8)));
}

Result<EvidenceRows> Indicators::visible(const Actor& actor, EvidenceRows out, std::string_view rows,
                                         const std::vector<std::string>& relations,
                                         const std::vector<std::string>& datasets) const {
  auto column = [&](std::string_view name) -> std::optional<std::size_t> {
    auto found = std::ranges::find(out.columns, name);
    return found == out.columns.end() ? std::nullopt : std::optional<std::size_t>(found - out.columns.begin());
  };
  auto id = column("id"), which = column("register");
  bool only_records = relations.size() == 1 && relations.front().starts_with(registers::kRelationPrefix);
  auto only = only_records ? relations.front().substr(registers::kRelationPrefix.size()) : std::string();
  auto stored = json::parse(rows);
  for (auto& one : stored.as_array()) {
    EvidenceRow r{.register_code = {}, .record = {}, .cells = {one.as_array().begin(), one.as_array().end()}};
    r.record = cell(r, id);
    r.register_code = r.record.empty() ? std::string() : which ? cell(r, which) : only;
    if (r.register_code.empty()) r.record.clear();
    out.rows.push_back(std::move(r));
  }
  // Of every dataset that was read the caller reads everything, or sees no row: a row does not say which value is whose.
  QS_TRY(auto readable, deps_.policy.readable(actor));
  bool all_data = std::ranges::all_of(datasets, [&](const std::string& dataset) {
    return std::ranges::any_of(readable, [&](const catalog::Dataset& d) { return d.code == dataset; });
  });
  // The same of registers, but that a row which is a record's is seen with the record where only its register is in question.
  std::vector<std::string> narrow;
  for (const auto& relation : relations) {
    if (deps_.others != nullptr && deps_.others->is_relation(relation)) {
      auto seen = deps_.others->rows(actor, relation);
      all_data = all_data && seen && seen->all;
      continue;
    }
    QS_TRY(auto all, deps_.relations.sees_all(actor, relation));
    if (!all) narrow.push_back(relation.substr(registers::kRelationPrefix.size()));
  }
  if (!all_data || narrow.size() > 1) {
    out.rows.clear();
  } else if (narrow.size() == 1) {
    std::vector<std::string> ids;
    for (const auto& r : out.rows)
      if (r.register_code == narrow.front()) ids.push_back(r.record);
    QS_TRY(auto seen, deps_.relations.seen(actor, narrow.front(), ids));
    std::erase_if(out.rows,
                  [&](const EvidenceRow& r) { return r.register_code != narrow.front() || !seen.contains(r.record); });
  }
  QS_TRY(out.labels, labels_of(actor, out.columns, relations));
  out.hidden = out.kept - static_cast<std::int64_t>(out.rows.size());
  return out;
}

Result<Taken> Indicators::take(const Actor& actor, std::string_view code, int year) const {
  QS_CHECK(may_use(actor));
  auto period = Period::parse(PeriodKind::year, std::to_string(year));
  if (!period || period->first_day() > deps_.calendar.today())
    return fail(Error{.code = Code::invalid,
                      .id = "indicator.period",
                      .text = {"这一年还没有开始。", "That year has not begun."},
                      .subject = "year"});
  QS_TRY(auto indicator, deps_.store.read([&](store::Session& s) { return load(s, code); }));
  auto computed = figure_of(indicator, *period);
  if (computed.busy) return fail(*computed.busy);
  computed.value.version = indicator.version;
  auto list = [](const std::vector<std::string>& from) { return json::array(from.begin(), from.end()); };
  json::object evidence{{"period", period->text()},
                        {"rows_sql", indicator.definition.evidence.rows},
                        {"value_sql", computed.value_sql},
                        {"columns", list(computed.columns)},
                        {"kept", computed.rows.size()},
                        {"rows", std::move(computed.rows)},
                        {"total", computed.value.rows},
                        {"relations", list(computed.relations)},
                        {"datasets", list(computed.datasets)},
                        {"computed", to_micros(computed.value.computed)}};
  return Taken{
      .definition = std::move(indicator.definition), .value = std::move(computed.value), .evidence = json::serialize(evidence)};
}

Result<EvidenceRows> Indicators::shown(const Actor& actor, std::string_view taken) const {
  QS_CHECK(may_use(actor));
  auto stored = json::parse(taken).as_object();
  auto text = [&](std::string_view name) { return std::string(stored.at(name).as_string()); };
  auto list = [&](std::string_view name) { return strings(json::serialize(stored.at(name))); };
  EvidenceRows out{
      .period = text("period"), .rows_sql = text("rows_sql"), .value_sql = text("value_sql"), .columns = list("columns")};
  out.total = stored.at("total").to_number<std::int64_t>();
  out.kept = stored.at("kept").to_number<std::int64_t>();
  out.computed = from_micros(stored.at("computed").to_number<std::int64_t>());
  return visible(actor, std::move(out), json::serialize(stored.at("rows")), list("relations"), list("datasets"));
}

}  // namespace qushu::indicators
