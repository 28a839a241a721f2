// Inside the module: a definition as it is in use, and the columns that its table has.
#pragma once

#include "qushu/registers/registers.h"

#include "columns.h"

namespace qushu::registers {

// A field's columns as they are in the table, whether the definition still has the field or not.
struct Physical {
  std::string name;
  Kind kind = Kind::text;
  int decimals = 0;
  bool unique = false;
};

struct Loaded {
  Register entry;
  std::vector<Physical> columns;
  std::map<std::string, Formula, std::less<>> formulas;  // of computed fields
  std::vector<std::pair<Formula, Text>> checks;
};

// Makes the formulas and checks of the definition ready.
void compile(Loaded& loaded);
// Whether there is such a register for her; which of its records she sees is another question.
[[nodiscard]] bool knows_of(const Definition& d, const Actor& actor);
// Computed fields from the others.
[[nodiscard]] Result<void> compute(const Loaded& loaded, Record& record);
// What must be filled is, and the definition's checks hold.
[[nodiscard]] Result<void> check(const Loaded& loaded, const Record& record);
// Computes every record again.
[[nodiscard]] Result<void> recompute(store::Transaction& t, const Definition& d);

[[nodiscard]] std::string columns_text(const std::vector<Physical>& columns);
[[nodiscard]] std::vector<Physical> columns_of(std::string_view text);

// The steps from what is there to the definition that is wanted. Looks into the table for what the data allow.
[[nodiscard]] Result<std::vector<Step>> steps_of(store::Session& s, const Definition* before,
                                                 const std::vector<Physical>& columns, const Definition& after);
// Does them; `columns` becomes what the table has then.
[[nodiscard]] Result<void> alter(store::Transaction& t, const Definition* before, const Definition& after,
                                 std::vector<Physical>& columns);

// Every record that a query without pages finds and the actor may see, in its order, at most `limit`.
[[nodiscard]] Result<void> each_record(store::Session& s, const Definition& d, const Actor& actor,
                                       const calendar::Calendar& calendar, const Settings& settings, const Pairs& query,
                                       std::int64_t limit, const std::function<Result<void>(const Record&)>& one);

// On PostgreSQL a snapshot may hold a definition whose table has already been altered to the next one: columns are then not
// found; and a change of a definition meets every record that is written meanwhile, so that the store may give up before its
// turn comes. Nothing was done yet, and the same with a fresh snapshot is right.
template <class Attempt>
auto steadily(const store::Store& store, Attempt attempt) {
  constexpr int kMost = 8;
  auto again = [&](const Error& error) {
    return store.dialect() == store::Dialect::postgresql && (error.code == Code::internal || error.id == "store.busy");
  };
  auto result = attempt();
  for (int i = 1; i < kMost && !result && again(result.error()); ++i) result = attempt();
  return result;
}
template <class F>
auto read_steadily(store::Store& store, F f) {
  return steadily(store, [&] { return store.read(f); });
}
template <class F>
auto write_steadily(store::Store& store, F f) {
  return steadily(store, [&] { return store.write(f); });
}

// What happened to a record, and the files that it has, in order.
[[nodiscard]] Result<std::vector<Change>> changes_of(store::Session& s, std::string_view record_id);
[[nodiscard]] Result<std::vector<File>> files_of(store::Session& s, std::string_view record_id);

struct Owner;
// What the rules ask of a record; lives as long as it.
[[nodiscard]] Owner owner_of(const Record& record);
[[nodiscard]] Failure may_not(std::string zh, std::string en);
[[nodiscard]] std::string title_of(const Definition& d, const Record& record);
// Without the number, where that stands beside it; the number when there is no title.
[[nodiscard]] std::string plain_title(const Definition& d, const Record& record);

[[nodiscard]] Failure no_register();
[[nodiscard]] Failure no_record();

// The columns of a record that are its fields, in order of the definition, retired ones left out.
[[nodiscard]] std::string record_columns(const Definition& d);
[[nodiscard]] Record record_of(const Definition& d, const store::Row& row);
inline constexpr std::size_t kRecordColumns = 13;  // before those of the fields

}  // namespace qushu::registers
