// The values of a chain's parameters, from their canonical texts.
#include <cstdlib>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "chain.h"

namespace qushu::engine {
namespace {

Result<void> bind_date(duckdb_prepared_statement to, idx_t index, const ChainParameter& parameter) {
  auto when = parse_iso(*parameter.value);
  if (!when)
    return fail(Error{.code = Code::invalid,
                      .id = "steps.parameter",
                      .text = {fmt::format("参数 {} 的值“{}”不是日期或时间，应写成 2026-11-23 或 2026-11-23T14:05:09。",
                                           parameter.name, *parameter.value),
                               fmt::format("The value “{}” of {} is no date or time; write 2026-11-23 or 2026-11-23T14:05:09.",
                                           *parameter.value, parameter.name)},
                      .subject = "parameters." + parameter.name});
  auto micros = to_micros(*when);
  if (parameter.type == Type::datetime) {
    duckdb_bind_timestamp(to, index, {micros});
    return {};
  }
  constexpr std::int64_t kDay = 86'400'000'000;
  auto days = micros >= 0 ? micros / kDay : -((kDay - 1 - micros) / kDay);
  duckdb_bind_date(to, index, {static_cast<std::int32_t>(days)});
  return {};
}

Failure not_of_type(const ChainParameter& parameter, std::string_view zh, std::string_view en) {
  return fail(Error{.code = Code::invalid,
                    .id = "steps.parameter",
                    .text = {fmt::format("参数 {} 的值“{}”不是{}。", parameter.name, *parameter.value, zh),
                             fmt::format("The value “{}” of {} is no {}.", *parameter.value, parameter.name, en)},
                    .subject = "parameters." + parameter.name});
}

}  // namespace

Result<void> bind_parameter(duckdb_prepared_statement to, idx_t index, const ChainParameter& parameter) {
  if (!parameter.value) {
    duckdb_bind_null(to, index);
    return {};
  }
  const auto& text = *parameter.value;
  switch (parameter.type) {
    case Type::integer: {
      auto value = to_int(text);
      if (!value) return not_of_type(parameter, "整数", "whole number");
      duckdb_bind_int64(to, index, *value);
      return {};
    }
    case Type::number:
    case Type::decimal: {
      char* end = nullptr;
      auto value = std::strtod(text.c_str(), &end);
      if (text.empty() || end != text.c_str() + text.size()) return not_of_type(parameter, "数", "number");
      duckdb_bind_double(to, index, value);
      return {};
    }
    case Type::boolean:
      if (text != "true" && text != "false") return not_of_type(parameter, "布尔值（true 或 false）", "true or false");
      duckdb_bind_boolean(to, index, text == "true");
      return {};
    case Type::date:
    case Type::datetime:
      return bind_date(to, index, parameter);
    case Type::text:
    case Type::time:
      break;
  }
  duckdb_bind_varchar_length(to, index, text.data(), text.size());
  return {};
}

}  // namespace qushu::engine
