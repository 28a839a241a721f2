// Release to the public: which fields of which dataset anybody may read, under which licence, and who decided so.
//
//   propose (a steward of the dataset) ──► proposed ──approve (another person, of the data authority)──► approved ──► public
//                                              │ refuse (with reasons)                                      │ withdraw
//                                              ▼                                                            ▼
//                                           refused                                                     withdrawn
//
// A dataset may be proposed when its data are published, the published entry (catalog/entry.h) says that it is open to all, and
// every chosen field may be open: its item does not say otherwise and its grade is at most opendata.level. The privacy check
// looks at the rows: a field that names people blocks, and so do rows that are alike in too few others (k-anonymity over the
// fields that narrow people down). Who proposes may say why a field, or the whole dataset, is not about people (an excuse);
// who approves sees that, and answers for it.
//
// What the public reads is one version, which passed the check. A new version is checked by a job before the public sees it;
// one that does not pass leaves the public with the one before, and the release says what holds it. A new approved release of
// the same dataset takes the place of the one before. Every step is audited in its transaction.
//
// Thread-safety: Releases may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/blob/blob_store.h"
#include "qushu/catalog/catalog.h"
#include "qushu/catalog/entry.h"
#include "qushu/engine/engine.h"
#include "qushu/insight/privacy.h"
#include "qushu/jobs/jobs.h"
#include "qushu/store/store.h"

namespace qushu::opendata {

namespace json = boost::json;

// A licence that releases may be made under; a table that the data authority keeps.
struct Licence {
  std::string id;  // "cc-by"
  Text title, text;
  std::string url;
  bool open = true;      // by the Open Definition
  bool retired = false;  // offered no more; stays with what was released under it
  std::int64_t position = 0;
  friend bool operator==(const Licence&, const Licence&) = default;
};

// What can be said of releasing one field.
struct FieldFinding {
  std::string id, name, level;
  insight::Role role = insight::Role::none;
  Text reason;          // of the role
  Text blocked;         // why it may not be released; empty: it may
  std::string excused;  // why it is not about people, as the proposer says
};

// A version that the public has read.
struct OpenedVersion {
  std::int64_t number = 0;
  Time opened{};  // when it became public
};
// Of a dataset, the newest first, at most `most`.
[[nodiscard]] Result<std::vector<OpenedVersion>> opened_versions(store::Store& store, std::string_view dataset_id,
                                                                 std::size_t most);

struct PrivacyCheck {
  std::int64_t version = 0;
  std::vector<FieldFinding> fields;             // those that were asked about
  std::vector<std::string> quasi;               // over which k was counted
  std::optional<insight::Anonymity> anonymity;  // nothing when no field narrows people down
  std::uint64_t wanted_k = 0;
  Text failed;  // why it does not pass, in one sentence; empty: it passes

  [[nodiscard]] bool passed() const { return failed.zh.empty(); }
};

// Field id → why it is not about people. "*" speaks of the whole dataset: nothing is counted then, but a field that names
// people still needs an excuse of its own.
using Excuses = std::map<std::string, std::string>;
inline constexpr std::string_view kWhole = "*";

struct Step {
  std::string person_id, person_name, comment;
  std::optional<Time> at;
};

struct Release {
  std::string id, dataset_id;
  std::string state;  // proposed, approved, refused, withdrawn, superseded
  std::vector<std::string> fields;
  std::string licence;
  std::string title_en, abstract_en;  // for the English pages; empty: the Chinese ones are shown
  Excuses excuses;
  json::object check;        // as to_json(PrivacyCheck) wrote it, of the version that is public
  std::int64_t version = 0;  // that the public reads; of the dataset
  json::object held;         // {version, zh, en}: what keeps a newer version from the public; {} when nothing does
  Step proposed, decided, withdrawn;
  std::int64_t change = 0;  // grows with every change of any release

  // Of the dataset, for lists.
  std::string code, title, department_id, department_name;
};

struct Proposal {
  std::string dataset;              // code or id
  std::vector<std::string> fields;  // ids or names; empty: all that may be released
  std::string licence, title_en, abstract_en, reason;
  Excuses excuses;
};

[[nodiscard]] std::span<const catalog::Word> release_states();

[[nodiscard]] json::object to_json(const Licence& licence);
[[nodiscard]] json::object to_json(const PrivacyCheck& check);
[[nodiscard]] json::object to_json(const Release& release);

class Releases {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    const blob::BlobStore& blobs;
    engine::Engine& engine;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    catalog::Catalog& catalog;
    const catalog::Entries& entries;
    const Clock& clock;
  };
  explicit Releases(Deps deps) : deps_(deps) {}

  using Cancelled = std::function<bool()>;

  // What a proposal would find; nothing is kept. Without fields: of every field of the current version.
  [[nodiscard]] Result<PrivacyCheck> check(const Actor& actor, const Proposal& proposal, const Cancelled& cancelled) const;
  // conflict when the entry does not allow it or another proposal waits; invalid names the field, with what is wrong.
  [[nodiscard]] Result<Release> propose(const Actor& actor, const Proposal& proposal, const Cancelled& cancelled);
  // forbidden to who proposed it. The check is made again, over the data of today.
  [[nodiscard]] Result<Release> approve(const Actor& actor, std::string_view id, std::string_view comment,
                                        const Cancelled& cancelled);
  [[nodiscard]] Result<Release> refuse(const Actor& actor, std::string_view id, std::string_view reason);
  // By a steward of the dataset or the data authority; of a proposal too. From the commit on nobody reads it any more.
  [[nodiscard]] Result<Release> withdraw(const Actor& actor, std::string_view id, std::string_view reason);

  // Those that the caller may know of, the newest first; `state` empty: all.
  [[nodiscard]] Result<std::vector<Release>> list(const Actor& actor, std::string_view state) const;
  // `id`: of a release, or of the newest one of a dataset by its code.
  [[nodiscard]] Result<Release> find(const Actor& actor, std::string_view id) const;
  // The approved release of a dataset, for who has checked already.
  [[nodiscard]] static Result<std::optional<Release>> live(store::Session& s, std::string_view dataset_id);
  // Datasets whose releases were changed after `change`, and the newest change.
  struct Changes {
    std::vector<std::string> datasets;
    std::int64_t newest = 0;
  };
  [[nodiscard]] static Result<Changes> changes_after(store::Session& s, std::int64_t change);

  [[nodiscard]] Result<std::vector<Licence>> licences() const;
  // Adds or changes one; for the data authority.
  [[nodiscard]] Result<Licence> keep_licence(const Actor& actor, const Licence& licence);

  // Queues the check of a version of a released dataset; for Catalog::on_current().
  [[nodiscard]] Result<void> derive(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                    const catalog::Version& version);
  void register_jobs();

 private:
  struct Subject;  // a dataset that may be proposed: with its published entry and current version
  [[nodiscard]] Result<Subject> subject_of(catalog::Dataset dataset) const;
  [[nodiscard]] Result<PrivacyCheck> look(const Subject& subject, const std::vector<std::string>& fields,
                                          const Excuses& excuses, const Cancelled& cancelled) const;
  [[nodiscard]] Result<Release> named(Release release) const;
  [[nodiscard]] Result<Release> stored(std::string_view id) const;
  [[nodiscard]] Result<Release> decide(const Actor& actor, const Release& release, std::string_view state,
                                       std::string_view comment, const PrivacyCheck* check);
  [[nodiscard]] Result<jobs::Finish> run_check(jobs::Context& context);

  Deps deps_;
};

// The steps that the actor may take now: approve, refuse, withdraw.
[[nodiscard]] std::vector<std::string_view> possible(const Actor& actor, const Release& release);

// Whether a field may be shown to everybody, by its item in the published entry and the highest grade that may be open; why not
// otherwise.
[[nodiscard]] Text closed(const catalog::Entry& entry, const catalog::Field& field, std::string_view highest_level);

}  // namespace qushu::opendata
