// A definition's tables: what a change of it will do, and doing it.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "loaded.h"

namespace qushu::registers {
namespace {

const Physical* find_physical(const std::vector<Physical>& columns, std::string_view name) {
  auto found = std::ranges::find(columns, name, &Physical::name);
  return found == columns.end() ? nullptr : &*found;
}

Field field_of(const Physical& column) {
  return {.name = column.name, .kind = column.kind, .decimals = column.decimals};
}

int scale(Kind kind, int decimals) {
  return kind == Kind::money ? 2 : decimals;
}

std::int64_t power(int digits) {
  std::int64_t out = 1;
  for (int i = 0; i < digits; ++i) out *= 10;
  return out;
}

// How a column becomes another kind: not at all, as it is, or by this factor.
std::optional<std::int64_t> factor(const Physical& from, const Field& to) {
  auto is_number = [](Kind k) { return k == Kind::number || k == Kind::money; };
  auto is_text = [](Kind k) { return k == Kind::text || k == Kind::long_text; };
  if (from.kind == Kind::computed && to.kind == Kind::computed) return 1;  // computed again
  if ((from.kind == to.kind && !is_number(to.kind)) || (is_text(from.kind) && is_text(to.kind)) ||
      (from.kind == Kind::choice && is_text(to.kind)))
    return 1;
  if (!is_number(from.kind) || !is_number(to.kind)) return std::nullopt;
  auto more = scale(to.kind, to.decimals) - scale(from.kind, from.decimals);
  return more < 0 ? std::nullopt : std::optional(power(more));
}

class Stepper {
 public:
  Stepper(store::Session& s, const Definition* before, const std::vector<Physical>& columns, const Definition& after)
      : s_(s), before_(before), columns_(columns), after_(after) {}

  Result<std::vector<Step>> run() {
    if (before_ == nullptr) {
      add("create", "",
          {fmt::format("建立台账，{} 个字段。", after_.fields.size()),
           fmt::format("The register is made, with {} fields.", after_.fields.size())});
      return std::move(steps_);
    }
    for (const auto& field : after_.fields) QS_CHECK(field_steps(field));
    for (const auto& old : before_->fields) QS_CHECK(dropped(old));
    QS_CHECK(states());
    if (steps_.empty())
      add("change", "",
          {"表单、视图、流转、权限等按新定义执行，记录不变。",
           "Form, views, transitions and permissions follow the new definition; records stay as they are."});
    return std::move(steps_);
  }

 private:
  void add(std::string kind, std::string field, Text text, std::int64_t records = 0, bool blocked = false) {
    steps_.push_back(
        {.kind = std::move(kind), .field = std::move(field), .text = std::move(text), .records = records, .blocked = blocked});
  }
  Result<std::int64_t> count(const std::string& where, const store::Params& params = {}) {
    QS_TRY(auto row,
           s_.one(fmt::format("SELECT count(*) FROM {} WHERE removed IS NULL AND {}", table_of(after_.code), where), params));
    return row->integer(0);
  }
  static std::string column(const Field& field) { return stored_columns(field).front().name; }

  Result<void> field_steps(const Field& field) {
    const auto* old = before_->field(field.name);
    const auto* physical = find_physical(columns_, field.name);
    const auto* renamed = physical == nullptr && !field.was.empty() ? find_physical(columns_, field.was) : nullptr;
    if (renamed != nullptr && after_.field(field.was) != nullptr) renamed = nullptr;
    const auto* source = physical != nullptr ? physical : renamed;
    if (source == nullptr) {
      QS_TRY(auto records, count("1 = 1"));
      add(field.kind == Kind::computed ? "recompute" : "add", field.name,
          {fmt::format("新增字段“{}”，已有 {} 条记录的这一项为空{}。", field.label.zh, records,
                       field.kind == Kind::computed ? "，将按公式算出"
                       : field.required             ? "，下次修改时须填写"
                                                    : ""),
           fmt::format("The field “{}” is added; it is empty in {} records{}.", field.label.en, records,
                       field.kind == Kind::computed ? " and will be computed"
                       : field.required             ? " and must be filled when they are next edited"
                                                    : "")},
          records);
      return unique_step(field, nullptr);
    }
    QS_TRY(auto filled, count(column(field_of(*source)) + " IS NOT NULL"));
    if (renamed != nullptr) {
      add("rename", field.name,
          {fmt::format("字段“{}”改名为“{}”，{} 条记录的值保留。", field.was, field.name, filled),
           fmt::format("The field “{}” becomes “{}”; the values of {} records stay.", field.was, field.name, filled)},
          filled);
    } else if (old != nullptr && !old->retired && field.retired) {
      add("retire", field.name,
          {fmt::format("停用字段“{}”，{} 条记录的值保留但不再显示。", field.label.zh, filled),
           fmt::format("The field “{}” is retired; the values of {} records are kept but not shown.", field.label.en, filled)},
          filled);
    } else if ((old == nullptr || old->retired) && !field.retired) {
      add("restore", field.name,
          {fmt::format("恢复字段“{}”，{} 条记录的旧值重新显示。", field.label.zh, filled),
           fmt::format("The field “{}” comes back; the old values of {} records are shown again.", field.label.en, filled)},
          filled);
    }
    QS_CHECK(conversion(field, *source, filled));
    QS_CHECK(choices(field, old != nullptr ? old : before_->field(field.was), *source));
    if (field.kind == Kind::computed && old != nullptr && (old->formula != field.formula || old->decimals != field.decimals)) {
      QS_TRY(auto records, count("1 = 1"));
      add("recompute", field.name,
          {fmt::format("“{}”的公式变了，重新计算 {} 条记录。", field.label.zh, records),
           fmt::format("The formula of “{}” changed; {} records are computed again.", field.label.en, records)},
          records);
    }
    if (field.required && old != nullptr && !old->required) {
      QS_TRY(auto empty, count(column(field_of(*source)) + " IS NULL"));
      if (empty > 0)
        add("change", field.name,
            {fmt::format("“{}”改为必填，{} 条记录还空着，下次修改时须填写。", field.label.zh, empty),
             fmt::format("“{}” becomes required; it is empty in {} records and must be filled when they are next edited.",
                         field.label.en, empty)},
            empty);
    }
    return unique_step(field, source);
  }

  Result<void> conversion(const Field& field, const Physical& source, std::int64_t filled) {
    auto by = factor(source, field);
    if (!by) {
      add("convert", field.name,
          {fmt::format("字段“{}”不能从 {} 改为 {}。请另加一个字段，把这个标为 retired: true。", field.label.zh,
                       name(source.kind), name(field.kind)),
           fmt::format("The field “{}” cannot become {} from {}. Add another field and retire this one (retired: true).",
                       field.label.en, name(field.kind), name(source.kind))},
          filled, true);
      return {};
    }
    bool same = source.kind == field.kind && scale(source.kind, source.decimals) == decimals_of(field);
    if (same || field.kind == Kind::computed) return {};
    if (*by > 1) {
      QS_TRY(auto large, count(fmt::format("abs({}) > ?", column(field_of(source))), {INT64_MAX / *by}));
      if (large > 0) {
        add("convert", field.name,
            {fmt::format("“{}”中有 {} 个数太大，放不下更多的小数位。", field.label.zh, large),
             fmt::format("{} values of “{}” are too large for more decimals.", large, field.label.en)},
            large, true);
        return {};
      }
    }
    add("convert", field.name,
        {fmt::format("“{}”从 {} 改为 {}，{} 条记录的值按新类型保留。", field.label.zh, name(source.kind), name(field.kind),
                     filled),
         fmt::format("“{}” becomes {} from {}; the values of {} records are kept as such.", field.label.en, name(field.kind),
                     name(source.kind), filled)},
        filled);
    return {};
  }

  Result<void> choices(const Field& field, const Field* old, const Physical& source) {
    if (field.kind != Kind::choice || old == nullptr) return {};
    for (const auto& c : old->choices) {
      if (std::ranges::find(field.choices, c.code, &Choice::code) != field.choices.end()) continue;
      QS_TRY(auto used, count(column(field_of(source)) + " = ?", {c.code}));
      if (used > 0)
        add("change", field.name,
            {fmt::format("“{}”的选项“{}”还有 {} 条记录在用。请留下它并标为 retired: true。", field.label.zh, c.label.zh, used),
             fmt::format("{1} records have the choice “{2}” of “{0}”. Keep it and mark it retired: true.", field.label.en, used,
                         c.label.en)},
            used, true);
    }
    return {};
  }

  Result<void> unique_step(const Field& field, const Physical* source) {
    if (!field.unique || (source != nullptr && source->unique)) return {};
    std::int64_t twice = 0;
    if (source != nullptr) {
      auto c = column(field_of(*source));
      QS_TRY(auto row, s_.one(fmt::format("SELECT count(*) FROM (SELECT {0} FROM {1} WHERE removed IS NULL AND {0} IS NOT NULL "
                                          "GROUP BY {0} HAVING count(*) > 1) doubled",
                                          c, table_of(after_.code))));
      twice = row->integer(0);
    }
    if (twice > 0)
      add("unique", field.name,
          {fmt::format("“{}”不能要求唯一：有 {} 个值重复。请先改正。", field.label.zh, twice),
           fmt::format("“{}” cannot be unique: {} values stand more than once. Correct them first.", field.label.en, twice)},
          twice, true);
    else
      add("unique", field.name,
          {fmt::format("“{}”从此不得重复。", field.label.zh), fmt::format("“{}” must be unique from now on.", field.label.en)});
    return {};
  }

  Result<void> dropped(const Field& old) {
    if (after_.field(old.name) != nullptr || old.retired) return {};
    bool renamed = std::ranges::any_of(after_.fields, [&](const Field& f) { return f.was == old.name; });
    if (renamed) return {};
    QS_TRY(auto filled, count(column(old) + " IS NOT NULL"));
    add("retire", old.name,
        {fmt::format("停用字段“{}”，{} 条记录的值保留但不再显示。", old.label.zh, filled),
         fmt::format("The field “{}” is retired; the values of {} records are kept but not shown.", old.label.en, filled)},
        filled);
    return {};
  }

  Result<void> states() {
    for (const auto& old : before_->states) {
      if (after_.state(old.name) != nullptr) continue;
      QS_TRY(auto there, count("state = ?", {old.name}));
      if (there > 0)
        add("state", "",
            {fmt::format("还有 {} 条记录处于“{}”，不能去掉这个状态。请先流转这些记录。", there, old.label.zh),
             fmt::format("{} records are in the state “{}”, which cannot go. Move them first.", there, old.label.en)},
            there, true);
      else
        add("state", "", {fmt::format("去掉状态“{}”。", old.label.zh), fmt::format("The state “{}” goes.", old.label.en)});
    }
    for (const auto& fresh : after_.states)
      if (before_->state(fresh.name) == nullptr)
        add("state", "",
            {fmt::format("新增状态“{}”。", fresh.label.zh), fmt::format("The state “{}” is added.", fresh.label.en)});
    return {};
  }

  store::Session& s_;
  const Definition* before_;
  const std::vector<Physical>& columns_;
  const Definition& after_;
  std::vector<Step> steps_;
};

std::string unique_index(const Definition& d, std::string_view field) {
  return index_of(d.code, "u_" + std::string(field));
}

Result<void> create_table(store::Transaction& t, const Definition& d) {
  auto table = table_of(d.code);
  QS_CHECK(t.exec(fmt::format(
      "CREATE TABLE {} (id TEXT PRIMARY KEY, number TEXT NOT NULL, state TEXT NOT NULL, revision BIGINT NOT NULL, "
      "department_id TEXT NOT NULL, department_name TEXT NOT NULL, created_by TEXT NOT NULL, created_by_name TEXT NOT NULL, "
      "changed_by_name TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL, since BIGINT NOT NULL, due BIGINT, "
      "removed BIGINT)",
      table)));
  QS_CHECK(t.exec(fmt::format("CREATE UNIQUE INDEX {} ON {} (number)", index_of(d.code, "number"), table)));
  for (auto column : {"state", "department_id", "created_by"})
    QS_CHECK(t.exec(fmt::format("CREATE INDEX {} ON {} ({}, id)", index_of(d.code, column), table, column)));
  QS_CHECK(t.exec(fmt::format("CREATE INDEX {} ON {} (due, id) WHERE due IS NOT NULL", index_of(d.code, "due"), table)));
  return {};
}

// What lists are sorted and chosen by, and what other records are found by. Among a million records the rest is a scan. State
// and choices stand in each index, so that a list of a day's records of one kind looks at no record of another kind.
Result<void> create_indexes(store::Transaction& t, const Definition& d) {
  constexpr std::size_t kMostChoices = 6;
  std::vector<std::string> decided{"state"};
  for (const auto& field : d.fields)
    if (!field.retired && field.kind == Kind::choice && decided.size() <= kMostChoices)
      decided.push_back(stored_columns(field).front().name);
  std::set<std::string> wanted;
  for (const auto& view : d.views) {
    if (d.field(view.sort) != nullptr) wanted.insert(view.sort);
    for (const auto& condition : view.where)
      if (find_column(d, condition.column) != nullptr) wanted.insert(condition.column);
  }
  for (const auto& field : d.fields)
    if (!field.retired && (field.kind == Kind::reference || field.kind == Kind::date || field.kind == Kind::datetime))
      wanted.insert(field.name);
  for (const auto& name : wanted) {
    auto column = stored_columns(*d.field(name)).front().name;
    auto columns = column + ", id";
    for (const auto& other : decided)
      if (other != column) columns += ", " + other;
    QS_CHECK(t.exec(
        fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({})", index_of(d.code, "s_" + name), table_of(d.code), columns)));
  }
  return {};
}

Result<void> add_columns(store::Transaction& t, const Definition& d, const Field& field) {
  for (const auto& column : stored_columns(field))
    QS_CHECK(t.exec(fmt::format("ALTER TABLE {} ADD COLUMN {} {}", table_of(d.code), column.name, sql_name(column.storage))));
  return {};
}

Result<void> rename_columns(store::Transaction& t, const Definition& d, const Physical& from, const std::string& name) {
  auto old = stored_columns(field_of(from));
  auto fresh = field_of(from);
  fresh.name = name;
  auto now = stored_columns(fresh);
  for (std::size_t i = 0; i < old.size(); ++i)
    QS_CHECK(t.exec(fmt::format("ALTER TABLE {} RENAME COLUMN {} TO {}", table_of(d.code), old[i].name, now[i].name)));
  // Indexes go by the field's name.
  for (const auto* prefix : {"u_", "s_"})
    QS_CHECK(t.exec(fmt::format("DROP INDEX IF EXISTS {}", index_of(d.code, prefix + from.name))));
  return {};
}

}  // namespace

std::string columns_text(const std::vector<Physical>& columns) {
  json::array out;
  for (const auto& c : columns)
    out.push_back(json::object{{"name", c.name}, {"kind", name(c.kind)}, {"decimals", c.decimals}, {"unique", c.unique}});
  return json::serialize(out);
}

std::vector<Physical> columns_of(std::string_view text) {
  std::vector<Physical> out;
  for (const auto& one : json::parse(text).as_array()) {
    const auto& o = one.as_object();
    Physical p{.name = std::string(o.at("name").as_string()),
               .decimals = static_cast<int>(o.at("decimals").as_int64()),
               .unique = o.at("unique").as_bool()};
    (void)parse(o.at("kind").as_string(), p.kind);
    out.push_back(std::move(p));
  }
  return out;
}

Result<std::vector<Step>> steps_of(store::Session& s, const Definition* before, const std::vector<Physical>& columns,
                                   const Definition& after) {
  return Stepper(s, before, columns, after).run();
}

Result<void> alter(store::Transaction& t, const Definition* before, const Definition& after, std::vector<Physical>& columns) {
  if (before == nullptr) QS_CHECK(create_table(t, after));
  for (const auto& field : after.fields) {
    auto* there =
        const_cast<Physical*>(find_physical(columns, field.name));  // NOLINT(*-const-cast): `columns` is ours to change
    if (there == nullptr && !field.was.empty() && after.field(field.was) == nullptr) {
      there = const_cast<Physical*>(find_physical(columns, field.was));  // NOLINT(*-const-cast)
      if (there != nullptr) {
        QS_CHECK(rename_columns(t, after, *there, field.name));
        there->name = field.name;
        there->unique = false;
      }
    }
    if (there == nullptr) {
      QS_CHECK(add_columns(t, after, field));
      columns.push_back({.name = field.name, .kind = field.kind, .decimals = decimals_of(field)});
      there = &columns.back();
    }
    auto by = factor(*there, field);
    if (!by) return fail_internal("a change of kind that the plan should have refused: " + field.name);
    auto column = stored_columns(field).front().name;
    if (*by > 1)
      QS_CHECK(t.exec(fmt::format("UPDATE {0} SET {1} = {1} * ? WHERE {1} IS NOT NULL", table_of(after.code), column), {*by}));
    there->kind = field.kind;
    there->decimals = decimals_of(field);
    bool unique = field.unique && !field.retired;
    if (unique && !there->unique)
      QS_CHECK(t.exec(fmt::format("CREATE UNIQUE INDEX {} ON {} ({}) WHERE removed IS NULL", unique_index(after, field.name),
                                  table_of(after.code), column)));
    if (!unique && there->unique) QS_CHECK(t.exec(fmt::format("DROP INDEX IF EXISTS {}", unique_index(after, field.name))));
    there->unique = unique;
  }
  // What the definition no longer has keeps its values, but keeps nothing out.
  for (auto& column : columns) {
    if (after.field(column.name) != nullptr || !column.unique) continue;
    QS_CHECK(t.exec(fmt::format("DROP INDEX IF EXISTS {}", unique_index(after, column.name))));
    column.unique = false;
  }
  return create_indexes(t, after);
}

}  // namespace qushu::registers
