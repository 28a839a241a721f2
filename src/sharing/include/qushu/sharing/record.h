// What a grantee writes down about data that it got (条例 art. 25, 27, 29): how it was used, what was put right after a
// suspension, and how it was disposed of when the grant ended. Records are kept for as long as the store; nobody changes or
// removes one.
//
// The grantee's people write them; both sides and the data authority read them. Who is told: the provider of what was put right
// and disposed of.
//
// Thread-safety: Records may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/notify/notify.h"
#include "qushu/sharing/grant.h"

namespace qushu::sharing {

enum class RecordKind : std::uint8_t { usage, rectification, disposal };
[[nodiscard]] std::string_view name(RecordKind kind);
[[nodiscard]] bool parse(std::string_view text, RecordKind& out);

struct GrantRecord {
  std::string id, grant_id;
  RecordKind kind = RecordKind::usage;
  std::string scenario, process, effect, storage, destruction;
  std::string person_name;
  Time at;
};

// Something to be done about a grant.
struct GrantTask {
  Grant grant;
  std::string kind;  // "rectify": suspended; "decide": put right, resume it or end it; "dispose": it ended
};

[[nodiscard]] std::span<const store::Migration> record_migrations();

class Records {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const Grants& grants;
    const notify::Notify& notify;
    const Settings& settings;
    const Clock& clock;
  };
  explicit Records(Deps deps) : deps_(deps) {}

  // usage: scenario, process, effect and storage; rectification (while it is suspended): process; disposal (once it has ended):
  // destruction. Invalid names the member that is missing.
  [[nodiscard]] Result<GrantRecord> add(const Actor& actor, GrantRecord record) const;
  // The newest first.
  [[nodiscard]] Result<std::vector<GrantRecord>> list(const Actor& actor, std::string_view grant_id) const;
  // What this person has to do about grants that she holds or has given.
  [[nodiscard]] Result<std::vector<GrantTask>> waiting(const Actor& actor) const;

 private:
  Deps deps_;
};

[[nodiscard]] boost::json::object to_json(const GrantRecord& record);

}  // namespace qushu::sharing
