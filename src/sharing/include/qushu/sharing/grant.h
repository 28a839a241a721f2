// Grants (共享授权): what one department may do with another's dataset. A grant names the fields, each with a mask
// (mask.h), a row filter, the methods, addresses, period and purpose; policy.h turns it into SQL, in one place.
//
// A grant is active, suspended (stopped until somebody resumes it) or terminated (for good). It takes effect, and ends, with
// the next row that is read: what runs asks again whenever anything in the store changed. One whose period is over is shown as
// expired. A grant that renews or widens another ends that one as it begins, and what serves the old one (keys, deliveries)
// serves it from then on; until then the old one holds.
//
// Who may what: the people of the grantee's department read by it; the provider's stewards and sharing officers and those who
// may everything suspend, resume and terminate it; both, and the data authority, see it. Every step is audited in its
// transaction.
//
// Thread-safety: Grants may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/calendar/zone.h"
#include "qushu/catalog/catalog.h"
#include "qushu/engine/rewrite.h"
#include "qushu/notify/notify.h"
#include "qushu/sharing/mask.h"
#include "qushu/store/store.h"

namespace qushu::sharing {

// How a dataset is used: rows as pages (API and console), own SQL, files, tables pushed into a database of the grantee's.
enum class Use : std::uint8_t { api, sql, file, push };
inline constexpr std::size_t kUses = 4;
[[nodiscard]] std::string_view name(Use use);
[[nodiscard]] bool parse(std::string_view text, Use& out);

// Kept are the first three; expired is what the others but terminated become to those who look once the period is over.
enum class GrantState : std::uint8_t { active, suspended, terminated, expired };
[[nodiscard]] std::string_view name(GrantState state);
[[nodiscard]] bool parse(std::string_view text, GrantState& out);
[[nodiscard]] const Text& title(GrantState state);

struct GrantedField {
  std::string id;
  Mask mask = {};
};

// How much may be used (meter.h); 0: as much as anybody wants.
struct UseLimits {
  std::int64_t per_minute = 0, daily_calls = 0, daily_rows = 0;
  [[nodiscard]] bool any() const { return per_minute > 0 || daily_calls > 0 || daily_rows > 0; }
};

// How the grantee's files are marked (watermark.h): a column that names her, and marks that cannot be seen.
struct Marking {
  bool visible = true, hidden = true;
};

// What is granted, as the asker proposes it and the provider decides it.
struct Terms {
  std::vector<GrantedField> fields;    // those that are seen, in the dataset's order
  std::string row_filter;              // a boolean expression over the dataset's fields by identifier; empty: every row
  std::string row_sql;                 // the same, checked and written out for a statement
  std::vector<Use> methods;            // at least one
  std::vector<std::string> addresses;  // IPv4 or IPv6, a single one or a range as 10.1.0.0/16; empty: from anywhere
  std::string purpose;
  std::string named_purpose;        // one of the purposes that the security administrator keeps (rules.h); or empty
  std::optional<Time> from, until;  // until: not included
  UseLimits limits;
  Marking marking;
};

struct Grant {
  std::string id;
  std::int64_t number = 0;
  std::string dataset_id, dataset_code, dataset_title;
  std::string provider_id, provider_name;      // whose data
  std::string department_id, department_name;  // who may read
  std::string request_id;                      // what it was made from; empty: given directly
  Terms terms;
  GrantState state = GrantState::active;
  std::string reason;         // of the last suspension or termination
  std::string superseded_by;  // the grant that takes its place, or will when that one begins; or empty
  std::string created_by;
  Time created, changed;
};

// Checked against the dataset as it is now: fields exist, masks fit, the filter is one expression over its fields, addresses
// can be read, the period is not empty. A day alone is the whole of it in the zone: from its beginning, until its end.
// `subject` of an error names the member.
[[nodiscard]] Result<Terms> terms_of(engine::Engine& engine, const catalog::Dataset& dataset, const json::object& document,
                                     const calendar::Zone& zone);
// Refuses a period that is over.
[[nodiscard]] Result<void> check_period(const Terms& terms, Time now);
[[nodiscard]] json::object to_json(const Terms& terms);
[[nodiscard]] json::object to_json(const Grant& grant);
// As they are kept in the store, the checked filter with them.
[[nodiscard]] std::string to_store(const Terms& terms);
[[nodiscard]] Terms terms_from_store(std::string_view text);

// Whether an address lies in one of the ranges.
[[nodiscard]] bool within(const std::vector<std::string>& ranges, std::string_view address);

// A grant's masks, ready for use, by the field's identifier; none for what is shown as it is.
using Masks = std::map<std::string, std::shared_ptr<const engine::Rewriter>, std::less<>>;

[[nodiscard]] std::span<const store::Migration> grant_migrations();

class Grants {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const notify::Notify& notify;
    const Clock& clock;
    std::filesystem::path key_folder;  // keys/sharing.key: what the keys of hashes come from
  };
  [[nodiscard]] static Result<std::unique_ptr<Grants>> open(Deps deps);

  [[nodiscard]] Result<Grant> add(store::Transaction& t, const Actor& actor, Grant grant) const;
  // not_found also for what the caller may not know of.
  [[nodiscard]] Result<Grant> find(const Actor& actor, std::string_view id) const;
  struct Filter {
    std::string box;      // "mine": of the caller's departments; "given": over datasets that she answers for; "": both
    std::string dataset;  // code
    std::optional<GrantState> state;
    std::string before;  // keyset: older than this id
    std::size_t limit = 50;
  };
  [[nodiscard]] Result<std::vector<Grant>> list(const Actor& actor, const Filter& filter) const;
  // active ⇄ suspended → terminated, by the provider; terminated also by the grantee, who needs it no more.
  [[nodiscard]] Result<Grant> move(const Actor& actor, std::string_view id, GrantState to, std::string_view reason) const;

  // What the caller may use now, of one dataset (its id) or of all: active, within its period and from her address. The newest
  // first.
  [[nodiscard]] Result<std::vector<std::shared_ptr<const Grant>>> usable(const Actor& actor,
                                                                         std::string_view dataset_id = {}) const;
  // Has a grant take the place of another: at once, or when it begins (by tick). Both sides are told.
  [[nodiscard]] Result<void> supersede(store::Transaction& t, const Actor& actor, std::string_view id, const Grant& by) const;
  // What is told, in the transaction, that whatever serves the first grant is to serve the second. Set before anything runs.
  using HandOver = std::function<Result<void>(store::Transaction&, std::string_view from, std::string_view to)>;
  void on_hand_over(HandOver done) { hand_over_ = std::move(done); }
  // Ends the grants whose successors have begun; called every few seconds.
  [[nodiscard]] Result<void> tick() const;
  // Whether a grant may still be used; cheap while nothing in the store changes.
  [[nodiscard]] bool holds(const Grant& grant) const;
  [[nodiscard]] std::shared_ptr<const Masks> masks(const Grant& grant) const;
  // 32 bytes of the grant's own.
  [[nodiscard]] std::string cursor_key(const Grant& grant) const;
  [[nodiscard]] Time now() const { return deps_.clock.now(); }

 private:
  explicit Grants(Deps deps, std::string key) : deps_(std::move(deps)), key_(std::move(key)) {}
  using All = std::vector<std::shared_ptr<const Grant>>;
  // Every grant that is active, as of the last change of the store.
  [[nodiscard]] Result<std::shared_ptr<const All>> active() const;
  [[nodiscard]] Result<void> succeed(store::Transaction& t, const Actor& actor, std::string_view id, const Grant& by) const;

  Deps deps_;
  HandOver hand_over_;
  std::string key_;
  mutable std::mutex mutex_;
  mutable std::int64_t generation_ = -1;
  mutable std::shared_ptr<const All> active_;
  mutable std::map<std::string, std::shared_ptr<const Masks>, std::less<>> masks_;  // by grant
};

}  // namespace qushu::sharing
