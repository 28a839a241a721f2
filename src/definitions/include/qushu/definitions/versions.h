// The versions of definitions. A module keeps its definitions in force in a table T of its own, and every version that there
// was in T_version (code, version, yaml, at, person_id, person_name, note). `table` is T: a constant of the module's, never
// input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/store/store.h"

namespace qushu::definitions {

struct Version {
  std::int64_t version = 0;
  Time at;
  std::string person_name, note;
};

// Keeps a new version, as the actor's, with its YAML. Nothing is said in T.
[[nodiscard]] Result<void> keep_version(store::Transaction& t, std::string_view table, const Actor& actor,
                                        std::string_view code, std::int64_t version, std::string_view yaml, Time at,
                                        std::string_view note);
// The newest first.
[[nodiscard]] Result<std::vector<Version>> versions_of(store::Session& s, std::string_view table, std::string_view code);
// A version's YAML as it was given, or not_found "T.version".
[[nodiscard]] Result<std::string> yaml_of(store::Session& s, std::string_view table, std::string_view code,
                                          std::int64_t version);

}  // namespace qushu::definitions
