// Inside the module: one page of rows as the JSON body that the API gives.
#pragma once

#include "qushu/query/index.h"
#include "qushu/query/rows.h"
#include "qushu/sharing/grant.h"

namespace qushu::query {

struct AnswerLimits {
  engine::Limits engine = {};
  std::uint64_t count_rows = 1'000'000;       // versions up to this size are counted in any case
  std::chrono::milliseconds count_time{100};  // larger ones as long as this, where nothing else tells
  std::size_t facet_values = 20;
};

struct Answer {
  std::string body;
  std::uint64_t rows = 0;  // of the page
};

// What a page is made of.
struct PageSource {
  std::string_view select;
  const std::vector<catalog::Field>& fields;
  std::optional<std::uint64_t> all_rows = 0;     // how many rows the caller sees without any filter; nullopt: not known
  std::int64_t last_id = 0;                      // no `_id` is above it; 0: not known
  const boost::json::object* profile = nullptr;  // of those rows, or nearly those (derive()), where there is one
  const KeyIndex* index = nullptr;               // gives the wide rows of a page that was found by narrow columns
  const sharing::Masks* masks = nullptr;         // of fields that `select` masks: the index holds what is under them
};
[[nodiscard]] Result<Answer> answer_rows(engine::Engine& engine, const PageSource& source, const RowsRequest& request,
                                         const AnswerLimits& limits);

// How many rows match, counted.
[[nodiscard]] Result<std::uint64_t> count_rows(engine::Engine& engine, std::string_view select,
                                               const std::vector<catalog::Field>& fields, const RowsRequest& request,
                                               const engine::Limits& limits);

// Whether `index` can answer `request`, and the key if so, in the index's order.
[[nodiscard]] std::optional<std::vector<engine::Value>> key_of(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                                               const RowsRequest& request);
// The same page from the key index; nothing when the index cannot give it (more rows than the page, to be sorted …).
[[nodiscard]] std::optional<Answer> answer_lookup(const KeyIndex& index, const std::vector<catalog::Field>& fields,
                                                  const RowsRequest& request, const sharing::Masks* masks = nullptr);

}  // namespace qushu::query
