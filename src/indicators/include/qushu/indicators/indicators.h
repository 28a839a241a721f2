// Indicators (指标): promised figures, each computed by SQL from what really happened, with the rows behind it.
//
// A figure is computed for a period of the district's calendar, on schedule and on demand. There is one value for an indicator
// and a period: computing again replaces it, until it is final, some working days after the period's end
// (`indicators.settle_days`). Missed periods are made up for, each once. No rows, no value, or a share of nothing is "no
// evidence" and never a figure; a statement that fails is told as such and never a figure either.
//
// The statement reads what its definer may read, at the time of computing: the person who last changed the evidence, or the
// system for definitions that come with Qushu or were made on the server's command line. Grants do not count. Figures are for
// everybody who may use indicators; the rows behind them only for those who may see the records and datasets that they are of.
//
// Whoever answers for an indicator is told when its light gets worse, and finds it among what waits for her.
//
// Thread-safety: Indicators may be used from any thread.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/calendar/calendar.h"
#include "qushu/definitions/versions.h"
#include "qushu/engine/engine.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/indicators/definition.h"
#include "qushu/jobs/jobs.h"
#include "qushu/registers/relations.h"
#include "qushu/sharing/policy.h"
#include "qushu/store/store.h"

namespace qushu::indicators {

namespace json = boost::json;
using definitions::Version;

[[nodiscard]] std::span<const store::Migration> migrations();
// indicators.schedule, settle_days, evidence_rows, query_time
[[nodiscard]] std::span<const SettingSpec> settings();

struct Indicator {
  Definition definition;
  std::int64_t version = 0;
  std::string origin;  // "builtin": as it comes with Qushu, "local": changed here
  Time changed;
  std::string changed_by;
  std::string definer_id;  // whose rights the evidence is read with; empty: the system's
  std::string owner_id, owner_name, department_name;
};

// What an indicator came to in a period.
struct Value {
  std::string period, first_day;
  std::string state;       // "value", "none": no evidence, "failed": see error
  Fraction value;          // of "value"
  std::int64_t score = 0;  // in hundredths
  Light light = Light::none;
  Fraction target;  // and weight, as they were
  std::int64_t weight = 0;
  std::int64_t rows = 0;  // behind it
  std::int64_t version = 0;
  bool final = false;
  Time computed;
  Text error;
};

// An indicator with its latest values, the newest last.
struct Standing {
  Indicator indicator;
  std::vector<Value> values;
};

struct EvidenceRow {
  std::string register_code, record;  // empty: it leads to no record
  std::vector<json::value> cells;
};

// The rows behind a value, as far as the caller may see them.
struct EvidenceRows {
  std::string period, rows_sql, value_sql;
  std::vector<std::string> columns;
  std::vector<Text> labels;  // of the columns: what the register calls the field, or the column's own name
  std::vector<EvidenceRow> rows;
  std::int64_t total = 0;   // rows behind the figure
  std::int64_t kept = 0;    // of them kept with it
  std::int64_t hidden = 0;  // of the kept ones, not for the caller
  Time computed;
};

// What an indicator came to over a whole year, with the rows behind it, for who keeps it beside something of its own.
struct Taken {
  Definition definition;
  Value value;           // its period is the year: "2026"
  std::string evidence;  // the rows and what was read, as text: for shown()
};

// What a definition would come to.
struct Trial {
  std::string code;
  Text name;
  std::int64_t version = 0;  // that it will be
  bool unchanged = false;
  std::vector<Mistake> mistakes;
  std::optional<Value> value;  // of the period that lasts; absent where there are mistakes
  std::vector<std::string> columns;
};

class Indicators {
 public:
  struct Deps {
    store::Store& store;
    engine::Engine& engine;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    const identity::Identity& identity;
    const calendar::Calendar& calendar;
    const sharing::Policy& policy;
    const registers::RecordRelations& relations;
    const Settings& settings;
    const Clock& clock;
    const sharing::Relations* others = nullptr;  // what else than records figures are read from
  };
  explicit Indicators(Deps deps) : deps_(deps) {}

  // --- definitions -----------------------------------------------------------------------------------------------------------
  // Those that come with Qushu, as far as nobody has changed them here.
  [[nodiscard]] Result<void> install_builtins();
  // What is wrong, and what the figure would be now; changes nothing. For those who may manage.
  [[nodiscard]] Result<Trial> check(const Actor& actor, std::string_view yaml) const;
  // Makes or changes it. What check() finds wrong is an error. Audited.
  [[nodiscard]] Result<Indicator> apply(const Actor& actor, std::string_view yaml, std::string_view note);
  // Who answers for it: a person by login or identifier; empty: nobody. Audited.
  [[nodiscard]] Result<Indicator> assign(const Actor& actor, std::string_view code, std::string_view person);
  [[nodiscard]] Result<std::vector<Standing>> list(const Actor& actor, std::size_t values, std::string_view code = {}) const;
  [[nodiscard]] Result<Standing> find(const Actor& actor, std::string_view code, std::size_t values) const;
  [[nodiscard]] Result<std::string> yaml(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  [[nodiscard]] Result<std::vector<Version>> versions(const Actor& actor, std::string_view code) const;

  // --- figures ---------------------------------------------------------------------------------------------------------------
  // Computes now, for a period or (empty) the one that lasts, whether or not it is final. Audited.
  [[nodiscard]] Result<Value> compute(const Actor& actor, std::string_view code, std::string_view period);
  // Everything that is due, as a job; its id.
  [[nodiscard]] Result<std::string> queue(const Actor& actor);
  // Every period of every indicator that is due: those that last, those that ended and are not final, and those that were
  // missed; for an indicator without values, a year back. How many values were computed.
  using Progress = std::function<bool(std::size_t done, std::size_t all)>;  // false: stop
  [[nodiscard]] Result<std::size_t> compute_due(const Progress& progress);
  // The rows behind a value; `period` empty: the latest.
  [[nodiscard]] Result<EvidenceRows> evidence(const Actor& actor, std::string_view code, std::string_view period) const;
  // The figure over a whole year, whatever its period is otherwise, computed now with its definer's rights. Keeps nothing.
  [[nodiscard]] Result<Taken> take(const Actor& actor, std::string_view code, int year) const;
  // The rows of what was taken, as far as the caller may see them now.
  [[nodiscard]] Result<EvidenceRows> shown(const Actor& actor, std::string_view taken) const;
  // Those that the person answers for and whose latest value is not as it should be.
  [[nodiscard]] Result<std::vector<Standing>> worries(const Actor& actor) const;

  // Queues what is due by the schedule, once for each due time however often it is asked and however long nobody asked.
  [[nodiscard]] Result<void> tick();
  void register_jobs();

  // Told of each indicator that has a new figure, once it is durable, on the thread that computed it; must be quick and must
  // not throw. Set before anything is computed. For the event hub.
  void on_change(std::function<void(const std::string& code)> listener) { changed_ = std::move(listener); }

 private:
  struct Computed;
  [[nodiscard]] Result<Indicator> load(store::Session& s, std::string_view code) const;
  [[nodiscard]] Result<std::vector<Indicator>> load_all(store::Session& s) const;
  [[nodiscard]] Result<Indicator> apply(store::Transaction& t, const Actor& actor, std::string_view yaml, std::string_view note,
                                        std::string_view origin) const;
  [[nodiscard]] Result<Trial> trial(const Actor& actor, std::string_view yaml) const;
  [[nodiscard]] Computed figure(const Definition& d, const Actor& reader, const Period& period) const;
  [[nodiscard]] Result<void> read_figure(const Definition& d, const Actor& reader, const Period& period, Computed& out) const;
  [[nodiscard]] Computed figure_of(const Indicator& indicator, const Period& period) const;
  [[nodiscard]] Result<void> keep(store::Transaction& t, const Indicator& indicator, const Computed& computed) const;
  [[nodiscard]] Result<Actor> reader_of(const Indicator& indicator) const;
  [[nodiscard]] Result<std::vector<Period>> due(store::Session& s, const Indicator& indicator) const;
  // Of these rows what the caller may see, with the columns' labels.
  [[nodiscard]] Result<EvidenceRows> visible(const Actor& actor, EvidenceRows all, std::string_view rows,
                                             const std::vector<std::string>& relations,
                                             const std::vector<std::string>& datasets) const;
  // What the registers that were read call these columns.
  [[nodiscard]] Result<std::vector<Text>> labels_of(const Actor& actor, const std::vector<std::string>& columns,
                                                    const std::vector<std::string>& read) const;
  [[nodiscard]] Result<bool> is_final(const Period& period) const;

  Deps deps_;
  std::function<void(const std::string& code)> changed_;
  std::mutex mutex_;
  std::optional<Time> ticked_;  // the due time that was queued last; guarded by mutex_
};

[[nodiscard]] json::object to_json(const Value& value, Lang lang);
[[nodiscard]] json::object to_json(const Standing& standing, Lang lang);
[[nodiscard]] json::object to_json(const Trial& trial, Lang lang);
[[nodiscard]] json::object to_json(const EvidenceRows& evidence, Lang lang);
[[nodiscard]] http::Schema evidence_schema();  // the shape of that

// /api/v1/indicators…
void add_routes(http::Router& router, Indicators& indicators);

}  // namespace qushu::indicators
