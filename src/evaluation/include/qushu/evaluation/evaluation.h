// Year end (年终): how a year's money and goals stand while it lasts, and what the unit says of itself when it is over.
//
// Monitoring (监控) sets beside each other how a budget is executed by now and how far its goals are: the figures of the
// platform's indicators that the budget's goals are bound to. Whose execution turns red is told once, and again only after it
// had recovered.
//
// A self-evaluation (自评) belongs to a budget and is of one of its projects, or of the unit as a whole. It has versions: the
// newest is a draft or returned (then it is edited), submitted (then it waits) or approved (then it is never changed again; a
// correction begins a new version with its reason). What the budget says and what the indicators' evidence comes to is drawn
// when it is made, and again when somebody asks for it while it is edited; the evidence is kept with the version.
//
// Who sees: holders of budget.use in the department or one above it. Who edits: budget.write there; who decides: budget.approve
// there, never somebody who worked on or submitted the version. Every step is audited and kept in the history.
//
// Thread-safety: Evaluations may be used from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/config.h"
#include "qushu/blob/blob_store.h"
#include "qushu/budget/budgets.h"
#include "qushu/evaluation/form.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/indicators/indicators.h"
#include "qushu/store/store.h"
#include "qushu/workflow/workflow.h"

namespace qushu::evaluation {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();
[[nodiscard]] std::span<const SettingSpec> settings();  // evaluation.file_size, archive_size

using workflow::State;  // never published
using workflow::Step;
[[nodiscard]] const workflow::Kind& kind();  // its words, and the names of its steps
[[nodiscard]] Text title(State state);

struct EvaluationVersion {
  std::int64_t number = 0;
  State state = State::draft;
  std::int64_t revision = 0;  // goes up with each change, so that nobody overwrites what she has not seen
  std::string reason;         // why it was begun after another was approved
  std::string comment;        // of the last decision
  Time changed;
  std::string changed_by;
  Time drawn;                       // when the budget and the evidence were read
  std::int64_t budget_version = 0;  // that was in force then
};

struct Evaluation {
  std::string id, budget_id, department_id, department_code, department_name;
  std::int64_t year = 0;
  std::string project, project_name;        // empty: of the unit as a whole
  std::vector<EvaluationVersion> versions;  // the newest first
};

struct File {
  std::string id, item, name, blob;  // item: an Item's id
  std::uint64_t size = 0;
  std::string person_name;
  Time at;
};

// A version with everything that is to be known of it.
struct Detail {
  Evaluation evaluation;
  EvaluationVersion version;
  Form form;
  std::vector<File> files;
  std::vector<Problem> problems;  // of one that can be edited
  bool may_edit = false, may_decide = false, may_revise = false;
};

struct Listed {
  Evaluation evaluation;
  Total total;  // of the newest version
};

// What people enter. An item is named by its id; what is absent stays as it is.
struct ItemEdit {
  std::string id;
  std::optional<Direction> direction = {};
  std::optional<std::int64_t> weight = {};
  std::optional<std::string> indicator = {}, hand = {}, hand_reason = {}, cause = {}, remedy = {};
};
struct Edit {
  std::optional<std::string> reached = {}, funds_cause = {}, funds_remedy = {};
  std::vector<ItemEdit> items = {};
};
// {"reached": "…", "items": [{"id": "…", "weight": "12.5", …}]}; refuses what is of no such shape, with its place.
[[nodiscard]] Result<Edit> edit_of(const json::value& value);

struct Filter {
  std::optional<std::int64_t> year;
  std::string department;  // identifier or code
  std::string state;       // of the newest version
};

// --- monitoring --------------------------------------------------------------------------------------------------------------
struct MonitoredGoal {
  budget::ProjectGoal goal;
  std::string state;  // "value", "none": no evidence, "failed", "unbound": nothing here tells it, "unknown": no such indicator
  std::string period, value;  // of the newest figure of the year
  Text unit;
  indicators::Light light = indicators::Light::none;
};
struct MonitoredLine {
  std::string subject, name;  // "" of the whole; "personnel", "office" or a project's code
  std::int64_t budget = 0, spent = 0;
  std::string light;      // as of budget::Execution
  std::int64_t rate = 0;  // spent of the budget, in hundredths of a per cent
  std::int64_t pace = 0;  // that, of the share of the year that has passed
  std::vector<MonitoredGoal> goals;
};
struct Monitored {
  budget::Budget budget;
  std::int64_t version = 0, month = 0;  // that is in force; that is counted to
  MonitoredLine whole;
  std::vector<MonitoredLine> lines;
};

// --- what is handed in -------------------------------------------------------------------------------------------------------
// A zip of the form, the evidence and the files, with SHA256SUMS for `sha256sum -c`; removed with `keep`.
struct Archive {
  std::filesystem::path path;
  std::shared_ptr<const void> keep;
  std::string name, sha256;
  std::size_t files = 0;
};

struct VerifiedFile {
  std::string path;
  std::string state;  // "same", "changed", "missing": the audit knows it and the archive has it not, "unknown": the other way
  std::string expected, found;
};
struct Verified {
  bool same = false;       // the archive, byte for byte
  std::int64_t entry = 0;  // of the audit; 0: no such archive was ever written here
  Time at;
  std::string person_name, object_name;
  std::string sha256, expected;  // of the archive
  std::vector<VerifiedFile> files;
  [[nodiscard]] bool good() const;  // known, and every file the same
};

class Evaluations {
 public:
  struct Deps {
    store::Store& store;
    blob::BlobStore& blobs;
    audit::Audit& audit;
    const identity::Identity& identity;
    budget::Budgets& budgets;
    indicators::Indicators& indicators;
    const Settings& settings;
    const Clock& clock;
    std::function<std::string()> today;  // the district's day "2026-11-29"
    std::filesystem::path scratch;
  };
  explicit Evaluations(Deps deps)
      : deps_(std::move(deps)), flow_(kind(), {.audit = deps_.audit, .identity = deps_.identity, .clock = deps_.clock}) {}

  // --- monitoring: of every budget of the year that is in force and the caller's to see ---
  [[nodiscard]] Result<std::vector<Monitored>> monitor(const Actor& actor, std::int64_t year,
                                                       std::string_view department) const;
  // Tells those who keep a budget when its execution has turned red. Cheap when nothing has changed; called often.
  [[nodiscard]] Result<void> tick();

  // --- self-evaluations ---
  [[nodiscard]] Result<std::vector<Listed>> list(const Actor& actor, const Filter& filter) const;
  // `version` 0: the newest.
  [[nodiscard]] Result<Detail> find(const Actor& actor, std::string_view id, std::int64_t version = 0) const;
  [[nodiscard]] Result<std::string> id_of(std::string_view department, std::int64_t year, std::string_view project) const;
  // Of a department's year, or (`project`) of one of its projects; the budget must be in force.
  [[nodiscard]] Result<Detail> create(const Actor& actor, std::string_view department, std::int64_t year,
                                      std::string_view project);
  // Reads budget and evidence anew. What people entered stays with the goals that are still there.
  [[nodiscard]] Result<Detail> draw(const Actor& actor, std::string_view id, std::int64_t revision);
  [[nodiscard]] Result<Detail> save(const Actor& actor, std::string_view id, std::int64_t revision, const Edit& edit);
  [[nodiscard]] Result<Detail> submit(const Actor& actor, std::string_view id, std::string_view comment);
  [[nodiscard]] Result<Detail> send_back(const Actor& actor, std::string_view id, std::string_view comment);
  [[nodiscard]] Result<Detail> approve(const Actor& actor, std::string_view id, std::string_view comment);
  // A new draft of what was approved.
  [[nodiscard]] Result<Detail> revise(const Actor& actor, std::string_view id, std::string_view reason);
  [[nodiscard]] Result<std::vector<Step>> history(const Actor& actor, std::string_view id) const;
  // The rows behind an item's drawn figure, as far as the caller may see them.
  [[nodiscard]] Result<indicators::EvidenceRows> evidence(const Actor& actor, std::string_view id, std::int64_t version,
                                                          std::string_view item) const;

  // --- files with items ---
  // Whether such a file may be attached now; to be asked before anything is stored.
  [[nodiscard]] Result<void> check_attach(const Actor& actor, std::string_view id, std::string_view item,
                                          std::uint64_t size) const;
  [[nodiscard]] Result<Detail> attach(const Actor& actor, std::string_view id, std::string_view item,
                                      std::string_view file_name, const blob::BlobInfo& content);
  [[nodiscard]] Result<Detail> detach(const Actor& actor, std::string_view id, std::string_view file);
  [[nodiscard]] Result<File> file(const Actor& actor, std::string_view id, std::string_view file) const;
  [[nodiscard]] Result<bool> uses_blob(std::string_view sha256) const;

  // --- what is handed in ---
  // `all`: of the unit as a whole, together with those of its projects. Audited with the hash of the archive and of every file.
  [[nodiscard]] Result<Archive> archive(const Actor& actor, std::string_view id, std::int64_t version, bool all);
  // Whether an archive is one that was written here, and what of it is not as it was.
  [[nodiscard]] Result<Verified> verify(const Actor& actor, const std::filesystem::path& file) const;

 private:
  [[nodiscard]] Result<Evaluation> load(store::Session& s, std::string_view id) const;
  [[nodiscard]] Result<Evaluation> load_visible(store::Session& s, const Actor& actor, std::string_view id) const;
  [[nodiscard]] Result<Evaluation> load_editable(store::Session& s, const Actor& actor, std::string_view id) const;
  [[nodiscard]] Result<Detail> detail(store::Session& s, const Actor& actor, Evaluation evaluation, std::int64_t version) const;
  // As it is after a step.
  [[nodiscard]] Result<Detail> detail(store::Transaction& t, const Actor& actor, std::string_view id) const;
  struct Reading;
  [[nodiscard]] Result<Reading> read_budget(const Actor& actor, std::string_view budget, std::string_view project,
                                            const Form& before) const;
  [[nodiscard]] Result<void> keep_reading(store::Transaction& t, const Evaluation& e, std::int64_t version,
                                          const Reading& reading) const;
  // A change of the newest version, which it is a step of.
  [[nodiscard]] Result<void> changed(store::Transaction& t, const Actor& actor, const Evaluation& e, std::string_view action,
                                     std::string_view comment, json::object detail) const;
  [[nodiscard]] Result<Detail> decide(const Actor& actor, std::string_view id, State to, std::string_view comment);
  [[nodiscard]] Result<Monitored> monitored(const budget::Detail& budget,
                                            const std::map<std::string, indicators::Standing>& standings) const;

  Deps deps_;
  workflow::Flow flow_;
  std::mutex mutex_;
  std::string seen_;  // what the last tick looked at; guarded by mutex_
};

[[nodiscard]] json::object to_json(const Listed& listed, Lang lang);
[[nodiscard]] json::object to_json(const Detail& detail, Lang lang);
[[nodiscard]] json::object to_json(const Monitored& monitored, Lang lang);
[[nodiscard]] json::object to_json(const Verified& verified, Lang lang);
// "项目支出绩效自评表" and whose: what it is called.
[[nodiscard]] Text title_of(const Evaluation& evaluation);

enum class PrintFormat : std::uint8_t { pdf, xlsx };
[[nodiscard]] Result<std::string> printed(const Detail& detail, PrintFormat format, const std::filesystem::path& folder);

// /api/v1/monitoring, /api/v1/evaluations…
struct Routes {
  Evaluations& evaluations;
  blob::BlobStore& blobs;
  const Settings& settings;
  std::filesystem::path scratch;
};
void add_routes(http::Router& router, const Routes& routes);

}  // namespace qushu::evaluation
