#include "correction_rows.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace qushu::quality {
namespace {

constexpr std::array<std::string_view, 5> kStates{"pending", "working", "corrected", "refused", "closed"};
constexpr std::string_view kColumns =
    "id, number, dataset_id, dataset_code, dataset_title, provider_id, provider_name, version, row_key, field, field_name, "
    "wrong, proposed, "
    "material, state, person_id, person_name, department_id, reported, started, answered, closed, outcome, answer, "
    "answered_by, "
    "days_allowed, days_taken, late, changed, origin, contact";

}  // namespace

std::string_view correction_columns() {
  return kColumns;
}

Correction correction_of(const store::Row& row) {
  Correction c;
  std::size_t i = 0;
  c.id = row.text(i++);
  c.number = row.integer(i++);
  for (auto* text : {&c.dataset_id, &c.dataset_code, &c.dataset_title, &c.provider_id, &c.provider_name}) *text = row.text(i++);
  c.version = row.integer(i++);
  for (auto* text : {&c.row_key, &c.field, &c.field_name, &c.wrong, &c.proposed, &c.material}) *text = row.text(i++);
  (void)parse(row.text(i++), c.state);
  for (auto* text : {&c.person_id, &c.person_name, &c.department_id}) *text = row.text(i++);
  c.reported = row.time(i++);
  c.started = row.time(i++);
  c.answered = row.opt_time(i++);
  c.closed = row.opt_time(i++);
  for (auto* text : {&c.outcome, &c.answer, &c.answered_by}) *text = row.text(i++);
  c.days_allowed = static_cast<int>(row.integer(i++));
  if (auto taken = row.opt_integer(i++)) c.days_taken = static_cast<int>(*taken);
  c.late = row.boolean(i++);
  c.changed = row.time(i++);
  c.origin = row.text(i++);
  c.contact = row.text(i++);
  return c;
}

Result<void> insert_correction(store::Transaction& t, const Correction& c) {
  QS_CHECK(t.exec(fmt::format("INSERT INTO correction ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
                              "NULL, NULL, '', '', '', ?, NULL, 0, ?, ?, ?)",
                              kColumns),
                  {c.id,          c.number,    c.dataset_id,  c.dataset_code,  c.dataset_title, c.provider_id, c.provider_name,
                   c.version,     c.row_key,   c.field,       c.field_name,    c.wrong,         c.proposed,    c.material,
                   name(c.state), c.person_id, c.person_name, c.department_id, c.reported,      c.started,     c.days_allowed,
                   c.changed,     c.origin,    c.contact}));
  return {};
}

Result<void> update_correction(store::Transaction& t, const Correction& c) {
  QS_CHECK(
      t.exec("UPDATE correction SET state = ?, started = ?, answered = ?, closed = ?, outcome = ?, answer = ?, answered_by "
             "= ?, days_allowed = ?, days_taken = ?, late = ?, changed = ? WHERE id = ?",
             {name(c.state), c.started, c.answered, c.closed, c.outcome, c.answer, c.answered_by, c.days_allowed, c.days_taken,
              c.late, c.changed, c.id}));
  return {};
}

std::string_view name(CorrectionState state) {
  return kStates.at(static_cast<std::size_t>(state));
}
bool parse(std::string_view text, CorrectionState& out) {
  auto found = std::ranges::find(kStates, text);
  if (found == kStates.end()) return false;
  out = static_cast<CorrectionState>(found - kStates.begin());
  return true;
}

}  // namespace qushu::quality
