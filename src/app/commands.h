// One function a group of commands: it adds them to the command line; what was chosen runs and gives an exit code.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "output.h"
#include "system.h"

namespace CLI {
class App;
}

namespace qushu::app {

using Action = std::function<int()>;

struct Chosen {
  Action action;
};

void add_serve_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_demo_command(CLI::App& app, Common& common, Chosen& chosen);
void add_data_commands(CLI::App& app, Common& common, Chosen& chosen);  // import, query, dataset
void add_job_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_catalog_commands(CLI::App& app, Common& common, Chosen& chosen);  // catalog
void add_indicator_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_board_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_insight_commands(CLI::App& app, Common& common, Chosen& chosen);  // lineage, linkage, privacy
void add_quality_commands(CLI::App& app, Common& common, Chosen& chosen);  // quality, correction
void add_push_command(CLI::App& app, Common& common, Chosen& chosen);
void add_account_commands(CLI::App& app, Common& common, Chosen& chosen);  // user, token
void add_budget_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_evaluation_commands(CLI::App& app, Common& common, Chosen& chosen);  // monitor, evaluation
void add_open_commands(CLI::App& app, Common& common, Chosen& chosen);        // release
void add_boundary_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_harvest_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_calendar_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_pipeline_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_register_commands(CLI::App& app, Common& common, Chosen& chosen);  // register, record
void add_survey_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_sharing_commands(CLI::App& app, Common& common, Chosen& chosen);    // request, grant
void add_delivery_commands(CLI::App& app, Common& common, Chosen& chosen);   // delivery
void add_usage_commands(CLI::App& group, Common& common, Chosen& chosen);    // of grant: usage, records, record
void add_grant_use_commands(CLI::App& app, Common& common, Chosen& chosen);  // key, watermark, sharing-rule
void add_source_commands(CLI::App& app, Common& common, Chosen& chosen);
void add_system_commands(CLI::App& app, Common& common, Chosen& chosen);  // audit, doctor, openapi, version
void add_completion_command(CLI::App& app, Common& common, Chosen& chosen);

// Opens the system and the actor, runs `body`, reports its error.
using Body = std::function<Result<void>(System&, const Actor&)>;
int with_system(const Common& common, const Body& body);
// Adds a command of a group: what it is called, and what it does.
CLI::App* add_command(CLI::App& group, Common& common, Chosen& chosen, const char* name, const Text& text, Body body);

// Every route of the product, for `serve` and for `openapi`.
void add_all_routes(http::Router& router, System& system, http::Metrics& metrics, http::EventHub& hub);
// /api/v1/quality/checks/{id}/failures…
void add_failure_routes(http::Router& router, System& system);
// /api/v1/home
void add_home_routes(http::Router& router, System& system);

// The demo district's records and figures, unless they are there.
Result<void> fill_figures(System& system, const Actor& actor, std::uint64_t seed, Lang lang);

// Its published entries, open data and sharing requests, unless they are there.
Result<void> fill_sharing(System& system, Lang lang);
// Its quality rules, as its data suggest them, and the first check; unless there are rules.
Result<void> fill_quality(System& system, const Actor& actor, Lang lang);
// Its self-evaluations, unless they are there; after the budgets and the figures, which they rest on.
Result<void> fill_evaluations(System& system, Lang lang);
// Its surveys and what was answered, unless they are there; before the figures, which rest on them.
Result<void> fill_surveys(System& system, std::uint64_t seed, Lang lang);

// Serves until a signal comes. `announce` prints once it listens.
Result<void> serve(System& system, const std::function<void(const std::string& url)>& announce);

// Queues nothing itself: analyses, corrects, publishes and waits. What `import` and `demo` share.
struct ImportOptions {
  std::string file, name, dataset, department, encoding;
  boost::json::object entry;
  std::vector<std::string> types, skipped, keys;  // "column=type", names of columns
  bool publish = true, accept_drift = false;
  const std::atomic<bool>* stop = nullptr;  // set: receiving the file ends when it becomes true
};
Result<ingest::Import> import_file(System& system, const Actor& actor, const ImportOptions& options,
                                   const std::function<void(const jobs::Job&)>& progress);

}  // namespace qushu::app
