// Inside the module: what records need from their surroundings while they are written.
#pragma once

#include "qushu/registers/registers.h"

#include "values.h"

namespace qushu::registers {

// What records need to know from elsewhere, looked up before their transaction begins.
struct Prepared {
  std::map<std::pair<Kind, std::string>, Result<Named>> names;  // people, departments and datasets, as they were given
  std::string department_name;                                  // of the actor
  Time at;
  std::map<std::string, Time, std::less<>> due;  // by state: when its clock ends that starts at `at`
};

[[nodiscard]] Result<Named> look_up(const Registers::Deps& deps, const Actor& actor, Kind kind, std::string_view text);
// Names come from what was prepared; `record` finds those of registers. Lives as long as its arguments.
[[nodiscard]] Reading reading_for(const Registers::Deps& deps, const Prepared& prepared,
                                  std::function<Result<Named>(std::string_view code, std::string_view text)> record);
// What a new record of the actor's begins with in this field, as text; "": nothing.
[[nodiscard]] std::string initial_text(const Field& field, const Actor& actor, const calendar::Calendar& calendar);
// A broken unique key in words.
[[nodiscard]] Result<void> unique_or(Result<std::int64_t> done, const Definition& d);
[[nodiscard]] Result<void> required_by(const Definition& d, const Transition& t, const Record& record);

}  // namespace qushu::registers
