#include <stdexcept>

#include "qushu/store/store.h"

namespace qushu::store {
namespace {

// A wrong kind is a mistake in our own SQL; it ends the request.
[[noreturn]] void wrong_kind(std::size_t column) {
  throw std::logic_error("store: column " + std::to_string(column) + " holds another kind of value than was asked for");
}

}  // namespace

std::int64_t Row::integer(std::size_t column) const {
  return opt_integer(column).value_or(0);
}

double Row::number(std::size_t column) const {
  const auto& value = values_.at(column);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (is_null(column)) return 0;
  wrong_kind(column);
}

const std::string& Row::text(std::size_t column) const {
  static const std::string kEmpty;
  if (is_null(column)) return kEmpty;
  const auto* text = std::get_if<std::string>(&values_.at(column));
  if (text == nullptr) wrong_kind(column);
  return *text;
}

std::optional<std::int64_t> Row::opt_integer(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  const auto* integer = std::get_if<std::int64_t>(&values_.at(column));
  if (integer == nullptr) wrong_kind(column);
  return *integer;
}

std::optional<std::string> Row::opt_text(std::size_t column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<Time> Row::opt_time(std::size_t column) const {
  auto us = opt_integer(column);
  return us ? std::optional(from_micros(*us)) : std::nullopt;
}

Result<std::optional<Row>> Session::one(std::string_view sql, const Params& params) {
  QS_TRY(auto rows, query(sql, params));
  if (rows.empty()) return std::optional<Row>();
  return std::optional(std::move(rows.front()));
}

}  // namespace qushu::store
