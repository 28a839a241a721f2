// qushu release propose | check | approve | refuse | withdraw | list | licences
#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using opendata::Release;

std::string state_name(const Release& r, Lang lang) {
  return catalog::name_of(opendata::release_states(), r.state).in(lang);
}

void print_release(const Common& common, const Release& r) {
  if (common.json) {
    print(opendata::to_json(r));
    return;
  }
  bool zh = common.lang == Lang::zh;
  std::cout << fmt::format("{}  {}  {}  {}\n", r.id, r.code, r.title, state_name(r, common.lang));
  std::cout << (zh ? "信息项 " : "fields ") << join(r.fields, ", ") << '\n';
  std::cout << (zh ? "许可 " : "licence ") << r.licence << (zh ? "，版本 " : ", version ") << r.version << '\n';
  for (const auto* step : {&r.proposed, &r.decided, &r.withdrawn})
    if (step->at) std::cout << to_iso(*step->at).substr(0, 16) << "  " << step->person_name << "  " << step->comment << '\n';
}

void print_check(const Common& common, const opendata::PrivacyCheck& c) {
  if (common.json) {
    print(opendata::to_json(c));
    return;
  }
  bool zh = common.lang == Lang::zh;
  std::vector<std::vector<std::string>> rows;
  for (const auto& f : c.fields)
    rows.push_back({f.id, f.name, f.level, std::string(insight::name(f.role)), f.blocked.in(common.lang), f.excused});
  print_table(zh ? std::vector<std::string>{"标识符", "名称", "级别", "角色", "不能开放的原因", "说明"}
                 : std::vector<std::string>{"id", "name", "grade", "role", "why not", "excuse"},
              rows);
  if (c.anonymity)
    std::cout << (zh ? fmt::format("k = {}（要求 {}），不足的行 {}\n", c.anonymity->k, c.wanted_k, c.anonymity->rows_below)
                     : fmt::format("k = {} ({} wanted), rows below {}\n", c.anonymity->k, c.wanted_k, c.anonymity->rows_below));
  std::cout << (c.passed() ? (zh ? "通过" : "passes") : c.failed.in(common.lang)) << '\n';
}

Result<opendata::Excuses> excuses_of(const std::vector<std::string>& given) {
  opendata::Excuses out;
  for (const auto& one : given) {
    auto equal = one.find('=');
    if (equal == std::string::npos || equal == 0)
      return fail(Error{
          .code = Code::invalid,
          .id = "cli.excuse",
          .text = {"应写成 信息项=理由；整个数据集用 *=理由。", "Write it as field=reason; *=reason for the whole dataset."},
          .subject = "--excuse " + one});
    out[one.substr(0, equal)] = one.substr(equal + 1);
  }
  return out;
}

struct ProposeOptions {
  opendata::Proposal proposal;
  std::vector<std::string> excuses;
};

CLI::App* add_proposing(CLI::App& group, Common& common, Chosen& chosen, const char* name, const Text& text, bool keep) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<ProposeOptions>();
  auto* c = group.add_subcommand(name, text.in(common.lang));
  c->add_option("code", o->proposal.dataset, zh ? "数据集代码" : "Dataset code")->required();
  c->add_option("--field", o->proposal.fields,
                zh ? "开放的信息项（标识符或名称），可多次；不写则为全部可以开放的"
                   : "Field to release, by id or name; repeatable; all that may be by default");
  c->add_option(
      "--excuse", o->excuses,
      zh ? "信息项=与个人无关的理由；整个数据集用 *=理由" : "field=why it is not about people; *=… for the whole dataset");
  if (keep) {
    o->proposal.licence = "district-open";
    c->add_option("--licence", o->proposal.licence, zh ? "许可" : "Licence")->capture_default_str();
    c->add_option("--title-en", o->proposal.title_en, zh ? "英文名称" : "English title");
    c->add_option("--abstract-en", o->proposal.abstract_en, zh ? "英文摘要" : "English abstract");
    c->add_option("--reason", o->proposal.reason, zh ? "说明" : "Why");
  }
  c->callback([&, o, keep] {
    chosen.action = [&, o, keep] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(o->proposal.excuses, excuses_of(o->excuses));
        if (!keep) {
          QS_TRY(auto check, s.releases->check(actor, o->proposal, {}));
          print_check(common, check);
          return {};
        }
        QS_TRY(auto made, s.releases->propose(actor, o->proposal, {}));
        print_release(common, made);
        return {};
      });
    };
  });
  return c;
}

void add_deciding(CLI::App& group, Common& common, Chosen& chosen, const char* name, const Text& text,
                  std::function<Result<Release>(System&, const Actor&, const std::string&, const std::string&)> act) {
  bool zh = common.lang == Lang::zh;
  auto id = std::make_shared<std::string>(), comment = std::make_shared<std::string>();
  auto* c = group.add_subcommand(name, text.in(common.lang));
  c->add_option("id", *id, zh ? "开放申请的编号，或数据集代码" : "Id of the release, or the dataset's code")->required();
  c->add_option("--comment", *comment, zh ? "说明或理由" : "Comment or reason");
  c->callback([&, id, comment, act = std::move(act)] {
    chosen.action = [&, id, comment, act] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto done, act(s, actor, *id, *comment));
        print_release(common, done);
        return {};
      });
    };
  });
}

void add_listing(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto state = std::make_shared<std::string>();
  auto* c = group.add_subcommand("list", zh ? "列出开放的数据和申请" : "List releases and proposals");
  c->add_option("--state", *state, "proposed approved refused withdrawn superseded")
      ->check(CLI::IsMember({"proposed", "approved", "refused", "withdrawn", "superseded"}));
  c->callback([&, state] {
    chosen.action = [&, state] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto list, s.releases->list(actor, *state));
        json::array all;
        std::vector<std::vector<std::string>> rows;
        for (const auto& r : list) {
          all.emplace_back(opendata::to_json(r));
          rows.push_back({r.id, r.code, r.title, state_name(r, common.lang), r.licence, std::to_string(r.version),
                          r.proposed.person_name});
        }
        if (common.json)
          print(all);
        else
          print_table(common.lang == Lang::zh
                          ? std::vector<std::string>{"编号", "代码", "名称", "状态", "许可", "版本", "申请人"}
                          : std::vector<std::string>{"id", "code", "title", "state", "licence", "version", "proposed by"},
                      rows);
        return {};
      });
    };
  });
  add_command(group, common, chosen, "licences", {"列出开放许可", "List the licences"},
              [&common](System& s, const Actor&) -> Result<void> {
                QS_TRY(auto list, s.releases->licences());
                json::array all;
                std::vector<std::vector<std::string>> rows;
                for (const auto& l : list) {
                  all.emplace_back(opendata::to_json(l));
                  rows.push_back({l.id, l.title.in(common.lang), l.url});
                }
                if (common.json)
                  print(all);
                else
                  print_table(common.lang == Lang::zh ? std::vector<std::string>{"代码", "名称", "网址"}
                                                      : std::vector<std::string>{"id", "title", "address"},
                              rows);
                return {};
              });
}

}  // namespace

void add_open_commands(CLI::App& app, Common& common, Chosen& chosen) {
  auto* group = app.add_subcommand("release", common.lang == Lang::zh ? "向公众开放：申请、审批、撤回"
                                                                      : "Release to the public: propose, approve, withdraw");
  group->require_subcommand(1);
  add_proposing(*group, common, chosen, "check", {"开放前的隐私检查", "The privacy check before a release"}, false);
  add_proposing(*group, common, chosen, "propose", {"申请开放一个数据集", "Propose a dataset for release"}, true);
  add_deciding(*group, common, chosen, "approve", {"批准开放（须由另一人）", "Approve, which is for another person"},
               [](System& s, const Actor& actor, const std::string& id, const std::string& comment) {
                 return s.releases->approve(actor, id, comment, {});
               });
  add_deciding(*group, common, chosen, "refuse", {"不批准，须说明理由", "Refuse, with reasons"},
               [](System& s, const Actor& actor, const std::string& id, const std::string& comment) {
                 return s.releases->refuse(actor, id, comment);
               });
  add_deciding(*group, common, chosen, "withdraw", {"撤回开放，立即生效", "Withdraw, at once"},
               [](System& s, const Actor& actor, const std::string& id, const std::string& comment) {
                 return s.releases->withdraw(actor, id, comment);
               });
  add_listing(*group, common, chosen);
}

}  // namespace qushu::app
