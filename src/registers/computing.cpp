// What a definition computes and demands of a record.
#include <fmt/format.h>

#include "loaded.h"
#include "values.h"

namespace qushu::registers {

void compile(Loaded& loaded) {
  const auto& d = loaded.entry.definition;
  for (const auto& field : d.fields)
    if (field.kind == Kind::computed && !field.retired)
      if (auto formula = parse_formula(d, field.formula)) loaded.formulas.emplace(field.name, *std::move(formula));
  for (const auto& one : d.checks)
    if (auto formula = parse_formula(d, one.formula)) loaded.checks.emplace_back(*std::move(formula), one.message);
}

Result<void> compute(const Loaded& loaded, Record& record) {
  const auto& d = loaded.entry.definition;
  auto value = [&](std::string_view name) -> FormulaValue {
    const auto* field = d.field(name);
    auto found = record.cells.find(name);
    return field == nullptr || found == record.cells.end() ? FormulaValue{} : formula_value(*field, found->second);
  };
  for (const auto& [name, formula] : loaded.formulas) {
    const auto* field = d.field(name);
    QS_TRY(auto result, formula.evaluate(value));
    Cells cells = no_value(*field);
    if (const auto* number = std::get_if<Fraction>(&result)) {
      auto whole = rounded(*number, decimals_of(*field));
      if (!whole) return wrong_value(*field, "算出的数太大。", "the computed figure is too large.");
      cells[0] = *whole;
    }
    record.cells.insert_or_assign(name, std::move(cells));
  }
  return {};
}

Result<void> check(const Loaded& loaded, const Record& record) {
  const auto& d = loaded.entry.definition;
  Text empty;
  std::string fields;
  for (const auto& field : d.fields) {
    if (!field.required || field.retired || field.kind == Kind::attachment) continue;
    auto found = record.cells.find(field.name);
    if (found != record.cells.end() && !is_empty(found->second)) continue;
    empty.zh += (empty.zh.empty() ? "" : "、") + field.label.zh;
    empty.en += (empty.en.empty() ? "" : ", ") + field.label.en;
    fields += (fields.empty() ? "" : ", ") + field.name;
  }
  if (!fields.empty())
    return fail(Error{.code = Code::invalid,
                      .id = "record.required",
                      .text = {fmt::format("请填写：{}。", empty.zh), fmt::format("To be filled: {}.", empty.en)},
                      .subject = fields});
  auto value = [&](std::string_view name) -> FormulaValue {
    const auto* field = d.field(name);
    auto found = record.cells.find(name);
    return field == nullptr || found == record.cells.end() ? FormulaValue{} : formula_value(*field, found->second);
  };
  for (const auto& [formula, message] : loaded.checks) {
    QS_TRY(auto result, formula.evaluate(value));
    const auto* holds = std::get_if<bool>(&result);
    if (holds == nullptr || *holds) continue;
    fields.clear();
    for (const auto& name : formula.fields()) fields += (fields.empty() ? "" : ", ") + name;
    return fail(Error{.code = Code::invalid, .id = "record.check", .text = message, .subject = fields});
  }
  return {};
}

Result<void> recompute(store::Transaction& t, const Definition& d) {
  constexpr std::size_t kBatch = 500;
  Loaded loaded;
  loaded.entry.definition = d;
  compile(loaded);
  if (loaded.formulas.empty()) return {};
  std::string set;
  for (const auto& [name, formula] : loaded.formulas)
    set += (set.empty() ? "" : ", ") + stored_columns(*d.field(name)).front().name + " = ?";
  for (std::string after;;) {
    QS_TRY(auto rows, t.query(fmt::format("SELECT {} FROM {} WHERE id > ? ORDER BY id LIMIT {}", record_columns(d),
                                          table_of(d.code), kBatch),
                              {after}));
    for (const auto& row : rows) {
      auto record = record_of(d, row);
      QS_CHECK(compute(loaded, record));
      store::Params params;
      for (const auto& [name, formula] : loaded.formulas) {
        params.emplace_back(store::Null{});
        params.back().value = record.cells.at(name).front();
      }
      params.emplace_back(record.id);
      QS_CHECK(t.exec(fmt::format("UPDATE {} SET {} WHERE id = ?", table_of(d.code), set), params));
      after = record.id;
    }
    if (rows.size() < kBatch) return {};
  }
}

}  // namespace qushu::registers
