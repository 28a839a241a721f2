#include "columns.h"

#include <algorithm>
#include <array>

#include "qushu/base/time.h"
#include "qushu/calendar/zone.h"

#include "number.h"

namespace qushu::registers {
namespace {

using Type = SystemColumn::Type;

const std::array kSystem{SystemColumn{"id", "id", Type::text, {"标识", "Identifier"}},
                         SystemColumn{"number", "number", Type::text, {"编号", "Number"}},
                         SystemColumn{"state", "state", Type::text, {"状态", "State"}},
                         SystemColumn{"department", "department_id", Type::text, {"部门", "Department"}},
                         SystemColumn{"creator", "created_by", Type::text, {"登记人", "Entered by"}},
                         SystemColumn{"created", "created", Type::time, {"登记时间", "Entered"}},
                         SystemColumn{"changed", "changed", Type::time, {"修改时间", "Changed"}},
                         SystemColumn{"since", "since", Type::time, {"进入状态时间", "In state since"}},
                         SystemColumn{"due", "due", Type::time, {"办理期限", "Due"}},
                         SystemColumn{"revision", "revision", Type::whole, {"修订号", "Revision"}}};

constexpr std::array<std::string_view, 14> kOperators{"exact", "not",    "contains", "startswith", "endswith",
                                                      "gt",    "gte",    "lt",       "lte",        "in",
                                                      "notin", "isnull", "notnull",  "between"};

std::string quoted(std::string_view prefix, std::string_view name, std::string_view suffix = "") {
  std::string out = "\"";
  out += prefix;
  out += name;
  out += suffix;
  out += '"';
  return out;
}

}  // namespace

std::string table_of(std::string_view code) {
  return quoted("reg_", code);
}

std::string index_of(std::string_view code, std::string_view of) {
  // PostgreSQL keeps 63 bytes of a name; what is cut off lives on in a hash (FNV-1a) of both.
  std::uint32_t hash = 2'166'136'261U;
  for (auto part : {code, std::string_view("."), of})
    for (char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619U;
  auto whole = "reg_" + std::string(code.substr(0, 30)) + "_" + std::string(of.substr(0, 12)) + "_" + std::to_string(hash);
  return quoted("", whole);
}

std::vector<StoredColumn> stored_columns(const Field& field) {
  auto at = [&](std::string_view suffix) { return quoted("f_", field.name, suffix); };
  switch (field.kind) {
    case Kind::text:
    case Kind::long_text:
    case Kind::date:
    case Kind::choice:
      return {{at(""), Storage::text}};
    case Kind::number:
    case Kind::money:
    case Kind::datetime:
    case Kind::computed:
    case Kind::attachment:
      return {{at(""), Storage::whole}};
    case Kind::person:
    case Kind::department:
    case Kind::reference:
    case Kind::dataset:
      return {{at(""), Storage::text}, {at("__name"), Storage::text}};
    case Kind::location:
      return {{at(""), Storage::text}, {at("__lon"), Storage::real}, {at("__lat"), Storage::real}};
  }
  return {};
}

std::string_view sql_name(Storage storage) {
  return storage == Storage::text ? "TEXT" : storage == Storage::whole ? "BIGINT" : "DOUBLE PRECISION";
}

std::span<const SystemColumn> system_columns() {
  return kSystem;
}
const SystemColumn* system_column(std::string_view name) {
  auto found = std::ranges::find(kSystem, name, &SystemColumn::name);
  return found == kSystem.end() ? nullptr : &*found;
}
bool is_system_column(std::string_view name) {
  return system_column(name) != nullptr;
}

const Field* find_column(const Definition& definition, std::string_view name) {
  const auto* field = definition.field(name);
  return field != nullptr && !field->retired ? field : nullptr;
}

bool is_operator(std::string_view op) {
  return std::ranges::find(kOperators, op) != kOperators.end();
}

int decimals_of(const Field& field) {
  return field.kind == Kind::money ? 2 : field.kind == Kind::number || field.kind == Kind::computed ? field.decimals : 0;
}

std::expected<Formula, FormulaError> parse_formula(const Definition& definition, std::string_view text) {
  return Formula::parse(text, [&](std::string_view name) -> std::optional<FormulaType> {
    const auto* field = definition.field(name);
    if (field == nullptr || field->retired) return std::nullopt;
    switch (field->kind) {
      case Kind::number:
      case Kind::money:
      case Kind::date:
      case Kind::datetime:
      case Kind::attachment:
        return FormulaType::number;
      case Kind::computed:
      case Kind::location:
        return std::nullopt;
      default:
        return FormulaType::text;
    }
  });
}

std::optional<Text> check_initial(const Field& field) {
  const auto& text = field.initial;
  if (text.empty()) return std::nullopt;
  switch (field.kind) {
    case Kind::text:
    case Kind::long_text:
      return std::nullopt;
    case Kind::number:
    case Kind::money:
      if (parse_decimal(text, decimals_of(field))) return std::nullopt;
      return Text{"应为一个数。", "A number is expected."};
    case Kind::date:
      if (text == "today" || calendar::parse_day(text)) return std::nullopt;
      return Text{"应为 today 或日期，如 2026-11-23。", "today or a date is expected, such as 2026-11-23."};
    case Kind::choice:
      if (std::ranges::any_of(field.choices, [&](const Choice& c) { return c.code == text && !c.retired; }))
        return std::nullopt;
      return Text{"应为一个选项的代码。", "A choice's code is expected."};
    case Kind::person:
      if (text == "me") return std::nullopt;
      return Text{"应为 me。", "This is me."};
    case Kind::department:
      if (text == "my_department") return std::nullopt;
      return Text{"应为 my_department。", "This is my_department."};
    default:
      return Text{"这种字段不能预先填写。", "A field of this kind cannot begin with a value."};
  }
}

}  // namespace qushu::registers
