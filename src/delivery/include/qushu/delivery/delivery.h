// Delivery (推送与订阅): what a grant shows, brought to the grantee instead of fetched by her.
//
//   table     the rows replace those of a table in a PostgreSQL or MySQL database that the grantee's department keeps as a
//   source,
//             all or nothing (sources::Sources::replace), when a new version is published, on schedule, or by hand
//   webhook   each new version of the dataset is told to an address of hers, signed by the rules of Standard Webhooks:
//             webhook-id, webhook-timestamp, webhook-signature: v1,base64(HMAC-SHA-256(secret, id.timestamp.body))
//
// A table needs the grant's method `push`, and shows what the grant shows by it; a webhook tells of the version and never of
// its rows. Both stop with the grant, and go on with it. Every run is a job, tried again when the other side does not answer; a
// new version is delivered once per delivery, however often it is tried. Rows are metered under the grant as "push".
//
// Article 22: data is to be there within `sharing.delivery_days` working days of consent. A grant by API, SQL or file is there
// at once; one by push alone when its first table has been written, until when delivery_of() tells the clock.
//
// Thread-safety: Deliveries may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qushu/calendar/calendar.h"
#include "qushu/http/router.h"
#include "qushu/jobs/jobs.h"
#include "qushu/notify/notify.h"
#include "qushu/sharing/grant.h"
#include "qushu/sharing/policy.h"
#include "qushu/sources/sources.h"

namespace qushu::delivery {

namespace json = boost::json;

[[nodiscard]] std::span<const store::Migration> migrations();

enum class Kind : std::uint8_t { table, webhook };
[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] bool parse(std::string_view text, Kind& out);

struct Delivery {
  std::string id, grant_id, dataset_id;
  Kind kind = Kind::table;
  std::string source;          // of a table: the source's code
  sources::TableTarget table;  // of a table
  std::string url;             // of a webhook
  bool on_version = true;      // when a new version is published
  std::string cron;            // or empty
  calendar::DayRule days = calendar::DayRule::every;
  bool active = true;
  std::string person_id, person_name;  // who made it; a table is written with her right to the source
  Time created;
  std::optional<Time> due;  // next, by schedule
  // Of the last run that ended.
  std::optional<Time> ran;
  std::optional<Text> error;
  std::int64_t rows = 0, version = 0;
  std::optional<Time> first;  // the first that succeeded
};

struct NewDelivery {
  std::string grant_id;
  Kind kind = Kind::table;
  std::string source;
  sources::TableTarget table = {};
  std::string url = {};
  bool on_version = true;
  std::string cron = {};
  calendar::DayRule days = calendar::DayRule::every;
};

class Deliveries {
 public:
  struct Deps {
    store::Store& store;
    engine::Engine& engine;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    identity::Identity& identity;
    const calendar::Calendar& calendar;
    const catalog::Catalog& catalog;
    const sharing::Grants& grants;
    const sharing::Policy& policy;
    sources::Sources& sources;
    const notify::Notify& notify;
    const Settings& settings;
    const Clock& clock;
    std::filesystem::path key_folder;
  };
  [[nodiscard]] static Result<std::unique_ptr<Deliveries>> open(Deps deps);
  void register_jobs();

  // By the grantee's people. The second is the webhook's secret, "whsec_…", shown once; empty for tables.
  [[nodiscard]] Result<std::pair<Delivery, std::string>> add(const Actor& actor, const NewDelivery& n) const;
  // Both sides of the grant see them.
  [[nodiscard]] Result<std::vector<Delivery>> list(const Actor& actor, std::string_view grant_id) const;
  // By the grantee's people, and who provides the data may pause.
  [[nodiscard]] Result<Delivery> activate(const Actor& actor, std::string_view id, bool active) const;
  [[nodiscard]] Result<void> remove(const Actor& actor, std::string_view id) const;
  // Queues a run now; the job's id.
  [[nodiscard]] Result<std::string> run(const Actor& actor, std::string_view id) const;

  // Has the deliveries of one grant serve the one that takes its place.
  [[nodiscard]] Result<void> hand_over(store::Transaction& t, std::string_view from, std::string_view to) const;

  // In the transaction that makes a version the current one: queues what waits for it.
  [[nodiscard]] Result<void> published(store::Transaction& t, const catalog::Dataset& dataset,
                                       const catalog::Version& version) const;
  // Queues what is due by schedule; called every second or so.
  [[nodiscard]] Result<void> tick() const;
  // The clock of article 22 while nothing has been delivered; nullopt: it was, or is there at once.
  [[nodiscard]] Result<std::optional<calendar::Standing>> standing(const sharing::Grant& grant) const;

 private:
  explicit Deliveries(Deps deps, std::string key) : deps_(std::move(deps)), key_(std::move(key)) {}
  struct Found {
    Delivery delivery;
    sharing::Grant grant;
  };
  [[nodiscard]] Result<Found> find(const Actor& actor, std::string_view id) const;
  [[nodiscard]] Result<std::string> queue(store::Transaction& t, const Delivery& d, std::int64_t version,
                                          std::string_view once) const;
  [[nodiscard]] Result<std::optional<Time>> next_due(const Delivery& d, Time after) const;
  [[nodiscard]] Result<jobs::Finish> perform(jobs::Context& context) const;
  [[nodiscard]] Result<std::int64_t> write_table(const Delivery& d, const sharing::Shown& shown, jobs::Context& context) const;
  [[nodiscard]] Result<void> tell_webhook(const Delivery& d, const sharing::Grant& grant, const catalog::Dataset& dataset,
                                          const jobs::Context& context) const;
  void note_failure(const Delivery& d, const sharing::Grant& grant, const Error& error) const;

  Deps deps_;
  std::string key_;
};

// "v1,…" over what is sent.
[[nodiscard]] std::string webhook_signature(std::string_view secret, std::string_view id, std::int64_t timestamp,
                                            std::string_view body);

[[nodiscard]] json::object to_json(const Delivery& delivery, Lang lang);

// /api/v1/sharing/grants/{id}/deliveries…, /api/v1/sharing/deliveries/{id}…
void add_routes(http::Router& router, const Deliveries& deliveries, const sharing::Grants& grants);

}  // namespace qushu::delivery
