#include "evaluation.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/engine/expression.h"

#include "words.h"

namespace qushu::quality {

using engine::quote_name;
using engine::Type;

namespace {

constexpr std::size_t kExamples = 5;
constexpr int kExampleText = 200;

std::string type_name(const catalog::Field& field) {
  static constexpr std::array<std::string_view, 8> kTypes{"VARCHAR", "BIGINT", "DECIMAL", "DOUBLE",
                                                          "BOOLEAN", "DATE",   "TIME",    "TIMESTAMP"};
  auto type = std::string(kTypes.at(static_cast<std::size_t>(field.type)));
  if (field.type == Type::decimal) type += fmt::format("({}, {})", field.width, field.scale);
  return type;
}

std::string text_of(std::string_view column, Type type) {
  return type == Type::text ? std::string(column) : fmt::format("CAST({} AS VARCHAR)", column);
}

engine::Value value_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return json::serialize(value);
}

// What a bound is compared as: whole numbers exactly, since doubles skip some beyond 2^53.
std::string bound_type(const catalog::Field& field, const json::value& bound) {
  if (field.type == Type::integer && bound.is_int64()) return "BIGINT";
  return field.type == Type::integer || field.type == Type::decimal ? "DOUBLE" : type_name(field);
}

// A format's condition over a text.
std::string holds_sql(std::string_view format, const std::string& text) {
  if (format == "organisation_code") return fmt::format("(has_organisation_code({0}) OR NOT is_credit_code({0}))", text);
  if (format == "phone") return fmt::format("(is_mobile({0}) OR is_landline({0}))", text);
  return fmt::format("is_{}({})", format, text);
}

Failure evaluation_failed(const Rule& rule, Error error) {
  // What a person wrote may be impossible to compute; what else goes wrong is not hers to mend.
  if (error.code != Code::internal || (rule.kind != Kind::expression && rule.kind != Kind::pattern && rule.kind != Kind::range))
    return fail(std::move(error));
  return fail(
      Error{.code = Code::invalid,
            .id = "quality.rule",
            .text = {"规则无法计算，请检查表达式和参数。", "The rule cannot be computed: check its expression and parameters."},
            .subject = "params",
            .detail = std::move(error.detail)});
}

}  // namespace

const catalog::Field* Evaluation::field(std::string_view id) const {
  auto found = std::ranges::find(subject_.fields, id, &catalog::Field::id);
  return found == subject_.fields.end() ? nullptr : &*found;
}

engine::Limits Evaluation::limits() const {
  return {.time = std::chrono::seconds(deps_.settings.integer("quality.check_time")), .cancelled = subject_.cancelled};
}

std::string Evaluation::bind(engine::Value value) {
  params_.push_back(std::move(value));
  return fmt::format("${}", params_.size());
}

Result<void> Evaluation::compile_value(const Rule& rule, const catalog::Field& f, Judged& judged) {
  auto column = quote_name(f.id);
  auto text = text_of(column, f.type);
  judged.applies = column + " IS NOT NULL";
  // Parameters are numbered when the statement is put together, since several rules share it: \x01n\x02 stands for the n-th.
  auto param = [&](engine::Value value) {
    judged.params.push_back(std::move(value));
    return fmt::format("\x01{}\x02", judged.params.size() - 1);
  };
  switch (rule.kind) {
    case Kind::required:
      judged.applies = "true";
      judged.fails = f.type == Type::text ? fmt::format("({0} IS NULL OR {0} = '')", column) : column + " IS NULL";
      judged.reason = {"不能为空", "must not be empty"};
      return {};
    case Kind::pattern:
      judged.fails = fmt::format("NOT regexp_full_match({}, {})", text, param(text_at(rule.params, "pattern")));
      judged.reason = {"应符合 " + text_at(rule.params, "pattern"), "expected to match " + text_at(rule.params, "pattern")};
      return {};
    case Kind::range: {
      std::string low, high;
      if (const auto* min = rule.params.if_contains("min"); min != nullptr && !min->is_null())
        low = fmt::format("{} < CAST({} AS {})", column, param(value_of(*min)), bound_type(f, *min));
      if (const auto* max = rule.params.if_contains("max"); max != nullptr && !max->is_null())
        high = fmt::format("{} > CAST({} AS {})", column, param(value_of(*max)), bound_type(f, *max));
      judged.fails = "(" + low + (low.empty() || high.empty() ? "" : " OR ") + high + ")";
      auto says = describe(rule, subject_.fields);
      judged.reason = {"超出范围：应满足 " + says.zh, "out of range: " + says.en};
      return {};
    }
    case Kind::enumeration: {
      std::string list;
      for (const auto& value : rule.params.at("values").as_array()) list += (list.empty() ? "" : ", ") + param(value_of(value));
      judged.fails = fmt::format("{} NOT IN ({})", text, list);
      auto says = describe(rule, subject_.fields);
      judged.reason = {"不在值域内：" + says.zh, "not an allowed value: " + says.en};
      return {};
    }
    case Kind::length: {
      auto min = whole_at(rule.params, "min", 0), max = whole_at(rule.params, "max", INT32_MAX);
      judged.fails = fmt::format("length({}) NOT BETWEEN {} AND {}", text, min, max);
      auto says = describe(rule, subject_.fields);
      judged.reason = {"长度不对：" + says.zh, "wrong length: " + says.en};
      return {};
    }
    case Kind::format: {
      const auto* format = find_format(text_at(rule.params, "format"));
      if (format == nullptr) return fail_internal("a rule of an unknown format");
      if (format->code == "not_future")
        judged.fails =
            fmt::format("CAST({} AS DATE) > CAST({} AS DATE)", column, param(calendar::to_text(deps_.calendar.today())));
      else
        judged.fails = "NOT " + holds_sql(format->code, text);
      judged.reason = {format->name.zh + "不合格：" + format->expected.zh, format->name.en + ": " + format->expected.en};
      return {};
    }
    default:
      return fail_internal("no rule of a value");
  }
}

Result<void> Evaluation::compile_unique(const Rule& rule, Judged& judged) {
  std::string columns, given;
  for (const auto& id : rule.fields) {
    columns += (columns.empty() ? "" : ", ") + quote_name(id);
    given += (given.empty() ? "" : " AND ") + quote_name(id) + " IS NOT NULL";
  }
  judged.applies = given;
  judged.reason = {"与前面的行重复", "repeats an earlier row"};
  // Every row but the first of its value fails. Of changes, the new rows are compared with all that are there.
  bool part = subject_.rows != subject_.whole;
  auto among =
      part ? fmt::format(" AND hash({}) IN (SELECT hash({}) FROM ({}) AS n WHERE {})", columns, columns, subject_.rows, given)
           : std::string();
  judged.ids = fmt::format(
      "WITH met AS MATERIALIZED (SELECT h FROM (SELECT hash({0}) AS h FROM ({1}) AS w WHERE {2}{3}) GROUP BY h HAVING count(*) "
      "> 1), "
      "near AS (SELECT _id, {0} FROM ({1}) AS w WHERE {2} AND hash({0}) IN (SELECT h FROM met)), "
      "told AS (SELECT _id, row_number() OVER (PARTITION BY {0} ORDER BY _id) AS place FROM near) "
      "SELECT _id FROM told WHERE place > 1{4}",
      columns, subject_.whole, given, among,
      part ? fmt::format(" AND _id IN (SELECT _id FROM ({}) AS n)", subject_.rows) : std::string());
  return {};
}

Result<void> Evaluation::compile_reference(const catalog::Field& f, std::string_view dataset, std::string_view other,
                                           Judged& judged) {
  auto shown = deps_.policy.compile(Actor::system(), dataset);
  if (!shown) {
    if (shown.error().code == Code::not_found)
      return fail(Error{.code = Code::conflict,
                        .id = "quality.reference",
                        .text = {fmt::format("规则引用的数据集 {} 不存在或还没有发布。", dataset),
                                 fmt::format("The dataset {} that a rule refers to is not there or not published.", dataset)}});
    return fail(std::move(shown).error());
  }
  auto target = std::ranges::find_if(shown->fields, [&](const auto& x) { return x.id == other || x.name == other; });
  if (target == shown->fields.end())
    return fail(Error{.code = Code::conflict,
                      .id = "quality.reference",
                      .text = {fmt::format("数据集 {} 没有字段 {}。", dataset, other),
                               fmt::format("The dataset {} has no field {}.", dataset, other)}});
  auto mine = quote_name(f.id), theirs = quote_name(target->id);
  bool alike = f.type == target->type;
  judged.applies = mine + " IS NOT NULL";
  judged.ids = fmt::format(
      "SELECT m._id FROM ({}) AS m ANTI JOIN (SELECT DISTINCT {} AS v FROM ({}) AS t) AS o ON {} = o.v WHERE m.{} IS NOT NULL",
      subject_.rows, alike ? theirs : text_of(theirs, target->type), shown->select,
      alike ? "m." + mine : text_of("m." + mine, f.type), mine);
  judged.reason = {fmt::format("在“{}”的“{}”中找不到这个值", shown->dataset.title, target->name),
                   fmt::format("not found in {} of {}", target->name, shown->dataset.title)};
  return {};
}

Result<Evaluation::Judged> Evaluation::compile(const Rule& rule) {
  Judged judged;
  judged.rule = rule;
  const catalog::Field* f = rule.fields.empty() ? nullptr : field(rule.fields[0]);
  for (const auto& id : rule.fields) {
    const auto* known = field(id);
    if (known == nullptr)
      return fail(Error{.code = Code::conflict,
                        .id = "quality.field",
                        .text = {fmt::format("字段 {} 已不存在，规则无法检查，请修改或删除规则。", id),
                                 fmt::format("The field {} is not there any more: change the rule or remove it.", id)}});
    judged.field += (judged.field.empty() ? "" : "、") + known->name;
    judged.value += (judged.value.empty() ? "" : ", ") + text_of(quote_name(id), known->type);
  }
  if (rule.fields.size() > 1) judged.value = "concat_ws(' | ', " + judged.value + ")";
  if (rule.kind == Kind::unique) {
    QS_CHECK(compile_unique(rule, judged));
  } else if (rule.kind == Kind::reference) {
    QS_CHECK(compile_reference(*f, text_at(rule.params, "dataset"), text_at(rule.params, "field"), judged));
  } else if (rule.kind == Kind::region) {
    QS_CHECK(compile_reference(*f, deps_.settings.text("quality.region_dataset"), deps_.settings.text("quality.region_field"),
                               judged));
  } else if (rule.kind == Kind::expression) {
    std::vector<engine::Column> columns;
    for (const auto& x : subject_.fields) columns.push_back({.name = x.id, .type = x.type, .width = x.width, .scale = x.scale});
    QS_TRY(auto written, engine::check_expression(deps_.engine, text_at(rule.params, "sql"), columns));
    // Unknown passes, as in SQL's own CHECK; what cannot be computed for a row fails there.
    judged.applies = "true";
    judged.fails = fmt::format("NOT coalesce(TRY(coalesce(({}), true)), false)", written);
    judged.value = "''";
    judged.reason = {"不满足 " + text_at(rule.params, "sql"), "does not satisfy " + text_at(rule.params, "sql")};
  } else {
    QS_CHECK(compile_value(rule, *f, judged));
  }
  if (!rule.note.empty()) judged.reason = {rule.note, rule.note};
  return judged;
}

namespace {

// Puts numbers in place of \x01n\x02.
std::string numbered(std::string_view sql, std::size_t first) {
  std::string out;
  for (std::size_t i = 0; i < sql.size(); ++i) {
    if (sql[i] != '\x01') {
      out += sql[i];
      continue;
    }
    auto end = sql.find('\x02', i);
    auto n = to_int(sql.substr(i + 1, end - i - 1)).value_or(0);
    out += fmt::format("${}", first + static_cast<std::size_t>(n) + 1);
    i = end;
  }
  return out;
}

}  // namespace

Result<void> Evaluation::count_rows(std::vector<Outcome>& outcomes) {
  // One scan for all that look at one row, and for how many rows each of the others judges.
  params_.clear();
  std::string sql = "SELECT count(*)";
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of outcome and judged rule
  std::size_t j = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (!judges_rows(outcomes[i].rule.kind) || !outcomes[i].note.zh.empty()) continue;
    const auto& judged = judged_[j];
    auto fails = judged.ids.empty() ? numbered(judged.fails, params_.size()) : "false";
    if (judged.ids.empty()) params_.insert(params_.end(), judged.params.begin(), judged.params.end());
    sql += judged.applies == "true" ? ", count(*)" : fmt::format(", count(*) FILTER ({})", judged.applies);
    sql += fails == "false"
               ? ", 0"
               : fmt::format(", count(*) FILTER ({}{})", judged.applies == "true" ? "" : judged.applies + " AND ", fails);
    places.emplace_back(i, j++);
  }
  if (places.empty()) return {};
  QS_TRY(
      auto cursor,
      deps_.engine.run({.sql = fmt::format("{} FROM ({}) AS r", sql, subject_.rows), .params = params_, .limits = limits()}));
  QS_TRY(const auto* chunk, cursor->next());
  if (chunk == nullptr) return fail_internal("no counts");
  for (std::size_t n = 0; n < places.size(); ++n) {
    auto [i, k] = places[n];
    outcomes[i].checked = static_cast<std::uint64_t>(chunk->integer(1 + 2 * n, 0));
    outcomes[i].failed = static_cast<std::uint64_t>(chunk->integer(2 + 2 * n, 0));
    judged_[k].failed = outcomes[i].failed;
  }
  cursor.reset();
  for (auto [i, k] : places) {
    auto& judged = judged_[k];
    if (judged.ids.empty()) continue;
    QS_TRY(auto found,
           deps_.engine.run({.sql = fmt::format("SELECT count(*) FROM ({}) AS f", judged.ids), .limits = limits()}));
    QS_TRY(const auto* one, found->next());
    if (one == nullptr) return fail_internal("no count");
    judged.failed = outcomes[i].failed = static_cast<std::uint64_t>(one->integer(0, 0));
  }
  return {};
}

Result<std::vector<Outcome>> Evaluation::count(const std::vector<Rule>& rules) {
  std::vector<Outcome> outcomes;
  judged_.clear();
  judged_.reserve(rules.size());
  for (const auto& rule : rules) {
    if (!judges_rows(rule.kind)) {
      auto outcome = rule.kind == Kind::total    ? judge_total(rule)
                     : rule.kind == Kind::volume ? judge_volume(rule)
                                                 : judge_freshness(rule);
      QS_CHECK(outcome);
      outcomes.push_back(*std::move(outcome));
      continue;
    }
    auto judged = compile(rule);
    if (judged) {
      outcomes.push_back({.rule = rule});
      judged_.push_back(*std::move(judged));
    } else if (judged.error().code == Code::conflict) {
      // What it is about is gone: that fails as a whole, and says why.
      outcomes.push_back({.rule = rule, .checked = 1, .failed = 1, .note = judged.error().text});
    } else {
      return evaluation_failed(rule, std::move(judged).error());
    }
  }
  auto counted = count_rows(outcomes);
  if (!counted) {
    auto blamed = std::ranges::find_if(
        rules, [](const Rule& r) { return r.kind == Kind::expression || r.kind == Kind::pattern || r.kind == Kind::range; });
    if (blamed == rules.end()) return fail(std::move(counted).error());
    return evaluation_failed(*blamed, std::move(counted).error());
  }
  return outcomes;
}

std::string Evaluation::failing_sql(const Judged& judged, std::size_t number, std::size_t limit) {
  std::string key, raw;
  for (const auto& f : subject_.fields) {
    auto text = text_of(quote_name(f.id), f.type);
    if (f.key) key += (key.empty() ? "" : ", ") + text;
    raw += fmt::format(", coalesce({}, '')", text);
  }
  auto first = params_.size();
  auto condition = judged.ids.empty() ? fmt::format("{} AND {}", judged.applies, numbered(judged.fails, first))
                                      : fmt::format("_id IN ({})", judged.ids);
  if (judged.ids.empty()) params_.insert(params_.end(), judged.params.begin(), judged.params.end());
  auto field = bind(judged.field), zh = bind(judged.reason.zh), en = bind(judged.reason.en), rule = bind(judged.rule.id);
  return fmt::format(
      "(SELECT {} AS number, {} AS rule, _id, {} AS \"key\", {} AS field, {} AS value, {} AS reason_zh, {} AS reason_en, "
      "concat_ws(','{}) AS raw FROM ({}) AS r WHERE {}{})",
      number, rule, key.empty() ? "''" : "concat_ws(' | ', " + key + ")", field, judged.value, zh, en, raw, subject_.rows,
      condition, limit == 0 ? std::string() : fmt::format(" ORDER BY _id LIMIT {}", limit));
}

Result<std::string> Evaluation::write_failures(std::vector<Outcome>& outcomes, std::size_t keep) {
  params_.clear();
  std::string sql;
  for (std::size_t k = 0; k < judged_.size(); ++k)
    if (judged_[k].failed > 0) sql += (sql.empty() ? "" : " UNION ALL ") + failing_sql(judged_[k], k, keep);
  if (sql.empty()) return std::string();
  auto target = deps_.blobs.temporary_folder() / ("failures-" + new_id() + ".parquet");
  QS_CHECK(deps_.engine.execute({.sql = fmt::format("COPY (SELECT rule, _id, \"key\", field, value, reason_zh, reason_en, raw "
                                                    "FROM ({}) AS f ORDER BY number, _id) TO {} (FORMAT "
                                                    "parquet, COMPRESSION zstd)",
                                                    sql, engine::quote_text(target.string())),
                                 .params = params_,
                                 .limits = limits()}));
  QS_CHECK(read_examples(target, outcomes));
  QS_TRY(auto blob, deps_.blobs.adopt(target));
  return blob.sha256;
}

Result<void> Evaluation::read_examples(const std::filesystem::path& file, std::vector<Outcome>& outcomes) {
  QS_TRY(
      auto cursor,
      deps_.engine.run(
          {.sql = fmt::format(
               "SELECT rule, _id, left(\"key\", {1}), field, left(coalesce(value, ''), {1}) FROM {0} QUALIFY row_number() OVER "
               "(PARTITION BY rule ORDER BY _id) <= {2} ORDER BY rule, _id",
               engine::parquet_scan({file}), kExampleText, kExamples),
           .limits = limits()}));
  for (;;) {
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk == nullptr) return {};
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      auto found = std::ranges::find_if(outcomes, [&](const Outcome& o) { return o.rule.id == chunk->text(0, row); });
      if (found == outcomes.end()) continue;
      found->examples.push_back({.id = chunk->integer(1, row),
                                 .key = std::string(chunk->text(2, row)),
                                 .field = std::string(chunk->text(3, row)),
                                 .value = std::string(chunk->text(4, row))});
    }
  }
}

Result<std::pair<std::filesystem::path, std::uint64_t>> Evaluation::write_rejects() {
  params_.clear();
  std::string sql;
  for (std::size_t k = 0; k < judged_.size(); ++k)
    if (judged_[k].failed > 0 && judged_[k].rule.severity == Severity::reject)
      sql += (sql.empty() ? "" : " UNION ALL ") + failing_sql(judged_[k], k, 0);
  if (sql.empty()) return std::pair<std::filesystem::path, std::uint64_t>{};
  auto target = deps_.blobs.temporary_folder() / ("rule-rejects-" + new_id() + ".parquet");
  auto several = [](std::string_view reason, std::string_view colon, std::string_view between) {
    return fmt::format(
        "CASE WHEN count(*) = 1 THEN any_value({0}) ELSE string_agg(field || '{1}' || {0}, '{2}' ORDER BY number) END", reason,
        colon, between);
  };
  QS_TRY(auto rows,
         deps_.engine.execute(
             {.sql = fmt::format(
                  "COPY (SELECT _id, string_agg(field, '、' ORDER BY number) AS field, string_agg(coalesce(value, ''), ' | ' "
                  "ORDER BY number) "
                  "AS value, {} AS reason_zh, {} AS reason_en FROM ({}) AS f GROUP BY _id ORDER BY _id) TO {} (FORMAT parquet, "
                  "COMPRESSION zstd)",
                  several("reason_zh", "：", "；"), several("reason_en", ": ", "; "), sql, engine::quote_text(target.string())),
              .params = params_,
              .limits = limits()}));
  return std::pair(target, rows);
}

}  // namespace qushu::quality
