// Rows of JSON on their way into a batch: each value checked and typed by its field, kept as separated text that the engine
// reads back without a doubt.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "qushu/ingest/push.h"

namespace qushu::ingest {

// What is wrong with a row.
struct RowFault {
  std::string field, value;
  Text reason;
};

class PushedRows {
 public:
  // `remove`: rows hold the key alone. `keyed`: the key must be there.
  PushedRows(const std::vector<catalog::Field>& fields, bool keyed, bool remove, std::size_t row_limit);

  // Adds a row to the batch, or says why not and leaves the batch as it was.
  [[nodiscard]] std::optional<RowFault> add(const json::value& row);

  [[nodiscard]] std::uint64_t rows() const { return rows_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  void clear();

 private:
  [[nodiscard]] std::optional<RowFault> fill(const json::object& row);

  const std::vector<catalog::Field>& fields_;
  const bool keyed_, remove_;
  const std::size_t row_limit_;
  std::unordered_map<std::string_view, std::size_t> by_name_;
  std::vector<const json::value*> cells_;
  std::string text_;
  std::uint64_t rows_ = 0;
};

// One value in the canonical text of its field's type, as the engine reads it; or what was expected.
[[nodiscard]] std::optional<Text> append_typed(const catalog::Field& field, const json::value& value, std::string& out);

}  // namespace qushu::ingest
