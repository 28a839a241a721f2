// qushu steps, lineage, linkage, privacy
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

std::string text_at(const json::value& object, std::string_view key) {
  const auto* value = object.as_object().if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  if (value->is_string()) return std::string(value->get_string());
  return json::serialize(*value);
}

std::string percent(double share) {
  return fmt::format("{:.0f}%", share * 100);
}

std::string count_of(const json::value& object, std::string_view key) {
  return with_thousands(object.at(key).to_number<std::int64_t>());
}

// --- steps ---------------------------------------------------------------------------------------------------------------

struct StepOptions {
  std::string file, dataset;
  std::vector<std::string> values;  // "name=value"
  std::uint64_t rows = 0;
};

Result<ingest::StepPlan> read_plan(const std::string& path) {
  std::ifstream in(path);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  boost::system::error_code broken;
  auto value = json::parse(text, broken);
  if (!in || broken || !value.is_object())
    return fail(Error{.code = Code::invalid,
                      .id = "steps.file",
                      .text = {path + " 不是 JSON 文件，应形如 {\"steps\": [{\"name\": \"clean\", \"sql\": \"SELECT …\"}]}。",
                               path + " is no JSON file like {\"steps\": [{\"name\": \"clean\", \"sql\": \"SELECT …\"}]}."},
                      .subject = path});
  return ingest::step_plan_of(value);
}

void print_steps(const ingest::StepReport& report, bool zh) {
  for (const auto& step : report.steps) {
    std::string reads;
    for (const auto& read : step.reads)
      reads += (reads.empty() ? "" : ", ") + read.name +
               (read.rows ? fmt::format(" ({})", with_thousands(static_cast<std::int64_t>(*read.rows))) : "");
    std::cout << fmt::format("{} {}  {} → {}\n", step.name, step.title, reads,
                             with_thousands(static_cast<std::int64_t>(step.rows)) + (zh ? " 行" : " rows"));
    std::vector<std::string> head;
    for (const auto& column : step.columns) head.push_back(column.name + ":" + std::string(engine::name(column.type)));
    std::vector<std::vector<std::string>> rows;
    for (const auto& first : step.first) {
      auto& row = rows.emplace_back();
      for (const auto& cell : first) row.push_back(cell.value_or(""));
    }
    print_table(head, rows);
  }
}

Result<void> run_steps(System& s, const Actor& actor, const Common& common, const StepOptions& o) {
  QS_TRY(auto plan, read_plan(o.file));
  ingest::StepRun run{.owner = actor, .at = system_clock().now()};
  std::atomic<bool> stopped = false;
  SignalWatch signals([&] { stopped = true; });
  run.cancelled = [&] { return stopped.load(); };
  for (const auto& value : o.values) run.values[value.substr(0, value.find('='))] = value.substr(value.find('=') + 1);
  auto rows = o.rows > 0 ? o.rows : static_cast<std::uint64_t>(s.settings.integer("ingest.step_sample"));
  QS_TRY(auto report, ingest::try_steps(*s.steps, *s.policy, plan, o.dataset, run, rows));
  if (common.json)
    print(ingest::to_json(report));
  else
    print_steps(report, common.lang == Lang::zh);
  return {};
}

void add_steps(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("steps", zh ? "归集任务的 SQL 步骤" : "SQL steps of pipelines");
  group->require_subcommand(1);
  auto o = std::make_shared<StepOptions>();
  auto* c = group->add_subcommand("try", zh ? "在一个数据集的前若干行上试运行" : "Try steps on the first rows of a dataset");
  c->add_option("file", o->file, zh ? "步骤的 JSON 文件" : "JSON file of the steps")->required();
  c->add_option("--dataset", o->dataset, zh ? "作为 input 的数据集" : "The dataset that is the input")->required();
  c->add_option("--rows", o->rows, zh ? "取前多少行" : "How many rows to take")->check(CLI::Range(1, 1'000'000));
  c->add_option("--value", o->values, zh ? "参数：名称=值，可多次" : "A parameter: name=value; repeatable")
      ->check([](const std::string& text) { return text.find('=') == std::string::npos ? "name=value" : ""; });
  c->callback([&, o] {
    chosen.action = [&, o] {
      return with_system(common, [&](System& s, const Actor& actor) { return run_steps(s, actor, common, *o); });
    };
  });
}

// --- lineage -----------------------------------------------------------------------------------------------------------------

void print_lineage(const json::object& graph, bool zh) {
  std::map<std::string, std::string> titles;
  std::vector<std::vector<std::string>> rows;
  for (const auto& node : graph.at("nodes").as_array()) {
    auto title =
        node.at("hidden").as_bool() ? std::string(zh ? "（无权查看）" : "(not for you to see)") : text_at(node, "title");
    titles[text_at(node, "id")] = title;
    std::vector<std::string> touched;
    for (const auto& column : node.at("touched").as_array()) touched.emplace_back(column.as_string());
    rows.push_back({text_at(node, "distance"), text_at(node, "kind"), title, text_at(node, "code"), join(touched, ", "),
                    node.at("certain").as_bool() ? "" : "?"});
  }
  std::ranges::sort(rows, {}, [](const auto& row) { return std::pair(to_int(row[0]).value_or(0), row); });
  print_table(zh ? std::vector<std::string>{"距离", "类别", "名称", "代码", "信息项", ""}
                 : std::vector<std::string>{"distance", "kind", "title", "code", "fields", ""},
              rows);
  std::cout << '\n';
  for (const auto& edge : graph.at("edges").as_array())
    std::cout << fmt::format("{} → {}\n", titles[text_at(edge, "from")], titles[text_at(edge, "to")]);
  if (!graph.at("complete").as_bool()) std::cout << (zh ? "还有更多节点未列出。\n" : "There are more nodes than are shown.\n");
}

struct LineageOptions {
  std::string dataset, field, direction = "both";
  int depth = 0;
  bool impact = false, csv = false;
};

Result<void> run_lineage(System& s, const Actor& actor, const Common& common, const LineageOptions& o) {
  insight::GraphQuestion question{.dataset = o.dataset, .field = o.field, .depth = o.depth};
  if (o.direction == "up") question.direction = insight::Direction::up;
  if (o.direction == "down" || o.impact || o.csv) question.direction = insight::Direction::down;
  QS_TRY(auto graph, s.insight->lineage.graph(actor, question));
  bool zh = common.lang == Lang::zh;
  if (o.csv) {
    std::cout << insight::impact_csv(graph, common.lang);
  } else if (o.impact) {
    auto impact = insight::impact_of(graph, common.lang);
    if (common.json) {
      print(impact);
      return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& row : impact)
      rows.push_back({text_at(row, "distance"), text_at(row, "kind_name"), text_at(row, "title"),
                      text_at(row, "department_name"), text_at(row, "fields"), count_of(row, "calls"),
                      text_at(row, "last_day")});
    print_table(zh ? std::vector<std::string>{"距离", "类别", "名称", "部门", "信息项", "次数", "最近使用"}
                   : std::vector<std::string>{"distance", "kind", "title", "department", "fields", "calls", "last used"},
                rows);
  } else if (common.json) {
    print(insight::to_json(graph));
  } else {
    print_lineage(insight::to_json(graph), zh);
  }
  return {};
}

void add_lineage(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<LineageOptions>();
  auto* c = app.add_subcommand("lineage", zh ? "数据集从哪里来，影响谁" : "Where a dataset comes from and who is hurt");
  c->add_option("dataset", o->dataset, zh ? "数据集代码" : "Dataset code")->required();
  c->add_option("--field", o->field, zh ? "只看这个信息项" : "Only this field");
  c->add_option("--direction", o->direction, zh ? "both、up（来源）、down（去向）" : "both, up, down")
      ->check(CLI::IsMember({"both", "up", "down"}));
  c->add_option("--depth", o->depth, zh ? "追溯几个数据集" : "Datasets to go")->check(CLI::Range(1, 10));
  c->add_flag("--impact", o->impact, zh ? "列出影响清单" : "List who is hurt");
  c->add_flag("--csv", o->csv, zh ? "影响清单，CSV 格式" : "The list of who is hurt, as CSV");
  c->callback([&, o] {
    chosen.action = [&, o] {
      return with_system(common, [&](System& s, const Actor& actor) { return run_lineage(s, actor, common, *o); });
    };
  });
}

// --- linkage -----------------------------------------------------------------------------------------------------------------

void print_overview(const json::object& overview, bool zh) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& s : overview.at("suggestions").as_array()) {
    const auto& link = s.at("links").as_array().front();
    const auto& proposed = s.at("a").at("proposed").as_bool() ? s.at("a") : s.at("b");
    auto state = s.at("decision").is_null() ? std::string(zh ? "待处理" : "open") : text_at(s.at("decision"), "state");
    rows.push_back({text_at(s.at("a"), "code"), text_at(link.at("a"), "name"), percent(link.at("a_in_b").to_number<double>()),
                    text_at(s.at("b"), "code"), text_at(link.at("b"), "name"), percent(link.at("b_in_a").to_number<double>()),
                    std::to_string(s.at("twins").as_array().size()), text_at(proposed, "code"), state});
  }
  print_table(zh ? std::vector<std::string>{"数据集甲", "信息项", "在乙中", "数据集乙", "信息项", "在甲中", "重复项",
                                            "建议来源", "状态"}
                 : std::vector<std::string>{"a", "field", "in b", "b", "field", "in a", "twice", "proposed source", "state"},
              rows);
  if (auto missing = overview.at("unsketched").to_number<std::int64_t>(); missing > 0)
    std::cout << (zh ? fmt::format("{} 个数据集还没有列摘要，可运行 qushu linkage refresh。\n", missing)
                     : fmt::format("{} datasets have no sketch yet: qushu linkage refresh.\n", missing));
}

struct LinkageOptions {
  std::string dataset, state, a, b, source, note, decision;
};

// Jobs that nobody else has taken are run here, the ones that they queue too.
Result<std::size_t> run_waiting(System& s) {
  std::size_t done = 0;
  for (const char* kind : {"insight.sketch", "insight.link"}) {
    QS_TRY(auto waiting, s.jobs->list({.kind = kind, .state = jobs::State::queued, .limit = 10'000}));
    for (const auto& job : waiting) {
      QS_TRY(auto ended, s.jobs->run_now(job.id));
      if (ended.error) return fail(*ended.error);
      ++done;
    }
  }
  return done;
}

// "dataset.field"
Result<std::pair<std::string, std::string>> column_of(const std::string& text) {
  auto dot = text.find('.');
  if (dot != std::string::npos) return std::pair(text.substr(0, dot), text.substr(dot + 1));
  return fail(Error{.code = Code::invalid,
                    .id = "cli.usage",
                    .text = {"应写成 数据集代码.信息项标识符。", "Write dataset.field, by code and identifier."},
                    .subject = text});
}

void add_linkage(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group =
      app.add_subcommand("linkage", zh ? "一数一源：重复采集和权威来源" : "What is collected twice, and the source of record");
  group->require_subcommand(1);
  auto o = std::make_shared<LinkageOptions>();
  auto act = [&common, &chosen, o](CLI::App* c, auto body) {
    c->callback([&common, &chosen, o, body] {
      chosen.action = [&common, o, body] {
        return with_system(common, [&](System& s, const Actor& actor) { return body(s, actor, common, *o); });
      };
    });
  };
  auto* list = group->add_subcommand("list", zh ? "列出描述同一事物的数据集" : "List datasets that describe the same things");
  list->add_option("--dataset", o->dataset, zh ? "只看与它有关的" : "Only pairs with this one");
  list->add_option("--state", o->state, "open, confirmed, dismissed")->check(CLI::IsMember({"open", "confirmed", "dismissed"}));
  act(list, [](System& s, const Actor& actor, const Common& c, const LinkageOptions& x) -> Result<void> {
    QS_TRY(auto overview, s.insight->linkage.overview(actor, x.dataset, x.state));
    auto out = insight::to_json(overview, c.lang);
    if (c.json)
      print(out);
    else
      print_overview(out, c.lang == Lang::zh);
    return {};
  });
  auto* verify =
      group->add_subcommand("verify", zh ? "精确核对两列：数据集.信息项" : "Compare two columns exactly: dataset.field");
  verify->add_option("a", o->a)->required();
  verify->add_option("b", o->b)->required();
  act(verify, [](System& s, const Actor& actor, const Common& c, const LinkageOptions& x) -> Result<void> {
    QS_TRY(auto a, column_of(x.a));
    QS_TRY(auto b, column_of(x.b));
    QS_TRY(auto link, s.insight->linkage.verify(actor, a.first, a.second, b.first, b.second, {}));
    if (c.json)
      print(insight::to_json(link));
    else
      std::cout << fmt::format("{} ⊂ {}: {:.2f}%\n{} ⊂ {}: {:.2f}%\n", x.a, x.b, link.a_in_b * 100, x.b, x.a,
                               link.b_in_a * 100);
    return {};
  });
  auto* decide = group->add_subcommand(
      "decide", zh ? "确认权威来源、认定不重复或撤销认定" : "Confirm a source of record, dismiss, or take back");
  decide->add_option("a", o->a, zh ? "数据集代码" : "Dataset code")->required();
  decide->add_option("b", o->b, zh ? "数据集代码" : "Dataset code")->required();
  decide->add_option("decision", o->decision, "confirmed, dismissed, open")
      ->required()
      ->check(CLI::IsMember({"confirmed", "dismissed", "open"}));
  decide->add_option("--source", o->source, zh ? "权威来源的数据集代码" : "Code of the source of record");
  decide->add_option("--note", o->note, zh ? "说明" : "Note");
  act(decide, [](System& s, const Actor& actor, const Common& c, const LinkageOptions& x) -> Result<void> {
    QS_CHECK(s.insight->linkage.decide(
        actor, {.dataset_a = x.a, .dataset_b = x.b, .state = x.decision, .source = x.source, .note = x.note}));
    if (c.json) print(json::object{{"state", x.decision}});
    return {};
  });
  auto* refresh =
      group->add_subcommand("refresh", zh ? "制作缺少的列摘要并比对" : "Make the sketches that are missing, and compare");
  act(refresh, [](System& s, const Actor& actor, const Common& c, const LinkageOptions&) -> Result<void> {
    QS_TRY(auto queued, s.insight->linkage.refresh(actor));
    QS_TRY(auto done, run_waiting(s));
    if (c.json)
      print(json::object{{"queued", queued}, {"run", done}});
    else
      std::cout << (c.lang == Lang::zh ? fmt::format("排队 {} 个，运行 {} 个作业。\n", queued, done)
                                       : fmt::format("{} queued, {} jobs run.\n", queued, done));
    return {};
  });
}

// --- privacy -----------------------------------------------------------------------------------------------------------------

struct PrivacyOptions {
  std::string dataset, fields, sensitive;
  std::int64_t k = 0;
  bool combinations = false, propose = false;
};

// "region:prefix=4,birth:year,age"
Result<json::array> fields_of(const std::string& list) {
  json::array out;
  for (auto part : split(list, ',')) {
    auto word = trim(part);
    if (word.empty()) continue;
    json::object field;
    auto colon = word.find(':');
    field["id"] = word.substr(0, colon);
    if (colon != std::string_view::npos) {
      auto how = word.substr(colon + 1);
      auto equal = how.find('=');
      field["coarsening"] = how.substr(0, equal);
      if (equal != std::string_view::npos)
        field["parameter"] = std::strtod(std::string(how.substr(equal + 1)).c_str(), nullptr);
    }
    out.emplace_back(std::move(field));
  }
  return out;
}

void print_anonymity(const json::value& a, std::string_view head, bool zh) {
  std::cout << fmt::format("{}k = {}  {} {}  {} {}  {} {}  {} {}\n", head, count_of(a, "k"), zh ? "行" : "rows",
                           count_of(a, "rows"), zh ? "组" : "classes", count_of(a, "classes"),
                           zh ? "低于要求的行" : "rows below", count_of(a, "rows_below"), zh ? "唯一的行" : "unique",
                           count_of(a, "unique"));
}

void print_assessment(const json::object& out, bool zh) {
  print_anonymity(out.at("anonymity"), "", zh);
  std::vector<std::vector<std::string>> rows;
  for (const auto& bar : out.at("anonymity").at("bars").as_array()) {
    auto to = text_at(bar, "to");
    auto from = text_at(bar, "from");
    rows.push_back({to.empty()   ? from + "+"
                    : from == to ? from
                                 : fmt::format("{}–{}", from, to),
                    count_of(bar, "classes"), count_of(bar, "rows")});
  }
  print_table(
      zh ? std::vector<std::string>{"组的大小", "组数", "行数"} : std::vector<std::string>{"class size", "classes", "rows"},
      rows);
  if (const auto* d = out.if_contains("diversity"); d != nullptr && !d->is_null())
    std::cout << fmt::format("l = {}  {} {}\n", count_of(*d, "l"), zh ? "不足的行" : "rows below", count_of(*d, "rows_below"));
  if (const auto* c = out.if_contains("combinations"); c != nullptr && !c->is_null()) {
    rows.clear();
    for (const auto& worst : c->at("worst").as_array()) {
      std::vector<std::string> ids;
      for (const auto& id : worst.at("fields").as_array()) ids.emplace_back(id.as_string());
      rows.push_back({join(ids, " + "), count_of(worst, "k"), count_of(worst, "rows_below"), count_of(worst, "unique")});
    }
    print_table(zh ? std::vector<std::string>{"组合", "k", "低于要求的行", "唯一的行"}
                   : std::vector<std::string>{"combination", "k", "rows below", "unique"},
                rows);
  }
  if (const auto* p = out.if_contains("proposal"); p != nullptr && !p->is_null()) {
    rows.clear();
    for (const auto& field : p->at("fields").as_array()) rows.push_back({text_at(field, "name"), text_at(field, "text")});
    print_table(zh ? std::vector<std::string>{"信息项", "脱敏建议"} : std::vector<std::string>{"field", "proposed mask"}, rows);
    print_anonymity(p->at("after"), zh ? "之后：" : "after: ", zh);
  }
}

Result<void> run_privacy(System& s, const Actor& actor, const Common& common, const PrivacyOptions& o) {
  bool zh = common.lang == Lang::zh;
  std::atomic<bool> stopped = false;
  SignalWatch signals([&] { stopped = true; });
  auto cancelled = [&] { return stopped.load(); };
  if (o.fields.empty()) {
    QS_TRY(auto roles, s.insight->privacy.roles(actor, o.dataset, 0, cancelled));
    if (common.json) {
      print(roles);
      return {};
    }
    std::vector<std::vector<std::string>> rows;
    for (const auto& f : roles.at("fields").as_array())
      rows.push_back({text_at(f, "id"), text_at(f, "name"), text_at(f, "role"),
                      percent(f.at("distinct_share").to_number<double>()), text_at(f, "reason")});
    print_table(zh ? std::vector<std::string>{"标识符", "名称", "作用", "不同取值", "依据"}
                   : std::vector<std::string>{"id", "name", "role", "distinct", "why"},
                rows);
    return {};
  }
  QS_TRY(auto fields, fields_of(o.fields));
  json::object request{{"fields", std::move(fields)}, {"combinations", o.combinations}, {"propose", o.propose}};
  if (!o.sensitive.empty()) request["sensitive"] = o.sensitive;
  if (o.k > 0) request["k"] = o.k;
  QS_TRY(auto assessed, s.insight->privacy.assess(actor, o.dataset, 0, request, cancelled));
  if (common.json)
    print(assessed);
  else
    print_assessment(assessed, zh);
  return {};
}

void add_privacy(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<PrivacyOptions>();
  auto* c = app.add_subcommand("privacy", zh ? "隐私评估：k-匿名和脱敏建议" : "Privacy: k-anonymity and proposed masks");
  c->add_option("dataset", o->dataset, zh ? "数据集代码" : "Dataset code")->required();
  c->add_option("--fields", o->fields,
                zh ? "信息项，如 区划:prefix=4,出生日期:year,性别；不写则给出建议"
                   : "Fields, as region:prefix=4,birth:year,sex; without: proposals");
  c->add_option("--sensitive", o->sensitive, zh ? "敏感信息项，计算 l-多样性" : "A sensitive field, for l-diversity");
  c->add_option("--k", o->k, zh ? "要求的 k" : "The k that is wanted")->check(CLI::Range(2, 100'000));
  c->add_flag("--combinations", o->combinations, zh ? "查找最危险的组合" : "Look for the most dangerous combinations");
  c->add_flag("--propose", o->propose, zh ? "给出脱敏建议" : "Propose masks");
  c->callback([&, o] {
    chosen.action = [&, o] {
      return with_system(common, [&](System& s, const Actor& actor) { return run_privacy(s, actor, common, *o); });
    };
  });
}

}  // namespace

void add_insight_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_steps(app, common, chosen);
  add_lineage(app, common, chosen);
  add_linkage(app, common, chosen);
  add_privacy(app, common, chosen);
}

}  // namespace qushu::app
