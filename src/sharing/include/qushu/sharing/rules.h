// The table of what may go to whom by which method (分级共享策略): for each level of data (GB/T 43697) and each method of
// sharing whether fields of that level are shared as they are, only masked, or not at all; whether a grant of them needs the
// data authority's approval besides the provider's; and whether it needs one of the named purposes, of which there is a list.
// The security administrator keeps both; changes are audited and bite at once: a field that the table does not allow is hidden
// from what is read under grants that were given before.
//
// Personal information always needs a named purpose. Whether a field is personal is told by its name, as its grade is proposed.
//
// Thread-safety: Rules may be used from any thread.
#pragma once

#include <array>
#include <boost/json.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/catalog/catalog.h"
#include "qushu/sharing/grant.h"
#include "qushu/store/store.h"

namespace qushu::sharing {

enum class Ruling : std::uint8_t { allowed, masked, denied };
[[nodiscard]] std::string_view name(Ruling ruling);
[[nodiscard]] bool parse(std::string_view text, Ruling& out);

struct LevelRule {
  std::string level;                   // a word of catalog::levels()
  std::array<Ruling, kUses> by_use{};  // in the order of Use
  bool second = false;                 // needs the second approval
  bool purpose = false;                // needs a named purpose
  [[nodiscard]] Ruling of(Use use) const { return by_use.at(static_cast<std::size_t>(use)); }
};

struct Purpose {
  std::string code;
  Text name;
  bool active = true;
};

struct RuleTable {
  std::vector<LevelRule> levels;  // in the order of catalog::levels()
  std::vector<Purpose> purposes;
  // What is not in the table is denied.
  [[nodiscard]] const LevelRule& of(std::string_view level) const;
  // Whether a grant may show a field of this level so.
  [[nodiscard]] bool allows(std::string_view level, Use use, const Mask& mask) const;
};

// Whether the field is about a person, by its name.
[[nodiscard]] bool is_personal(const catalog::Field& field);
// Whether the terms may be given (asked: whether they may be asked for, since the provider may still mask); the error names
// the field.
[[nodiscard]] Result<void> check_rules(const RuleTable& table, const catalog::Dataset& dataset, const Terms& terms, bool asked);
[[nodiscard]] bool needs_second(const RuleTable& table, const catalog::Dataset& dataset, const Terms& terms);

[[nodiscard]] std::span<const store::Migration> rule_migrations();

class Rules {
 public:
  Rules(store::Store& store, audit::Audit& audit) : store_(store), audit_(audit) {}
  // As of the last change of the store.
  [[nodiscard]] Result<std::shared_ptr<const RuleTable>> table() const;
  // By the security administrator.
  [[nodiscard]] Result<void> change(const Actor& actor, const LevelRule& rule);
  // Adds a purpose or changes the one of this code; one that is not active is not offered any more.
  [[nodiscard]] Result<void> put_purpose(const Actor& actor, const Purpose& purpose);

 private:
  store::Store& store_;
  audit::Audit& audit_;
  mutable std::mutex mutex_;
  mutable std::int64_t generation_ = -1;
  mutable std::shared_ptr<const RuleTable> table_;
};

[[nodiscard]] boost::json::object to_json(const RuleTable& table);

}  // namespace qushu::sharing
