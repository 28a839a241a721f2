#include <CLI/CLI.hpp>
#include <condition_variable>
#include <functional>
#include <iostream>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/log.h"
#include "qushu/budget/budget.h"
#include "qushu/console/console.h"
#include "qushu/http/server.h"
#include "qushu/notify/notices.h"

#include "commands.h"
#include "runtime_settings.h"

namespace qushu::app {
namespace {

// Does something every so often on a thread of its own, until it is destroyed.
class Repeated {
 public:
  Repeated(std::chrono::seconds every, std::function<void()> work)
      : every_(every), work_(std::move(work)), thread_([this] { run(); }) {}
  ~Repeated() {
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  Repeated(const Repeated&) = delete;
  Repeated& operator=(const Repeated&) = delete;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, every_, [&] { return stopping_; })) {
      lock.unlock();
      work_();
      lock.lock();
    }
  }
  std::chrono::seconds every_;
  std::function<void()> work_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

void sweep(System& s) {
  auto freed = s.sweep();
  if (!freed)
    log::error("the sweep of unused files failed", freed.error());
  else if (*freed > 0)
    log::info("unused files were removed", {{"bytes", std::to_string(*freed)}});
}

// What has to be done now and then; `next_sweep` goes on by itself.
void keep_house(System& s, std::chrono::steady_clock::time_point& next_sweep) {
  if (auto done = s.audit->flush(); !done) log::error("the audit could not be flushed", done.error());
  if (auto kept = s.insight->lineage.flush(); !kept) log::error("lineage could not be flushed", kept.error());
  if (auto kept = s.meter->flush(); !kept) log::error("the use of grants could not be flushed", kept.error());
  if (auto done = s.requests->tick(); !done) log::error("sharing requests could not be looked after", done.error());
  if (auto done = s.grants->tick(); !done) log::error("grants could not be handed over", done.error());
  if (auto done = s.quality->tick(); !done) log::error("the daily quality check was not queued", done.error());
  if (auto done = s.surveys->tick(); !done) log::error("the surveys could not be looked after", done.error());
  if (auto done = s.register_notices->tick(); !done) log::error("the registers' clocks were not looked after", done.error());
  if (auto done = s.indicators->tick(); !done) log::error("the indicators were not queued", done.error());
  if (std::chrono::steady_clock::now() < next_sweep) return;
  next_sweep += std::chrono::hours(6);
  sweep(s);
}

// Pipelines, deliveries, harvests and budgets that are due.
void start_what_is_due(System& s) {
  if (auto done = s.pipelines->tick(); !done) log::error("the pipelines could not be looked after", done.error());
  if (auto done = s.deliveries->tick(); !done) log::error("the deliveries could not be looked after", done.error());
  if (auto done = s.harvests->tick(); !done) log::error("the harvests could not be looked after", done.error());
  if (auto done = s.evaluations->tick(); !done) log::error("the budgets could not be watched", done.error());
}

void print_first_passwords(const Common& common, const std::vector<identity::OneTimePassword>& made) {
  if (made.empty()) return;
  bool zh = common.lang == Lang::zh;
  std::cout << (zh ? "首次启动，已建立三名管理员（一次性口令只显示这一次，首次登录须修改）：\n"
                   : "First start: three administrators were made (one-time passwords, shown this once, to be changed at the "
                     "first sign-in):\n");
  for (const auto& one : made)
    std::cout << fmt::format("  {:<12} {}   {}\n", one.login, one.password, one.role.in(common.lang));
  std::cout << std::flush;
}

}  // namespace

void add_all_routes(http::Router& router, System& s, http::Metrics& metrics, http::EventHub& hub) {
  auto ready = [&s]() -> Result<void> {
    QS_CHECK(s.store->ping());
    QS_TRY(auto free, s.blobs->free_bytes());
    if (free < static_cast<std::uint64_t>(s.settings.integer("ingest.minimum_free")) / 4)
      return fail(Code::storage_full, "disk.full", "数据目录所在磁盘空间不足。", "The disk of the data folder is full.");
    return {};
  };
  http::add_system_routes(router, metrics, ready, std::string(kVersion));
  audit::add_routes(router, *s.audit);
  jobs::add_routes(router, *s.jobs, hub);
  identity::add_routes(router, *s.identity);
  calendar::add_routes(router, *s.calendar);
  sharing::add_routes(router, *s.catalog, *s.identity, *s.desk);
  sharing::add_entry_routes(router, *s.desk);
  sharing::add_sharing_routes(router, *s.requests, *s.grants);
  sharing::add_grant_use_routes(router, {.keys = *s.keys,
                                         .grants = *s.grants,
                                         .meter = *s.meter,
                                         .records = *s.records,
                                         .watermarks = *s.watermarks,
                                         .clock = system_clock(),
                                         .scratch = s.scratch()});
  sharing::add_rule_routes(router, *s.rules);
  delivery::add_routes(router, *s.deliveries, *s.grants);
  notify::add_notify_routes(router, *s.notify, *s.audit);
  sharing::add_classification_routes(router, *s.desk);
  sharing::add_sheet_routes(router, *s.desk);
  quality::add_routes(router, *s.quality, *s.catalog, s.settings);
  add_failure_routes(router, s);
  quality::add_correction_routes(router, *s.corrections);
  quality::add_correction_file_routes(router, *s.corrections, *s.blobs, s.settings);
  ingest::add_routes(router, *s.imports, *s.jobs, *s.blobs);
  ingest::add_step_routes(router, *s.steps, *s.policy, s.settings, system_clock());
  sources::add_routes(router, *s.sources);
  ingest::add_pipeline_routes(router, *s.pipelines, *s.jobs, *s.calendar);
  notify::add_notice_routes(router, *s.store);
  ingest::add_push_routes(router, *s.pushes, *s.catalog);
  query::add_routes(router, *s.query);
  insight::add_routes(router, *s.insight);
  opendata::add_release_routes(router, *s.releases);
  opendata::add_harvest_routes(router, *s.harvests);
  opendata::add_ask_routes(router, *s.asks);
  opendata::add_boundary_routes(router, *s.boundaries, s.settings);
  s.public_side->add_routes(router);
  budget::add_routes(router, s.settings);
  budget::add_budget_routes(router,
                            {.budgets = *s.budgets, .engine = *s.engine, .settings = s.settings, .scratch = s.scratch()});
  evaluation::add_routes(router,
                         {.evaluations = *s.evaluations, .blobs = *s.blobs, .settings = s.settings, .scratch = s.scratch()});
  registers::add_routes(router, *s.registers, *s.blobs, *s.identity, s.settings);
  registers::add_calendar_routes(router, *s.registers, *s.calendar_feeds, *s.calendar, s.settings);
  s.survey_routes->add_routes(router);
  indicators::add_routes(router, *s.indicators);
  indicators::add_board_routes(router, *s.boards);
  s.indicators->on_change([&hub](const std::string& code) {
    hub.publish("indicator", boost::json::object{{"code", code}},
                [](const Actor& actor) { return actor.can(Permission::indicator_use); });
  });
  add_setting_routes(router, *s.store, *s.audit, s.settings);
  add_home_routes(router, s);
  console::add_routes(router);
}

Result<void> serve(System& s, const std::function<void(const std::string&)>& announce) {
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  SignalWatch signals([&] {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
  });
  http::Router router;
  http::Metrics metrics;
  http::EventHub hub;
  add_all_routes(router, s, metrics, hub);
  metrics.gauge("qushu_engine_running", "Queries that run", [&s] { return static_cast<double>(s.engine->load().running); });
  metrics.gauge("qushu_engine_waiting", "Queries that wait", [&s] { return static_cast<double>(s.engine->load().waiting); });
  metrics.gauge("qushu_free_bytes", "Free bytes on the disk of the data folder",
                [&s] { return static_cast<double>(s.blobs->free_bytes().value_or(0)); });
  sharing::KeyGate gate(*s.keys, s.identity->authenticator());
  QS_TRY(auto server,
         http::Server::start(
             {.settings = s.settings, .router = router, .authenticator = gate, .metrics = metrics, .data_folder = s.data}));
  s.jobs->start();
  {
    auto next_sweep = std::chrono::steady_clock::now() + std::chrono::hours(1);
    Repeated housekeeping(std::chrono::seconds(s.settings.integer("audit.count_interval")),
                          [&s, &next_sweep] { keep_house(s, next_sweep); });
    Repeated scheduling(std::chrono::seconds(1), [&s] { start_what_is_due(s); });
    // Whoever searches first finds the index made.
    std::thread index([&s] {
      if (auto done = s.catalog->refresh_index(); !done) log::error("the search index could not be made", done.error());
    });
    announce(server->base_url());
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return stopping; });
    log::info("stopping");
    index.join();
  }
  server->stop();
  s.jobs->stop();
  return {};
}

void add_serve_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* command = app.add_subcommand("serve", zh ? "启动服务" : "Run the server");
  auto port = std::make_shared<std::string>();
  auto address = std::make_shared<std::string>();
  command->add_option("--port", *port, zh ? "监听端口（0 为任选空闲端口）" : "Port to listen on (0: any free one)");
  command->add_option("--address", *address, zh ? "监听地址" : "Address to listen on");
  command->callback([&, port, address] {
    chosen.action = [&, port, address] {
      if (!port->empty()) common.overrides.emplace_back("http.port", *port);
      if (!address->empty()) common.overrides.emplace_back("http.address", *address);
      log::set_level(log::Level::info);
      return with_system(common, [&](System& s, const Actor&) -> Result<void> {
        QS_TRY(auto made, s.identity->first_start(s.settings.text("site.root_department")));
        print_first_passwords(common, made);
        return serve(s, [&](const std::string& url) {
          std::cout << (common.lang == Lang::zh ? "区枢已启动：" : "Qushu serves on ") << url << std::endl;
        });
      });
    };
  });
}

}  // namespace qushu::app
