#include "fixed_row.h"

namespace qushu::ingest {
namespace {

class OneRow final : public engine::Scanner {
 public:
  explicit OneRow(std::vector<const std::string*> values) : values_(std::move(values)) {}
  Result<std::size_t> fill(engine::ChunkWriter& into) override {
    if (done_) return 0;
    done_ = true;
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i]->empty())
        into.set_null(i, 0);
      else
        into.set_text(i, 0, *values_[i]);
    }
    return 1;
  }

 private:
  std::vector<const std::string*> values_;
  bool done_ = false;
};

}  // namespace

std::unique_ptr<FixedRow> FixedRow::of(const std::vector<Mapped>& fields) {
  std::unique_ptr<FixedRow> made;
  for (const auto& m : fields) {
    if (!m.fixed || m.skip) continue;
    if (!made) made = std::make_unique<FixedRow>();
    made->columns_.push_back({.name = column(made->values_.size()), .type = engine::Type::text});
    made->values_.push_back(*m.fixed);
  }
  return made;
}

Result<std::unique_ptr<engine::Scanner>> FixedRow::open(const std::vector<std::size_t>& wanted) {
  std::vector<const std::string*> values;
  for (auto i : wanted) values.push_back(&values_[i]);
  return std::make_unique<OneRow>(std::move(values));
}

}  // namespace qushu::ingest
