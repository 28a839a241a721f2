// Reading the rows of a dataset: the filter language, keyset pages, counts and facets.
//
// A request is a list of `name=value` pairs. `name` is a field, by identifier or by the name that the department gave it,
// optionally followed by `__op`:
//
//   exact (also without an op), not       the value; empty fields are `not` any value
//   contains startswith endswith          of text, dates, integers and decimals; case matters
//   gt gte lt lte, between=a,b            in the field's own order, both ends included
//   in=a,b,c  notin=a,b,c                 or a JSON array: in=["a","b,c"]
//   isnull  notnull                       empty or not; the value may be left out
//
// All conditions must hold. Names that begin with `_` steer: `_sort` and `_sort_desc` (repeatable, in order; empty fields come
// last either way), `_size`, `_next`, `_col`, `_facet` (repeatable), `_search` (every word somewhere in the text fields,
// whatever the case), `_version`, `_count` (auto, exact, none). `key=…` means the declared key, where no field has that name.
//
// Values are typed by their field and always travel as parameters. A page ends with a cursor that holds the sort values and the
// `_id` of its last row, the version and the sort, so that pages never overlap, never miss a row, and stay within the version
// in which the reading began, whatever is published meanwhile.
//
// Thread-safety: plain functions and values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/engine.h"

namespace qushu::query {

using Pairs = std::vector<std::pair<std::string, std::string>>;

enum class Op : std::uint8_t {
  exact,
  not_,
  contains,
  startswith,
  endswith,
  gt,
  gte,
  lt,
  lte,
  in,
  notin,
  isnull,
  notnull,
  between
};
[[nodiscard]] std::string_view name(Op op);
[[nodiscard]] bool parse(std::string_view text, Op& out);

struct Condition {
  std::size_t field = 0;  // index into the fields that the caller sees
  Op op = Op::exact;
  std::vector<engine::Value> values;  // typed; decimals, dates and times as canonical text
};

struct SortKey {
  std::size_t field = 0;
  bool descending = false;
};

enum class Count : std::uint8_t { automatic, exact, none };

// The last row of the page before.
struct Position {
  std::vector<std::optional<std::string>> keys;  // its sort values as canonical text, in the order of the sort
  std::int64_t id = 0;                           // its `_id`
  std::optional<std::uint64_t> total;            // what was counted then, when the conditions are still the same
  bool total_exact = false;
};

struct RowsRequest {
  std::int64_t version = 0;  // of the dataset; never 0 after parsing
  std::vector<Condition> conditions;
  std::vector<SortKey> sort;  // `_id` always follows
  std::size_t size = 100;
  std::optional<Position> after;
  std::vector<std::size_t> facets;
  std::vector<std::size_t> columns;  // in the order of the answer; never empty after parsing
  std::vector<std::string> search;   // words
  Count count = Count::automatic;
  bool by_key = false;     // the conditions are exactly one value for each field of the declared key, and nothing else narrows
  std::string cursor_key;  // of RowsLimits
};

struct RowsLimits {
  std::size_t page = 100;       // rows of a page when `_size` is absent
  std::size_t largest = 1000;   // rows of a page at most
  std::size_t conditions = 64;  // conditions, facets and sort keys at most, each
  std::size_t list = 1000;      // values of one `in`
  std::size_t text = 4000;      // bytes of one value
  // Seals cursors where a row's number would tell of rows that are not shown; empty: they are plain.
  std::string cursor_key = {};
};

// The version that the request is about: `_version`, or that of the `_next` cursor; 0 is the current one. Needed first, since
// the fields are the version's.
[[nodiscard]] Result<std::int64_t> wanted_version(const Pairs& query);

// `fields` are those that the caller sees in `version`. Errors name the parameter (subject) and say what was expected.
// `also` names further parameters that are not for this function (exports).
[[nodiscard]] Result<RowsRequest> parse_rows(const Pairs& query, const std::vector<catalog::Field>& fields,
                                             std::int64_t version, const RowsLimits& limits,
                                             const std::vector<std::string_view>& also = {});

struct Sql {
  std::string text;
  std::vector<engine::Value> params;
};

// All of them read `select`, the rows that the caller may see (sharing::Shown::select).
// One row more than the page holds, to tell whether there are more. Columns: `_id`, `columns`, then the sort fields that are
// not among those.
[[nodiscard]] Sql page_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request);
// `_id` and the sort fields alone of the same rows.
[[nodiscard]] Sql narrow_page_sql(std::string_view select, const std::vector<catalog::Field>& fields,
                                  const RowsRequest& request);
// Every matching row, `columns` named by `names`: in the asked order, and without one by `_id` if `by_id`, else as they lie in
// the files.
[[nodiscard]] Sql all_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request,
                          const std::vector<std::string>& names, bool by_id);
[[nodiscard]] Sql count_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request);
[[nodiscard]] Sql facet_sql(std::string_view select, const std::vector<catalog::Field>& fields, const RowsRequest& request,
                            std::size_t field, std::size_t limit);

// The fields of the page's rows beyond the asked ones, in the order in which page_sql() adds them.
[[nodiscard]] std::vector<std::size_t> hidden_sort_fields(const RowsRequest& request);

// The cursor that continues after `last`.
[[nodiscard]] std::string encode_cursor(const RowsRequest& request, const std::vector<catalog::Field>& fields,
                                        const Position& last);

// One value, typed by its field; the error names `parameter`.
[[nodiscard]] Result<engine::Value> parse_value(const catalog::Field& field, std::string_view text, std::string_view parameter,
                                                const RowsLimits& limits = {});

}  // namespace qushu::query
