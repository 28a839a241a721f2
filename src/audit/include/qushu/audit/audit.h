// The audit: an append-only, hash-chained, signed record of every decision, change, export and failed attempt.
//
// Each entry holds the hash of the one before it, so that a change, removal or reordering by hand is found; every
// `audit.checkpoint_entries` entries or `audit.checkpoint_interval` the head is signed (Ed25519, SM2 by setting), kept in the
// database and appended to `audit.anchor` beside it, so that cutting off the tail is found too. An entry is written in the same
// transaction as the change that it records: there is no change without its entry and no entry without its change.
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::audit {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();

enum class Outcome : std::uint8_t { success, failure, denied };
[[nodiscard]] std::string_view name(Outcome outcome);

// What happened. `action` is "module.verb" ("dataset.publish", "session.open", "role.grant"), the same word everywhere.
struct Event {
  std::string action;
  std::string object_kind;       // "dataset", "person", "job" …
  std::string object_id;         // an identifier or a code
  std::string object_name = {};  // as people know it, kept even when the object is gone
  Outcome outcome = Outcome::success;
  json::object detail = {};  // what changed: {"before": …, "after": …}; never a secret, never personal data of a dataset
};

struct Entry {
  std::int64_t number = 0;  // 1, 2, 3 … without gaps
  Time at;
  std::string actor_id, actor_name, department_id, via, from, request_id;
  Event event;
  std::string previous_hash, hash;  // hexadecimal SHA-256 (SM3 by setting)
};

struct Query {
  std::optional<Time> since, until;
  std::string actor;   // part of the name, or the id
  std::string action;  // exact, or a prefix ending in "."
  std::string object_kind, object_id;
  std::optional<Outcome> outcome;
  std::string text;         // anywhere in object name or detail
  std::int64_t before = 0;  // keyset: entries with a smaller number; 0: from the newest
  std::size_t limit = 50;
};

struct Verdict {
  bool intact = false;
  std::int64_t entries = 0;       // how many were checked
  std::int64_t checkpoints = 0;   // how many signatures were checked
  std::int64_t first_broken = 0;  // the number of the first broken entry, 0 when intact
  Text reason;                    // what is wrong with it
};

class Audit {
 public:
  // `folder` holds the signing key (keys/audit.pem) and the anchor file (audit.anchor).
  [[nodiscard]] static Result<std::unique_ptr<Audit>> open(store::Store& store, const Settings& settings,
                                                           const std::filesystem::path& folder, const Clock& clock);
  virtual ~Audit() = default;

  // Writes the entry as part of `t`. Call it last in the transaction: from here to the commit the chain is held.
  [[nodiscard]] virtual Result<void> record(store::Transaction& t, const Actor& actor, const Event& event) = 0;
  // In a transaction of its own: for failed attempts and exports, which change nothing else.
  [[nodiscard]] virtual Result<void> record(const Actor& actor, const Event& event) = 0;
  // Counts one reading access (who, what, how many rows) in memory; flushed to access_count every `audit.count_interval` and on
  // stop.
  virtual void count_access(const Actor& actor, std::string_view object_kind, std::string_view object_id,
                            std::string_view method, std::uint64_t rows) = 0;
  // Writes counters and, when one is due, a checkpoint. Called by the scheduler.
  [[nodiscard]] virtual Result<void> flush() = 0;

  [[nodiscard]] virtual Result<std::vector<Entry>> search(const Query& query) const = 0;
  [[nodiscard]] virtual Result<std::optional<Entry>> find(std::int64_t number) const = 0;
  // Walks the whole chain, every checkpoint and the anchor file. `progress` is told how many entries are done.
  [[nodiscard]] virtual Result<Verdict> verify(const std::function<void(std::int64_t)>& progress = {}) const = 0;
};

// What an action is called ("数据集发布"); the code itself when it is not known.
[[nodiscard]] Text action_name(std::string_view action);

// /api/v1/audit, /audit/{number}, /audit/verify, /audit/export.csv: for those who hold audit_read.
void add_routes(http::Router& router, Audit& audit);

}  // namespace qushu::audit
