#include "row_writer.h"

#include "qushu/base/powers.h"

namespace qushu::tabular {
namespace {

constexpr int kWordDigits = 18;  // of a decimal that is kept in 64 bits

}  // namespace

RowWriter::RowWriter(const std::vector<ColumnPlan>& plan, const std::vector<std::size_t>& wanted, bool weigh)
    : converter_(plan), lanes_(plan.size()), tallies_(weigh ? plan.size() : 0) {
  std::vector<Lane*> kept;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].skip) continue;
    lanes_[i].plan = &plan[i];
    kept.push_back(&lanes_[i]);
  }
  for (std::size_t slot = 0; slot < wanted.size(); ++slot) {
    if (wanted[slot] == 0) {
      line_slot_ = slot;
    } else {
      kept[wanted[slot] - 1]->wanted = true;
      kept[wanted[slot] - 1]->slot = slot;
    }
  }
}

void RowWriter::aim_lane(engine::ChunkWriter& into, Lane& lane) {
  using engine::Type;
  switch (lane.plan->type) {
    case Type::integer:
    case Type::datetime:
    case Type::time:
      lane.integers = into.integers(lane.slot);
      break;
    case Type::number:
      lane.numbers = into.numbers(lane.slot);
      break;
    case Type::boolean:
      lane.booleans = into.booleans(lane.slot);
      break;
    case Type::date:
      lane.dates = into.dates(lane.slot);
      break;
    case Type::decimal:
      // Only where 64 bits hold it; the others go through the writer.
      lane.integers = lane.plan->width > 9 && lane.plan->width <= kWordDigits ? into.integers(lane.slot) : nullptr;
      break;
    case Type::text:
      break;
  }
}

void RowWriter::aim(engine::ChunkWriter& into) {
  into_ = &into;
  for (auto& lane : lanes_)
    if (lane.wanted) aim_lane(into, lane);
  lines_ = line_slot_ == SIZE_MAX ? nullptr : into.integers(line_slot_);
}

bool RowWriter::put(const Record& record, std::size_t row) {
  converter_.begin(record.line);
  nulls_.clear();
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    auto& lane = lanes_[i];
    if (!tallies_.empty()) {
      tallies_[i].add(record, i, buffer_, found_);
      if (lane.plan == nullptr || place(lane, found_, row, record.lasts)) continue;
    } else if (lane.plan == nullptr) {
      continue;
    }
    auto raw = lane.plan->fixed          ? std::string_view(*lane.plan->fixed)
               : i < record.cells.size() ? record.cells[i]
                                         : std::string_view();
    if (converter_.cell(i, raw, typed_)) place(lane, typed_, row, record.lasts);
  }
  if (!converter_.misfits().empty()) return false;
  for (auto slot : nulls_) into_->set_null(slot, row);
  if (lines_ != nullptr) lines_[row] = static_cast<std::int64_t>(record.line);
  return true;
}

// What weighing has found out; false: the converter decides.
bool RowWriter::place(Lane& lane, const Weighed& found, std::size_t row, bool lasts) {
  using engine::Type;
  switch (lane.plan->type) {
    case Type::text:
      if (!lane.wanted) return true;
      if (found.plain.empty())
        nulls_.push_back(lane.slot);
      else
        place_text(lane, found.plain, row, lasts);
      return true;
    case Type::integer:
    case Type::decimal:
    case Type::number:
      return found.kind == Weighed::Kind::number && place_number(lane, found.number, row);
    case Type::date:
      if (found.kind != Weighed::Kind::date) return false;
      if (lane.wanted) lane.dates[row] = found.days;
      return true;
    case Type::datetime:
      if (found.kind != Weighed::Kind::datetime) return false;
      if (lane.wanted) lane.integers[row] = found.micros;
      return true;
    default:
      return false;
  }
}

bool RowWriter::place_number(Lane& lane, const Number& number, std::size_t row) {
  using engine::Type;
  static constexpr auto kWhole = powers_of_ten<std::int64_t, kWordDigits + 1>();
  static constexpr auto kExact = powers_of_ten<double, 16>();
  const auto& plan = *lane.plan;
  if (number.percent || number.digits + number.scale > kWordDigits) return false;
  auto unscaled = static_cast<std::int64_t>(number.unscaled);
  if (plan.type == Type::integer) {
    if (number.scale != 0) return false;
    if (lane.wanted) lane.integers[row] = unscaled;
    return true;
  }
  if (plan.type == Type::number) {
    // Both are exact, so that their quotient is the nearest double.
    if (number.digits + number.scale > 15) return false;
    if (lane.wanted) lane.numbers[row] = static_cast<double>(unscaled) / kExact.at(static_cast<std::size_t>(number.scale));
    return true;
  }
  if (lane.integers == nullptr || plan.unit == "%" || number.scale > plan.scale || number.digits + plan.scale > plan.width)
    return false;
  if (lane.wanted) lane.integers[row] = unscaled * kWhole.at(static_cast<std::size_t>(plan.scale - number.scale));
  return true;
}

void RowWriter::place(Lane& lane, const TypedCell& value, std::size_t row, bool lasts) {
  using engine::Type;
  if (!lane.wanted) return;
  if (value.state == TypedCell::State::null) {
    nulls_.push_back(lane.slot);
    return;
  }
  switch (lane.plan->type) {
    case Type::integer:
    case Type::datetime:
    case Type::time:
      lane.integers[row] = value.integer;
      break;
    case Type::number:
      lane.numbers[row] = value.number;
      break;
    case Type::boolean:
      lane.booleans[row] = value.integer != 0;
      break;
    case Type::date:
      lane.dates[row] = static_cast<std::int32_t>(value.integer);
      break;
    case Type::decimal:
      into_->set_decimal(lane.slot, row, value.decimal);
      break;
    case Type::text:
      place_text(lane, value.text, row, lasts);
      break;
  }
}

void RowWriter::place_text(const Lane& lane, std::string_view text, std::size_t row, bool lasts) {
  if (lasts)
    into_->lend_text(lane.slot, row, text);
  else
    into_->set_text(lane.slot, row, text);
}

}  // namespace qushu::tabular
