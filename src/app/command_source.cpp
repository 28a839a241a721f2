#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

struct Given {
  std::string code, name, kind, department, search, schema, table, query, pattern;
  std::vector<std::string> settings, secrets;
  std::int64_t parallel = 1;
};

Failure usage(const std::string& subject, std::string zh, std::string en) {
  return fail(Error{.code = Code::invalid, .id = "cli.usage", .text = {std::move(zh), std::move(en)}, .subject = subject});
}

// "port=5432" by the kind's fields. A secret is read from a file, so that it is in no list of processes.
Result<sources::NewSource> source_of(const Given& g) {
  sources::NewSource n{
      .code = g.code, .name = g.name, .department = g.department, .settings = {}, .secrets = {}, .parallel = g.parallel};
  if (!sources::parse(g.kind, n.kind))
    return usage("--kind", "种类为 http、s3、sftp、postgresql、mysql、sqlite 或 odbc。",
                 "The kind is http, s3, sftp, postgresql, mysql, sqlite or odbc.");
  for (const auto& pair : g.settings) {
    auto equal = pair.find('=');
    if (equal == std::string::npos) return usage("--setting " + pair, "应写成 名称=值。", "Write it as name=value.");
    auto key = pair.substr(0, equal), value = pair.substr(equal + 1);
    n.settings[key] = value;
    for (const auto& f : sources::fields(n.kind)) {
      if (f.name != key) continue;
      if (f.input == sources::Field::Input::integer)
        if (auto number = to_int(value)) n.settings[key] = *number;
      if (f.input == sources::Field::Input::boolean) n.settings[key] = value == "true";
    }
  }
  for (const auto& pair : g.secrets) {
    auto equal = pair.find('=');
    if (equal == std::string::npos) return usage("--secret " + pair, "应写成 名称=文件。", "Write it as name=file.");
    std::ifstream in(pair.substr(equal + 1), std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) return usage("--secret " + pair, "打不开这个文件。", "The file cannot be opened.");
    n.secrets[pair.substr(0, equal)] = std::string(trim(text.str()));
  }
  return n;
}

Result<void> list(System& s, const Actor& actor, const Common& common) {
  QS_TRY(auto all, s.sources->list(actor));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : all) {
    out.emplace_back(sources::to_json(one, common.lang));
    rows.push_back({one.code, one.name, sources::title(one.kind).in(common.lang), one.state, one.version});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"代码", "名称", "种类", "状态", "版本"}
                                        : std::vector<std::string>{"code", "name", "kind", "state", "version"},
                rows);
  return {};
}

// The saved source, or one that the words describe.
Result<sources::Access> access_to(System& s, const Actor& actor, const Given& g) {
  if (g.kind.empty() && g.code.empty())
    return usage("code", "请给出数据源代码，或用 --kind 和 --setting 描述未保存的数据源。",
                 "Give the code of a source, or describe one that is not saved by --kind and --setting.");
  if (g.kind.empty()) return s.sources->target(actor, g.code);
  QS_TRY(auto described, source_of(g));
  return s.sources->draft(actor, described, g.code);
}

// What was done with it; a try of one that is not saved is recorded.
template <class T>
Result<T> done(System& s, const Actor& actor, const Given& g, const sources::Access& access, Result<T> outcome) {
  return g.kind.empty() ? std::move(outcome) : s.sources->tried(actor, access, std::move(outcome));
}

Result<void> browse(System& s, const Actor& actor, const Common& common, const Given& g) {
  QS_TRY(auto access, access_to(s, actor, g));
  QS_TRY(auto offers, done(s, actor, g, access, s.sources->browse(access, g.search, 500)));
  json::array out;
  for (const auto& o : offers) {
    out.emplace_back(sources::to_json(o));
    if (!common.json) std::cout << (o.schema.empty() ? "" : o.schema + ".") << o.name << '\n';
  }
  if (common.json) print(out);
  return {};
}

Result<void> preview(System& s, const Actor& actor, const Common& common, const Given& g) {
  QS_TRY(auto access, access_to(s, actor, g));
  sources::Selection selection{.schema = g.schema, .table = g.table, .query = g.query, .pattern = g.pattern};
  QS_TRY(auto seen, done(s, actor, g, access, s.sources->preview(access, selection, 20)));
  if (common.json) {
    print(sources::to_json(seen, common.lang));
    return {};
  }
  std::vector<std::string> head;
  for (const auto& c : seen.columns) head.push_back(c.source_name);
  std::vector<std::vector<std::string>> rows;
  for (const auto& row : seen.rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(cell.value_or(""));
    rows.push_back(std::move(cells));
  }
  print_table(head, rows);
  return {};
}

}  // namespace

void add_source_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("source", zh ? "数据源" : "Sources");
  group->require_subcommand(1);
  auto g = std::make_shared<Given>();
  auto command = [&](const char* name, const char* zh_text, const char* en_text, Body body) {
    return add_command(*group, common, chosen, name, {zh_text, en_text}, std::move(body));
  };
  auto code = [&](CLI::App* c) {
    c->add_option("code", g->code, zh ? "数据源代码" : "The source's code")->required();
    return c;
  };
  auto settings = [&](CLI::App* c, bool required = true) {
    c->add_option("--kind", g->kind, zh ? "种类" : "Its kind")->required(required);
    c->add_option("--setting", g->settings, zh ? "设置，如 host=10.0.0.5" : "A setting, such as host=10.0.0.5");
    c->add_option("--secret", g->secrets, zh ? "口令等，从文件读：password=文件" : "A secret, read from a file: password=FILE");
  };
  command("list", "列出数据源", "List sources", [&common](System& s, const Actor& a) { return list(s, a, common); });
  code(command("show", "查看数据源", "Show a source", [&common, g](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto one, s.sources->find(a, g->code));
    print(sources::to_json(one, common.lang));
    return {};
  }));
  auto* add = code(command("add", "新增数据源", "Add a source", [&common, g](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto n, source_of(*g));
    QS_TRY(auto made, s.sources->add(a, n));
    print(sources::to_json(made, common.lang));
    return {};
  }));
  settings(add);
  add->add_option("--name", g->name, zh ? "名称" : "Its name")->required();
  add->add_option("--department", g->department, zh ? "部门代码" : "Code of its department");
  add->add_option("--parallel", g->parallel, zh ? "同时运行的个数" : "Runs at the same time")
      ->check(CLI::Range(std::int64_t{1}, sources::kMostParallel));
  settings(command("try", "用未保存的设置试连", "Try settings that are not saved",
                   [&common, g](System& s, const Actor& a) -> Result<void> {
                     QS_TRY(auto n, source_of(*g));
                     QS_TRY(auto access, s.sources->draft(a, n));
                     QS_TRY(auto checked, s.sources->check(a, access));
                     print(sources::to_json(checked, common.lang));
                     return {};
                   }));
  code(command("check", "测试连接", "Try a saved source", [&common, g](System& s, const Actor& a) -> Result<void> {
    QS_TRY(auto access, s.sources->target(a, g->code));
    QS_TRY(auto checked, s.sources->check(a, access));
    print(sources::to_json(checked, common.lang));
    return {};
  }));
  auto maybe_code = [&](CLI::App* c) {
    c->add_option("code", g->code,
                  zh ? "数据源代码；未保存的用 --kind 描述" : "The source's code; --kind describes one that is not saved");
    settings(c, false);
    return c;
  };
  auto* look = maybe_code(command("browse", "列出表或文件", "List tables or files",
                                  [&common, g](System& s, const Actor& a) { return browse(s, a, common, *g); }));
  look->add_option("--search", g->search, zh ? "名称中的文字" : "Part of the name");
  auto* show_rows = maybe_code(command("preview", "预览前几行", "Show the first rows",
                                       [&common, g](System& s, const Actor& a) { return preview(s, a, common, *g); }));
  show_rows->add_option("--schema", g->schema, zh ? "模式" : "Schema");
  show_rows->add_option("--table", g->table, zh ? "表" : "Table");
  show_rows->add_option("--query", g->query, zh ? "查询" : "Query");
  show_rows->add_option("--pattern", g->pattern, zh ? "文件名样式" : "Pattern of files");
  code(command("remove", "删除数据源", "Remove a source",
               [g](System& s, const Actor& a) { return s.sources->remove(a, g->code); }));
}

}  // namespace qushu::app
