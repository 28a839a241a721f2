// The values that a mapping gives to every row, as a table of one row of texts: bound to a query, never part of its words.
#pragma once

#include "pipeline_store.h"

namespace qushu::ingest {

class FixedRow final : public engine::TableSource {
 public:
  static constexpr std::string_view kName = "fixed_values";
  [[nodiscard]] static std::string column(std::size_t number) { return "v" + std::to_string(number); }
  // nullptr when no field has a fixed value.
  [[nodiscard]] static std::unique_ptr<FixedRow> of(const std::vector<Mapped>& fields);

  [[nodiscard]] const std::vector<engine::Column>& columns() const override { return columns_; }
  [[nodiscard]] Result<std::unique_ptr<engine::Scanner>> open(const std::vector<std::size_t>& wanted) override;

 private:
  std::vector<engine::Column> columns_;
  std::vector<std::string> values_;
};

}  // namespace qushu::ingest
