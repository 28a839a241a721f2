// Harvesting: other catalogues (CKAN's API, DCAT) as a source of ours.
//
// A harvest names an address, the department that becomes the provider of what is found, and when to look. A run is a job: it
// reads the whole catalogue, page by page, and brings each dataset in as an entry of ours, by its remote identifier:
//
//   created    not known yet: a draft entry, which is reviewed and published as any other
//   changed    what differs from last time is written into the entry; what a person wrote in other members stays
//   unchanged  nothing is written
//   gone       was there before and is there no more: marked, never deleted; it may come back
//   failed     could not be brought in, with the reason; it is tried again by the next run
//
// Each dataset is one transaction with its mark, and a run that was cut off goes on where it was: nothing is brought in twice,
// and the counts are those of the whole run. Only a catalogue that was read to its end makes datasets gone.
//
// What comes from there is not trusted: documents are bounded in size and time, texts are cut to what an entry holds, and
// addresses of private networks are refused unless opendata.harvest_private allows them. No data are brought in: an entry tells
// where its files are.
//
// Thread-safety: Harvests may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/calendar/calendar.h"
#include "qushu/catalog/catalog.h"
#include "qushu/catalog/entry.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/jobs/jobs.h"
#include "qushu/sources/sources.h"
#include "qushu/store/store.h"

namespace qushu::opendata {

namespace json = boost::json;

struct HarvestCounts {
  std::int64_t seen = 0, created = 0, changed = 0, unchanged = 0, gone = 0, failed = 0;
};

struct HarvestRun {
  std::string id, harvest_id, job_id;
  std::string cause;  // "manual", "schedule"
  std::string state;  // a state of jobs
  std::string person_name;
  HarvestCounts counts;  // once it has ended well
  bool whole = true;     // read to its end
  std::optional<Text> error;
  Time created;
  std::optional<Time> ended;
};

struct HarvestFailure {
  std::string remote_id, title;
  Text text;
};

struct Harvest {
  std::string id, code, title;
  std::string kind;     // "ckan", "dcat"
  std::string address;  // of the site (ckan), of the catalogue's document (dcat)
  std::string department_id, department_name;
  std::string owner_id, owner_name;  // as whom its runs work
  bool enabled = true;               // whether the schedule counts
  std::string cron;                  // empty: only by hand
  std::string days = "every";        // calendar::DayRule
  std::optional<Time> next_due;
  Time created, changed;
  // For lists.
  std::int64_t entries = 0, gone = 0;
  std::optional<HarvestRun> last;
};

// A dataset over there, and what it is here.
struct HarvestedEntry {
  std::string remote_id, dataset, title, page, outcome;
  json::array files;  // {title, format, url}
  Time first, seen;
  std::optional<Time> gone;
};

class Harvests {
 public:
  struct Deps {
    const Settings& settings;
    store::Store& store;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    identity::Identity& identity;
    const calendar::Calendar& calendar;
    catalog::Catalog& catalog;
    catalog::Entries& entries;
    const sources::Sources& sources;
    const Clock& clock;
  };
  explicit Harvests(Deps deps) : deps_(deps) {}
  void register_jobs();

  // Those of the departments that the caller is a steward of; so in all that follows, else not_found.
  [[nodiscard]] Result<std::vector<Harvest>> list(const Actor& actor) const;
  [[nodiscard]] Result<Harvest> find(const Actor& actor, std::string_view code) const;
  // invalid names the member.
  [[nodiscard]] Result<Harvest> add(const Actor& actor, const Harvest& harvest);
  // Title, address, department, schedule and whether it is enabled; who changes it owns it.
  [[nodiscard]] Result<Harvest> change(const Actor& actor, std::string_view code, const Harvest& harvest);
  // With its runs and marks; the entries that it made stay.
  [[nodiscard]] Result<void> remove(const Actor& actor, std::string_view code);

  // conflict while one is under way.
  [[nodiscard]] Result<HarvestRun> run(const Actor& actor, std::string_view code);
  [[nodiscard]] Result<std::vector<HarvestRun>> runs(const Actor& actor, std::string_view code, std::size_t limit) const;
  [[nodiscard]] Result<std::pair<HarvestRun, std::vector<HarvestFailure>>> find_run(const Actor& actor,
                                                                                    std::string_view id) const;
  // In order of remote identifier, those after `after`; `gone`: only those.
  [[nodiscard]] Result<std::vector<HarvestedEntry>> entries(const Actor& actor, std::string_view code, bool gone,
                                                            std::string_view after, std::size_t limit) const;
  // Queues what is due. Called every second or so.
  [[nodiscard]] Result<void> tick();

 private:
  [[nodiscard]] Result<Harvest> load(store::Session& s, std::string_view code) const;
  [[nodiscard]] Result<void> fill(store::Session& s, Harvest& harvest) const;
  [[nodiscard]] Result<Harvest> checked(const Actor& actor, Harvest harvest) const;
  [[nodiscard]] Result<std::optional<Time>> next_due(const Harvest& harvest, Time after) const;
  [[nodiscard]] Result<HarvestRun> run_of(const store::Row& row) const;
  [[nodiscard]] Result<std::optional<HarvestRun>> queue(store::Transaction& t, const Actor& actor, const Harvest& harvest,
                                                        std::string_view cause);
  [[nodiscard]] Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Harvest& harvest,
                                    json::object detail = {}) const;
  [[nodiscard]] Result<Actor> owner_of(const Harvest& harvest) const;
  Result<jobs::Finish> perform(jobs::Context& context);

  Deps deps_;
};

[[nodiscard]] json::object to_json(const HarvestRun& run, Lang lang);
[[nodiscard]] json::object to_json(const Harvest& harvest, Lang lang);
[[nodiscard]] json::object to_json(const HarvestedEntry& entry);

// /api/v1/open/harvests…, /api/v1/open/harvest-runs/{id}: for stewards.
void add_harvest_routes(http::Router& router, Harvests& harvests);

}  // namespace qushu::opendata
