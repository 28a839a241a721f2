// qushu harvest add | change | list | show | run | entries | remove
#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using opendata::Harvest;
using opendata::HarvestRun;

std::string state_of(const HarvestRun& run, Lang lang) {
  bool zh = lang == Lang::zh;
  if (run.state != "succeeded") return run.state + (run.error ? "  " + run.error->in(lang) : "");
  const auto& c = run.counts;
  return zh ? fmt::format("共 {}：新增 {}，变化 {}，未变 {}，对方已没有 {}，未采集 {}", c.seen, c.created, c.changed,
                          c.unchanged, c.gone, c.failed)
            : fmt::format("{} seen: {} created, {} changed, {} unchanged, {} gone, {} failed", c.seen, c.created, c.changed,
                          c.unchanged, c.gone, c.failed);
}

void print_harvest(const Common& common, const Harvest& h) {
  if (common.json) {
    print(opendata::to_json(h, common.lang));
    return;
  }
  std::cout << fmt::format("{}  {}  {}  {}  {}\n", h.code, h.title, h.kind, h.address, h.department_name);
  if (!h.cron.empty()) std::cout << fmt::format("{} ({})\n", h.cron, h.enabled ? h.days : "off");
  if (h.last) std::cout << state_of(*h.last, common.lang) << '\n';
}

struct Options {
  Harvest harvest;
  bool off = false;
};

void add_writing(CLI::App& group, Common& common, Chosen& chosen, bool fresh) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<Options>();
  auto* c = fresh ? group.add_subcommand("add", zh ? "新增目录采集" : "Add a harvest")
                  : group.add_subcommand("change", zh ? "修改目录采集" : "Change a harvest");
  c->add_option("code", o->harvest.code, zh ? "代码" : "Code")->required();
  auto* title = c->add_option("--title", o->harvest.title, zh ? "名称" : "Title");
  auto* address = c->add_option("--address", o->harvest.address,
                                zh ? "CKAN 站点的地址，或 DCAT 目录（JSON-LD、Turtle、RDF/XML）的地址"
                                   : "Address of the CKAN site, or of the DCAT catalogue in JSON-LD, Turtle or RDF/XML");
  if (fresh) {
    title->required();
    address->required();
    c->add_option("--kind", o->harvest.kind, "ckan | dcat")->required()->check(CLI::IsMember({"ckan", "dcat"}));
  }
  auto* department = c->add_option("--department", o->harvest.department_id,
                                   zh ? "作为提供方的部门的代码" : "Code of the department that becomes the provider");
  auto* cron = c->add_option("--cron", o->harvest.cron,
                             zh ? "采集时间，如 \"0 3 * * *\"；不给则只手动采集" : "When, such as \"0 3 * * *\"");
  auto* days = c->add_option("--days", o->harvest.days, "every | working | first_working");
  days->check(CLI::IsMember({"every", "working", "first_working"}));
  c->add_flag("--off", o->off, zh ? "停用定时采集" : "The schedule does not count");
  c->callback([&, o, fresh, title, address, department, cron, days] {
    chosen.action = [&, o, fresh, title, address, department, cron, days] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        o->harvest.enabled = !o->off;
        if (fresh) {
          QS_TRY(auto made, s.harvests->add(actor, o->harvest));
          print_harvest(common, made);
          return {};
        }
        QS_TRY(auto now, s.harvests->find(actor, o->harvest.code));
        if (title->count() > 0) now.title = o->harvest.title;
        if (address->count() > 0) now.address = o->harvest.address;
        if (department->count() > 0) now.department_id = o->harvest.department_id;
        if (cron->count() > 0) now.cron = o->harvest.cron;
        if (days->count() > 0) now.days = o->harvest.days;
        now.enabled = !o->off;
        QS_TRY(auto done, s.harvests->change(actor, now.code, now));
        print_harvest(common, done);
        return {};
      });
    };
  });
}

CLI::App* add_named(CLI::App& group, Common& common, Chosen& chosen, const char* name, const Text& text,
                    std::function<Result<void>(System&, const Actor&, const std::string&)> act) {
  auto code = std::make_shared<std::string>();
  auto* c = group.add_subcommand(name, text.in(common.lang));
  c->add_option("code", *code, common.lang == Lang::zh ? "代码" : "Code")->required();
  c->callback([&, code, act = std::move(act)] {
    chosen.action = [&, code, act] {
      return with_system(common, [&](System& s, const Actor& actor) { return act(s, actor, *code); });
    };
  });
  return c;
}

Result<void> run_now(System& s, const Actor& actor, const Common& common, const std::string& code) {
  QS_TRY(auto queued, s.harvests->run(actor, code));
  QS_TRY(auto job, s.jobs->run_now(queued.job_id));
  if (job.state != jobs::State::succeeded) {
    if (job.error) return fail(*job.error);
    return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
  }
  QS_TRY(auto found, s.harvests->find_run(actor, queued.id));
  if (common.json) {
    print(opendata::to_json(found.first, common.lang));
    return {};
  }
  std::cout << state_of(found.first, common.lang) << '\n';
  for (const auto& f : found.second) std::cout << fmt::format("  {}  {}  {}\n", f.remote_id, f.title, f.text.in(common.lang));
  return {};
}

Result<void> list_entries(System& s, const Actor& actor, const Common& common, const std::string& code, bool gone) {
  json::array all;
  std::vector<std::vector<std::string>> rows;
  constexpr std::size_t kPage = 500;
  for (std::string after;;) {
    QS_TRY(auto page, s.harvests->entries(actor, code, gone, after, kPage));
    for (const auto& e : page) {
      all.emplace_back(opendata::to_json(e));
      rows.push_back({e.dataset, e.title, e.gone ? "gone" : e.outcome, e.page});
    }
    if (page.size() < kPage) break;
    after = page.back().remote_id;
  }
  if (common.json)
    print(all);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"数据集", "名称", "状态", "网页"}
                                        : std::vector<std::string>{"dataset", "title", "state", "page"},
                rows);
  return {};
}

}  // namespace

void add_harvest_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("harvest", zh ? "采集其他数据目录（CKAN、DCAT）" : "Harvest other catalogues (CKAN, DCAT)");
  group->require_subcommand(1);
  add_writing(*group, common, chosen, true);
  add_writing(*group, common, chosen, false);
  add_command(*group, common, chosen, "list", {"列出目录采集", "List the harvests"},
              [&common](System& s, const Actor& actor) -> Result<void> {
                QS_TRY(auto all, s.harvests->list(actor));
                json::array out;
                std::vector<std::vector<std::string>> rows;
                for (const auto& h : all) {
                  out.emplace_back(opendata::to_json(h, common.lang));
                  rows.push_back({h.code, h.title, h.kind, h.address, h.department_name, std::to_string(h.entries),
                                  h.last ? state_of(*h.last, common.lang) : ""});
                }
                if (common.json)
                  print(out);
                else
                  print_table(
                      common.lang == Lang::zh
                          ? std::vector<std::string>{"代码", "名称", "种类", "地址", "部门", "数据集", "上次"}
                          : std::vector<std::string>{"code", "title", "kind", "address", "department", "datasets", "last"},
                      rows);
                return {};
              });
  add_named(*group, common, chosen, "show", {"查看目录采集", "Show a harvest"},
            [&common](System& s, const Actor& actor, const std::string& code) -> Result<void> {
              QS_TRY(auto h, s.harvests->find(actor, code));
              print_harvest(common, h);
              return {};
            });
  add_named(*group, common, chosen, "run", {"立即采集，列出没有采集到的", "Harvest now, and list what could not be brought in"},
            [&common](System& s, const Actor& actor, const std::string& code) { return run_now(s, actor, common, code); });
  auto gone = std::make_shared<bool>(false);
  add_named(*group, common, chosen, "entries", {"列出采集到的数据集", "List the datasets that were brought in"},
            [&common, gone](System& s, const Actor& actor, const std::string& code) {
              return list_entries(s, actor, common, code, *gone);
            })
      ->add_flag("--gone", *gone, zh ? "只列对方已没有的" : "Only those that are gone");
  add_named(*group, common, chosen, "remove", {"删除目录采集，目录条目保留", "Remove a harvest; its entries stay"},
            [](System& s, const Actor& actor, const std::string& code) { return s.harvests->remove(actor, code); });
}

}  // namespace qushu::app
