// What stands on grants: application keys, use, records, watermarks, and the rules above them.
#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

struct Words {
  std::string id, name, kind = "bearer", expires, file, level, text;
  std::vector<std::string> grants;
  std::string scenario, process, effect, storage, destruction;
  std::string api, sql, files, push, second, purpose;
  int days = 30;
};

template <class Item, class Row>
void print_all(const std::vector<Item>& list, const Common& common, std::vector<std::string> head, Row row) {
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : list) {
    out.push_back(sharing::to_json(one));
    rows.push_back(row(one));
  }
  if (common.json)
    print(out);
  else
    print_table(std::move(head), rows);
}

void print_keys(const std::vector<sharing::ApplicationKey>& keys, const Common& common) {
  print_all(
      keys, common,
      common.lang == Lang::zh
          ? std::vector<std::string>{"编号", "应用", "部门", "类型", "尾号", "到期", "最近使用", "吊销"}
          : std::vector<std::string>{"id", "application", "department", "kind", "ends in", "expires", "last used", "revoked"},
      [](const sharing::ApplicationKey& k) {
        auto time = [](const std::optional<Time>& at) { return at ? to_iso(*at) : std::string(); };
        return std::vector<std::string>{k.id,
                                        k.name,
                                        k.department_name,
                                        std::string(sharing::name(k.kind)),
                                        k.hint,
                                        to_iso(k.expires),
                                        time(k.last_used),
                                        time(k.revoked)};
      });
}

void add_keys(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("key", zh ? "应用密钥" : "Application keys")->require_subcommand(1);
  auto w = std::make_shared<Words>();
  auto* list = add_command(*group, common, chosen, "list", {"列出应用密钥", "List application keys"},
                           [&common, w](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto keys, s.keys->list(actor, w->id));
                             print_keys(keys, common);
                             return {};
                           });
  list->add_option("--grant", w->id, zh ? "授权编号" : "A grant's id");
  auto* add =
      add_command(*group, common, chosen, "add",
                  {"签发应用密钥（用 --as 指明使用部门的人员）", "Make a key, --as somebody of the grantee's department"},
                  [&common, w](System& s, const Actor& actor) -> Result<void> {
                    sharing::NewKey key{.name = w->name, .grants = w->grants};
                    (void)sharing::parse(w->kind, key.kind);
                    if (!w->expires.empty()) key.expires = parse_iso(w->expires);
                    QS_TRY(auto made, s.keys->add(actor, key));
                    if (common.json)
                      print(json::object{{"key", sharing::to_json(made.first)}, {"secret", made.second}});
                    else
                      std::cout << made.first.id << '\n' << made.second << '\n';
                    return {};
                  });
  add->add_option("name", w->name, zh ? "应用名称" : "Name of the application")->required();
  add->add_option("--grant", w->grants, zh ? "授权编号，可多次" : "Id of a grant; repeatable")->required();
  add->add_option("--kind", w->kind, zh ? "类型" : "Kind")->check(CLI::IsMember({"bearer", "hmac-sha256", "hmac-sm3"}));
  add->add_option("--expires", w->expires, zh ? "到期时间，如 2027-01-01" : "When it expires, such as 2027-01-01");
  auto* revoke = add_command(*group, common, chosen, "revoke", {"吊销应用密钥", "Revoke a key"},
                             [&common, w](System& s, const Actor& actor) -> Result<void> {
                               QS_TRY(auto key, s.keys->revoke(actor, w->id));
                               print_keys({key}, common);
                               return {};
                             });
  revoke->add_option("id", w->id, zh ? "密钥编号" : "The key's id")->required();
}

void add_watermarks(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("watermark", zh ? "文件水印" : "Watermarks of files")->require_subcommand(1);
  auto w = std::make_shared<Words>();
  auto* read =
      add_command(*group, common, chosen, "read", {"查验文件是谁导出的", "Whose export a file is"},
                  [&common, w](System& s, const Actor& actor) -> Result<void> {
                    QS_TRY(auto marks, s.watermarks->read(actor, w->file, std::filesystem::path(w->file).filename().string()));
                    if (marks.empty() && !common.json) {
                      std::cout << (common.lang == Lang::zh ? "没有发现水印。\n" : "No watermark was found.\n");
                      return {};
                    }
                    print_all(marks, common,
                              common.lang == Lang::zh
                                  ? std::vector<std::string>{"导出号", "次数", "授权", "数据集", "使用部门", "导出人", "时间"}
                                  : std::vector<std::string>{"export", "times", "grant", "dataset", "department", "by", "at"},
                              [](const sharing::FoundMark& m) {
                                return std::vector<std::string>{std::to_string(m.file.number),
                                                                std::to_string(m.times),
                                                                std::to_string(m.file.grant_number),
                                                                m.file.dataset_title,
                                                                m.file.department_name,
                                                                m.file.person_name,
                                                                to_iso(m.file.at)};
                              });
                    return {};
                  });
  read->add_option("file", w->file, zh ? "CSV、JSON、XLSX、Parquet 或文本文件" : "A CSV, JSON, XLSX, Parquet or text file")
      ->required()
      ->check(CLI::ExistingFile);
}

void add_rules(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group =
      app.add_subcommand("sharing-rule", zh ? "分级共享策略" : "What may be shared how, by level")->require_subcommand(1);
  auto show = [&common](System& s) -> Result<void> {
    QS_TRY(auto table, s.rules->table());
    if (common.json) {
      print(sharing::to_json(*table));
      return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& rule : table->levels) {
      std::vector<std::string> row{rule.level};
      for (auto use : {sharing::Use::api, sharing::Use::sql, sharing::Use::file, sharing::Use::push})
        row.emplace_back(sharing::name(rule.of(use)));
      row.emplace_back(rule.second ? "✓" : "");
      row.emplace_back(rule.purpose ? "✓" : "");
      rows.push_back(std::move(row));
    }
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"级别", "接口", "SQL", "文件", "推送", "主管部门复核", "用途类别"}
                    : std::vector<std::string>{"level", "api", "sql", "file", "push", "second approval", "named purpose"},
                rows);
    return {};
  };
  add_command(*group, common, chosen, "list", {"列出策略", "List the rules"},
              [show](System& s, const Actor&) { return show(s); });
  auto w = std::make_shared<Words>();
  auto* set = add_command(*group, common, chosen, "set", {"修改一个级别的策略", "Change the rule of a level"},
                          [show, w](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto table, s.rules->table());
                            auto rule = table->of(w->level);
                            rule.level = w->level;
                            const std::array given{&w->api, &w->sql, &w->files, &w->push};
                            for (std::size_t i = 0; i < given.size(); ++i)
                              (void)sharing::parse(*given.at(i), rule.by_use.at(i));
                            if (!w->second.empty()) rule.second = w->second == "yes";
                            if (!w->purpose.empty()) rule.purpose = w->purpose == "yes";
                            QS_CHECK(s.rules->change(actor, rule));
                            return show(s);
                          });
  set->add_option("level", w->level, zh ? "级别：1–4、important、core" : "The level: 1–4, important, core")->required();
  auto ruling = CLI::IsMember({"allowed", "masked", "denied"});
  set->add_option("--api", w->api, zh ? "接口与页面" : "API and pages")->check(ruling);
  set->add_option("--sql", w->sql, "SQL")->check(ruling);
  set->add_option("--file", w->files, zh ? "文件下载" : "Files")->check(ruling);
  set->add_option("--push", w->push, zh ? "推送入库" : "Pushed tables")->check(ruling);
  set->add_option("--second", w->second, zh ? "需主管部门复核" : "Needs the second approval")
      ->check(CLI::IsMember({"yes", "no"}));
  set->add_option("--purpose", w->purpose, zh ? "需选用途类别" : "Needs a named purpose")->check(CLI::IsMember({"yes", "no"}));
}

}  // namespace

void add_usage_commands(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto w = std::make_shared<Words>();
  auto* usage = add_command(
      group, common, chosen, "usage", {"使用计量，按日", "What was used, by day"},
      [&common, w](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto g, s.grants->find(actor, w->id));
        QS_TRY(auto list, s.meter->usage(g.id, to_iso(system_clock().now() - std::chrono::days(w->days - 1)).substr(0, 10)));
        print_all(list, common,
                  common.lang == Lang::zh ? std::vector<std::string>{"日期", "谁", "方式", "次数", "行数", "拒绝"}
                                          : std::vector<std::string>{"day", "who", "method", "calls", "rows", "refused"},
                  [](const sharing::Usage& u) {
                    return std::vector<std::string>{
                        u.day, u.who, u.method, std::to_string(u.calls), std::to_string(u.rows), std::to_string(u.refused)};
                  });
        return {};
      });
  usage->add_option("id", w->id, zh ? "授权编号" : "The grant's id")->required();
  usage->add_option("--days", w->days, zh ? "最近几天" : "How many days back")->check(CLI::Range(1, 3660));
  auto show = [&common](const std::vector<sharing::GrantRecord>& list) {
    print_all(list, common,
              common.lang == Lang::zh ? std::vector<std::string>{"时间", "种类", "登记人", "内容"}
                                      : std::vector<std::string>{"at", "kind", "by", "text"},
              [](const sharing::GrantRecord& r) {
                std::string text;
                for (const auto* part : {&r.scenario, &r.process, &r.effect, &r.storage, &r.destruction})
                  if (!part->empty()) text += (text.empty() ? "" : " · ") + *part;
                return std::vector<std::string>{to_iso(r.at), std::string(sharing::name(r.kind)), r.person_name, text};
              });
  };
  auto* records = add_command(group, common, chosen, "records", {"使用、整改、处置登记", "What was written down about it"},
                              [w, show](System& s, const Actor& actor) -> Result<void> {
                                QS_TRY(auto list, s.records->list(actor, w->id));
                                show(list);
                                return {};
                              });
  records->add_option("id", w->id, zh ? "授权编号" : "The grant's id")->required();
  auto* record = add_command(
      group, common, chosen, "record",
      {"登记使用、整改或处置（--as 使用部门的人员）", "Write down use, rectification or disposal (--as the grantee's)"},
      [w, show](System& s, const Actor& actor) -> Result<void> {
        sharing::GrantRecord r{.id = {},
                               .grant_id = w->id,
                               .scenario = w->scenario,
                               .process = w->process,
                               .effect = w->effect,
                               .storage = w->storage,
                               .destruction = w->destruction,
                               .person_name = {},
                               .at = {}};
        (void)sharing::parse(w->kind, r.kind);
        QS_TRY(auto kept, s.records->add(actor, std::move(r)));
        show({kept});
        return {};
      });
  record->add_option("id", w->id, zh ? "授权编号" : "The grant's id")->required();
  record->add_option("kind", w->kind, zh ? "种类" : "Kind")
      ->required()
      ->check(CLI::IsMember({"usage", "rectification", "disposal"}));
  record->add_option("--scenario", w->scenario, zh ? "使用场景" : "Scenario");
  record->add_option("--process", w->process, zh ? "使用过程" : "Process");
  record->add_option("--effect", w->effect, zh ? "使用效果" : "Effect");
  record->add_option("--storage", w->storage, zh ? "存储情况" : "Storage");
  record->add_option("--destruction", w->destruction, zh ? "销毁情况" : "Destruction");
}

void add_grant_use_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_keys(app, common, chosen);
  add_watermarks(app, common, chosen);
  add_rules(app, common, chosen);
}

}  // namespace qushu::app
