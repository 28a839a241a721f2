// Rows pushed into tables, and addresses that are told of new versions.
#include <CLI/CLI.hpp>
#include <iostream>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

void print_deliveries(const std::vector<delivery::Delivery>& list, const Common& common) {
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& d : list) {
    out.push_back(delivery::to_json(d, common.lang));
    auto where = d.kind == delivery::Kind::webhook
                     ? d.url
                     : d.source + " › " + (d.table.schema.empty() ? "" : d.table.schema + ".") + d.table.table;
    rows.push_back({d.id, where, d.active ? "✓" : "", d.cron, d.ran ? to_iso(*d.ran) : "", std::to_string(d.rows),
                    d.error ? d.error->in(common.lang) : ""});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"编号", "去向", "启用", "计划", "最近一次", "行数", "错误"}
                                        : std::vector<std::string>{"id", "to", "active", "schedule", "last", "rows", "error"},
                rows);
}

struct Words {
  std::string id, grant, source, schema, table, url, cron;
  bool by_version = true;
};

}  // namespace

void add_delivery_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("delivery", zh ? "推送和订阅" : "Deliveries under a grant")->require_subcommand(1);
  auto w = std::make_shared<Words>();
  auto* list = add_command(*group, common, chosen, "list", {"列出一个授权的推送和订阅", "List those of a grant"},
                           [&common, w](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto all, s.deliveries->list(actor, w->grant));
                             print_deliveries(all, common);
                             return {};
                           });
  list->add_option("grant", w->grant, zh ? "授权编号" : "The grant's id")->required();
  auto made = [&common](const std::pair<delivery::Delivery, std::string>& one) {
    if (common.json) {
      print(json::object{{"delivery", delivery::to_json(one.first, common.lang)}, {"secret", one.second}});
      return;
    }
    print_deliveries({one.first}, common);
    if (!one.second.empty()) std::cout << one.second << '\n';
  };
  auto* table = add_command(*group, common, chosen, "table",
                            {"推送到数据库表（--as 使用部门的人员）", "Push into a table of a database, --as the grantee's"},
                            [w, made](System& s, const Actor& actor) -> Result<void> {
                              QS_TRY(auto one, s.deliveries->add(actor, {.grant_id = w->grant,
                                                                         .kind = delivery::Kind::table,
                                                                         .source = w->source,
                                                                         .table = {.schema = w->schema, .table = w->table},
                                                                         .on_version = w->by_version,
                                                                         .cron = w->cron}));
                              made(one);
                              return {};
                            });
  table->add_option("grant", w->grant, zh ? "授权编号" : "The grant's id")->required();
  table->add_option("--source", w->source, zh ? "数据源代码" : "Code of the source")->required();
  table->add_option("--table", w->table, zh ? "目标表" : "The table")->required();
  table->add_option("--schema", w->schema, zh ? "模式" : "Its schema");
  table->add_option("--cron", w->cron, zh ? "计划，如 0 2 * * *" : "A schedule, such as 0 2 * * *");
  table->add_flag("!--no-versions", w->by_version, zh ? "有新版本时不推送" : "Not when there is a new version");
  auto* hook = add_command(
      *group, common, chosen, "webhook",
      {"有新版本时通知一个地址（--as 使用部门的人员）", "Tell an address of new versions, --as the grantee's"},
      [w, made](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto one,
               s.deliveries->add(actor, {.grant_id = w->grant, .kind = delivery::Kind::webhook, .source = {}, .url = w->url}));
        made(one);
        return {};
      });
  hook->add_option("grant", w->grant, zh ? "授权编号" : "The grant's id")->required();
  hook->add_option("url", w->url, zh ? "地址" : "The address")->required();
  for (bool active : {false, true}) {
    auto* c = add_command(*group, common, chosen, active ? "resume" : "pause",
                          active ? Text{"恢复", "Resume one"} : Text{"暂停", "Pause one"},
                          [&common, w, active](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto d, s.deliveries->activate(actor, w->id, active));
                            print_deliveries({d}, common);
                            return {};
                          });
    c->add_option("id", w->id, zh ? "编号" : "Its id")->required();
  }
  auto* remove = add_command(*group, common, chosen, "remove", {"删除", "Remove one"},
                             [w](System& s, const Actor& actor) { return s.deliveries->remove(actor, w->id); });
  remove->add_option("id", w->id, zh ? "编号" : "Its id")->required();
  auto* run = add_command(*group, common, chosen, "run", {"立即推送", "Deliver now"},
                          [&common, w](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto id, s.deliveries->run(actor, w->id));
                            QS_TRY(auto job, s.jobs->run_now(id));
                            if (job.error) return std::unexpected(*job.error);
                            if (common.json) print(jobs::to_json(job, common.lang));
                            return {};
                          });
  run->add_option("id", w->id, zh ? "编号" : "Its id")->required();
}

}  // namespace qushu::app
