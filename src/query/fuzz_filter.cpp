// The filter language and the cursor: whatever comes, no crash, and what was typed never reaches the SQL text.
#include <cstdlib>

#include "qushu/base/text.h"

#include "filter.h"

namespace {

std::vector<qushu::catalog::Field> make_fields() {
  using qushu::engine::Type;
  std::vector<qushu::catalog::Field> fields;
  for (auto type :
       {Type::text, Type::integer, Type::decimal, Type::number, Type::boolean, Type::date, Type::time, Type::datetime}) {
    qushu::catalog::Field field;
    field.id = std::string(qushu::engine::name(type));
    field.name = "字段" + field.id;
    field.type = type;
    field.width = 12;
    field.scale = 2;
    field.key = type == Type::integer || type == Type::date;
    fields.push_back(field);
  }
  return fields;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kFields = make_fields();
  std::string_view input(reinterpret_cast<const char*>(data), size);
  qushu::query::Pairs pairs;
  for (auto line : qushu::split(input, '\n')) {
    auto mark = line.find('=');
    pairs.emplace_back(line.substr(0, mark), mark == std::string_view::npos ? "" : line.substr(mark + 1));
  }
  auto version = qushu::query::wanted_version(pairs);
  auto request = qushu::query::parse_rows(pairs, kFields, version.value_or(0) == 0 ? 1 : *version, {});
  if (!request) {
    if (request.error().text.zh.empty() || request.error().text.en.empty()) std::abort();
    return 0;
  }
  if (request->columns.empty()) std::abort();
  // The text of the SQL does not depend on the text that was typed.
  auto other = *request;
  for (auto& condition : other.conditions)
    if (kFields[condition.field].type == qushu::engine::Type::text)
      for (auto& value : condition.values) value = "x";
  if (qushu::query::page_sql("SELECT 1", kFields, *request).text != qushu::query::page_sql("SELECT 1", kFields, other).text)
    std::abort();
  (void)qushu::query::count_sql("SELECT 1", kFields, *request);
  (void)qushu::query::all_sql("SELECT 1", kFields, *request, std::vector<std::string>(request->columns.size(), "x"), true);
  auto cursor = qushu::query::encode_cursor(*request, kFields, {.keys = {}, .id = 1, .total = 3, .total_exact = true});
  if (!qushu::query::wanted_version({{"_next", cursor}})) std::abort();
  return 0;
}
