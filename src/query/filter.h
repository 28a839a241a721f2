// Inside the module: pieces that the filter language, its SQL and its cursor share.
#pragma once

#include "qushu/query/rows.h"

namespace qushu::query {

// Adds `value` to `params` and gives the SQL that stands for it, typed like `field`.
[[nodiscard]] std::string value_sql(const catalog::Field& field, const engine::Value& value,
                                    std::vector<engine::Value>& params);
// The typed value of a sort key as a cursor holds it (also what a person cannot write: nan, inf).
[[nodiscard]] Result<engine::Value> parse_cursor_value(const catalog::Field& field, std::string_view text);

// What a cursor holds, before it is compared with the request.
struct Cursor {
  std::int64_t version = 0;
  std::string sort;    // "amount-,name": identifiers, '-' after descending ones
  std::string filter;  // a digest of the conditions
  Position position;
};
// `key` as it was when the cursor was made.
[[nodiscard]] Result<Cursor> decode_cursor(std::string_view text, std::string_view key = {});
[[nodiscard]] std::string sort_word(const std::vector<SortKey>& sort, const std::vector<catalog::Field>& fields);
[[nodiscard]] std::string filter_word(const RowsRequest& request, const std::vector<catalog::Field>& fields);

[[nodiscard]] Failure bad_parameter(std::string_view parameter, std::string zh, std::string en);

}  // namespace qushu::query
