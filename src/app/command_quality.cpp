#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

std::string score_text(const std::optional<double>& score) {
  return score ? fmt::format("{:.1f}", *score) : "-";
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || value->is_null()) return {};
  return value->is_string() ? std::string(value->get_string()) : json::serialize(*value);
}

void print_check(const quality::Check& check, const std::vector<catalog::Field>& fields, Lang lang) {
  bool zh = lang == Lang::zh;
  std::cout << (zh ? fmt::format("第 {} 版，得分 {}\n", check.version, score_text(check.scores.total))
                   : fmt::format("version {}, score {}\n", check.version, score_text(check.scores.total)));
  std::vector<std::vector<std::string>> rows;
  for (const auto& o : check.outcomes)
    rows.push_back({quality::title(quality::dimension_of(o.rule.kind)).in(lang),
                    o.rule.note.empty() ? quality::describe(o.rule, fields).in(lang) : o.rule.note,
                    std::string(quality::name(o.rule.severity)), with_thousands(static_cast<std::int64_t>(o.checked)),
                    with_thousands(static_cast<std::int64_t>(o.failed)), o.note.in(lang)});
  print_table(zh ? std::vector<std::string>{"维度", "规则", "处理", "检查", "不合格", "说明"}
                 : std::vector<std::string>{"dimension", "rule", "severity", "judged", "failing", "found"},
              rows);
}

Result<json::array> rules_in(const std::string& given) {
  QS_TRY(auto value, json_in(given));
  if (value.is_object()) return json::array{value};
  if (value.is_array()) return value.get_array();
  return fail(Error{.code = Code::invalid,
                    .id = "cli.json",
                    .text = {"应为一条规则（JSON 对象）、规则的数组，或 @文件。",
                             "Expected a rule (a JSON object), an array of rules, or @FILE."},
                    .subject = "rule"});
}

// Runs the job that was just queued, as the server would.
Result<void> finish(System& s, const std::string& job) {
  QS_TRY(auto done, s.jobs->run_now(job));
  if (done.state == jobs::State::succeeded) return {};
  if (done.error) return fail(*done.error);
  return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
}

Result<void> show_quality(System& s, const Actor& actor, const Common& common, const std::string& code) {
  QS_TRY(auto dataset, s.catalog->find(sharing::visibility(actor), code));
  QS_TRY(auto checks, s.quality->checks(actor, code, 100));
  auto current = std::ranges::find_if(checks, [&](const auto& c) { return !c.stopped && c.version == dataset.version; });
  bool values = quality::may_see_failures(actor, dataset);
  if (common.json) {
    print(current == checks.end() ? json::value(nullptr)
                                  : json::value(quality::to_json(*current, dataset.fields, common.lang, values)));
  } else if (current == checks.end()) {
    std::cout << (common.lang == Lang::zh ? "当前版本还没有检查过。\n" : "The current version was not checked yet.\n");
  } else {
    print_check(*current, dataset.fields, common.lang);
  }
  return {};
}

void print_rules(const std::vector<quality::Rule>& rules, const std::vector<catalog::Field>& fields, const Common& common) {
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : rules) {
    auto shown = quality::to_json(r, fields, common.lang);
    rows.push_back(
        {r.id, text_of(shown, "kind_title"), text_of(shown, "text"), text_of(shown, "severity"), r.enabled ? "✓" : ""});
    out.emplace_back(std::move(shown));
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"编号", "类型", "规则", "处理", "启用"}
                                        : std::vector<std::string>{"id", "kind", "rule", "severity", "enabled"},
                rows);
}

Result<void> propose(System& s, const Actor& actor, const Common& common, const std::string& code, bool take) {
  QS_TRY(auto dataset, s.catalog->find(sharing::visibility(actor), code));
  QS_TRY(auto found, s.quality->propose(actor, code, {}));
  json::array out, rules;
  std::vector<std::vector<std::string>> rows;
  for (const auto& p : found.list) {
    auto rule = quality::to_json(p.rule, dataset.fields, common.lang);
    auto share = p.checked == 0 ? 100.0 : 100.0 * (1 - static_cast<double>(p.failed) / static_cast<double>(p.checked));
    rows.push_back({text_of(rule, "text"), text_of(rule, "severity"), fmt::format("{:.2f}%", share), p.reason.in(common.lang)});
    rules.push_back(json::object{
        {"kind", rule["kind"]}, {"severity", rule["severity"]}, {"fields", rule["fields"]}, {"params", rule["params"]}});
    out.push_back(json::object{{"rule", rules.back()},
                               {"reason", p.reason.in(common.lang)},
                               {"share", share},
                               {"checked", p.checked},
                               {"failed", p.failed}});
  }
  if (take && !rules.empty()) QS_CHECK(s.quality->add(actor, code, rules));
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"规则", "处理", "符合", "理由"}
                                        : std::vector<std::string>{"rule", "severity", "hold", "reason"},
                rows);
  if (!common.json && !found.from_profile)
    std::cout << (common.lang == Lang::zh ? "这个版本的数据画像还没有算完，以上由扫描全部数据得出。\n"
                                          : "This version has no profile yet: all rows were scanned.\n");
  return {};
}

void add_quality(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("quality", zh ? "数据质量" : "Data quality");
  group->require_subcommand(1);
  auto code = std::make_shared<std::string>(), more = std::make_shared<std::string>();
  auto dataset = [&](CLI::App* c) { c->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required(); };
  dataset(add_command(*group, common, chosen, "show", {"当前版本的得分和检查结果", "Score and findings of the current version"},
                      [&common, code](System& s, const Actor& actor) { return show_quality(s, actor, common, *code); }));
  dataset(add_command(*group, common, chosen, "run", {"立即检查当前版本", "Check the current version now"},
                      [&common, code](System& s, const Actor& actor) -> Result<void> {
                        QS_TRY(auto job, s.quality->request_check(actor, *code));
                        QS_CHECK(finish(s, job));
                        return show_quality(s, actor, common, *code);
                      }));
  dataset(add_command(*group, common, chosen, "rules", {"列出规则", "List the rules"},
                      [&common, code](System& s, const Actor& actor) -> Result<void> {
                        QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
                        QS_TRY(auto rules, s.quality->rules(actor, *code));
                        print_rules(rules, d.fields, common);
                        return {};
                      }));
  auto take = std::make_shared<bool>(false);
  auto* proposals =
      add_command(*group, common, chosen, "propose", {"由数据推荐规则", "Rules that the data suggests"},
                  [&common, code, take](System& s, const Actor& actor) { return propose(s, actor, common, *code, *take); });
  dataset(proposals);
  proposals->add_flag("--confirm", *take, zh ? "全部确认" : "Take them all");
  auto* add = add_command(*group, common, chosen, "add", {"新增规则", "Add rules"},
                          [&common, code, more](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
                            QS_TRY(auto rules, rules_in(*more));
                            QS_TRY(auto made, s.quality->add(actor, *code, rules));
                            print_rules(made, d.fields, common);
                            return {};
                          });
  dataset(add);
  add->add_option("rule", *more,
                  zh ? R"(规则（JSON），如 {"kind":"required","fields":["名称"],"severity":"reject"}，或 @文件)"
                     : R"(Rules as JSON, such as {"kind":"required","fields":["name"],"severity":"reject"}, or @FILE)")
      ->required();
  auto* remove = add_command(*group, common, chosen, "remove", {"删除规则", "Remove a rule"},
                             [code, more](System& s, const Actor& actor) { return s.quality->remove(actor, *code, *more); });
  dataset(remove);
  remove->add_option("rule", *more, zh ? "规则编号" : "The rule's id")->required();
  auto* waive = add_command(
      *group, common, chosen, "waive", {"对停止发布的最近一次检查放行", "Let pass what the latest check stopped"},
      [&common, code, more](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
        QS_TRY(auto checks, s.quality->checks(actor, *code, 1));
        if (checks.empty() || !checks[0].stopped)
          return fail(Code::conflict, "quality.not_stopped", "没有停止发布的检查。", "No check has stopped anything.");
        QS_TRY(auto check, s.quality->waive(actor, checks[0].id, *more));
        if (common.json) print(quality::to_json(check, d.fields, common.lang, true));
        return {};
      });
  dataset(waive);
  waive->add_option("--reason", *more, zh ? "理由" : "The reason")->required();
  add_command(*group, common, chosen, "list", {"各数据集的得分", "Scores of all datasets"},
              [&common](System& s, const Actor& actor) -> Result<void> {
                QS_TRY(auto all, s.quality->overview(actor));
                json::array out;
                std::vector<std::vector<std::string>> rows;
                for (const auto& d : all.datasets) {
                  auto scores = d.check ? d.check->scores : quality::Scores{};
                  out.push_back(json::object{{"code", d.dataset.code},
                                             {"title", d.dataset.title},
                                             {"department_name", d.dataset.department_name},
                                             {"rules", d.rules},
                                             {"scores", quality::to_json(scores)}});
                  rows.push_back({d.dataset.code, d.dataset.title, d.dataset.department_name, std::to_string(d.rules),
                                  score_text(scores.total)});
                }
                if (common.json)
                  print(out);
                else
                  print_table(common.lang == Lang::zh
                                  ? std::vector<std::string>{"代码", "名称", "部门", "规则", "得分"}
                                  : std::vector<std::string>{"code", "title", "department", "rules", "score"},
                              rows);
                return {};
              });
}

// With its files.
Result<void> print_correction(System& s, const quality::Correction& c, const Actor& actor, const Common& common) {
  QS_TRY(auto files, s.corrections->files(actor, c.id));
  auto shown = quality::to_json(c, actor);
  json::array attached;
  for (const auto& f : files) attached.emplace_back(quality::to_json(f));
  shown["files"] = std::move(attached);
  if (common.json) {
    print(shown);
    return {};
  }
  std::cout << fmt::format("#{} {}  {}  {}\n", c.number, c.dataset_title, quality::name(c.state), text_of(shown, "deadline"));
  std::cout << c.wrong << '\n';
  if (!c.answer.empty()) std::cout << "→ " << c.answer << '\n';
  for (const auto& f : files) std::cout << fmt::format("  {}  {}  {}\n", f.id, f.name, human_bytes(f.size));
  return {};
}

Result<void> attach(System& s, const Actor& actor, const std::string& id, std::optional<quality::FilePart> part,
                    const std::vector<std::string>& files) {
  for (const auto& file : files) {
    std::error_code failed;
    auto size = std::filesystem::file_size(file, failed);
    if (failed)
      return fail(Error{
          .code = Code::invalid, .id = "cli.file", .text = {"打不开文件。", "The file cannot be opened."}, .subject = file});
    QS_CHECK(s.corrections->check_attach(actor, id, part, size));
    QS_TRY(auto content, s.blobs->copy_in(file));
    QS_CHECK(s.corrections->attach(actor, id, part, file, content));
  }
  return {};
}

Result<void> save_file(System& s, const Actor& actor, const std::string& id, const std::string& file, std::string output) {
  QS_TRY(auto f, s.corrections->file(actor, id, file));
  QS_TRY(auto path, s.blobs->path(f.blob));
  if (output.empty()) output = f.name;
  std::error_code failed;
  if (std::filesystem::copy_file(path, output, failed); !failed) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "cli.output",
                    .text = {"写不了文件，或者它已经存在；请用 --output 换一个。",
                             "The file cannot be written, or is there already; name another with --output."},
                    .subject = output});
}

void add_correction_files(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto id = std::make_shared<std::string>(), part = std::make_shared<std::string>(), file = std::make_shared<std::string>(),
       output = std::make_shared<std::string>();
  auto files = std::make_shared<std::vector<std::string>>();
  auto* add = add_command(group, common, chosen, "attach", {"上传附件", "Attach files"},
                          [&common, id, part, files](System& s, const Actor& actor) -> Result<void> {
                            std::optional<quality::FilePart> as;
                            if (!part->empty()) as = *part == "answer" ? quality::FilePart::answer : quality::FilePart::report;
                            QS_CHECK(attach(s, actor, *id, as, *files));
                            QS_TRY(auto c, s.corrections->find(actor, *id));
                            return print_correction(s, c, actor, common);
                          });
  add->add_option("id", *id, zh ? "工单编号" : "The ticket's id")->required();
  add->add_option("files", *files, zh ? "文件" : "Files")->required()->check(CLI::ExistingFile);
  add->add_option("--part", *part, zh ? "report（申请人的佐证）| answer（提供部门的答复）" : "report | answer")
      ->check(CLI::IsMember({"report", "answer"}));
  auto* save =
      add_command(group, common, chosen, "download", {"下载附件", "Download a file"},
                  [id, file, output](System& s, const Actor& actor) { return save_file(s, actor, *id, *file, *output); });
  auto* drop = add_command(group, common, chosen, "detach", {"删除自己上传的附件", "Remove a file of one's own"},
                           [id, file](System& s, const Actor& actor) { return s.corrections->detach(actor, *id, *file); });
  for (auto* c : {save, drop}) {
    c->add_option("id", *id, zh ? "工单编号" : "The ticket's id")->required();
    c->add_option("file", *file, zh ? "附件编号" : "The file's id")->required();
  }
  save->add_option("--output,-o", *output, zh ? "写入的文件，默认用原名" : "File to write; its own name by default");
}

void add_correction(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("correction", zh ? "校核工单" : "Correction tickets");
  group->require_subcommand(1);
  auto box = std::make_shared<std::string>("");
  auto* list = add_command(
      *group, common, chosen, "list", {"列出校核工单", "List correction tickets"},
      [&common, box](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto found, s.corrections->list(actor, {.box = *box, .limit = 500}));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& c : found) {
          auto shown = quality::to_json(c, actor);
          rows.push_back({c.id, std::to_string(c.number), c.dataset_title, c.provider_name, std::string(quality::name(c.state)),
                          text_of(shown, "days_left"), c.late ? "!" : "", shorten(c.wrong, 40)});
          out.emplace_back(std::move(shown));
        }
        if (common.json)
          print(out);
        else
          print_table(
              common.lang == Lang::zh
                  ? std::vector<std::string>{"编号", "号", "数据集", "提供部门", "状态", "剩余工作日", "逾期", "问题"}
                  : std::vector<std::string>{"id", "no.", "dataset", "provider", "state", "days left", "late", "what is wrong"},
              rows);
        return {};
      });
  list->add_option("--box", *box, "mine | incoming")->check(CLI::IsMember({"mine", "incoming"}));
  auto n = std::make_shared<quality::NewCorrection>();
  auto files = std::make_shared<std::vector<std::string>>();
  auto* report = add_command(*group, common, chosen, "report", {"申请校核", "Report an error"},
                             [&common, n, files](System& s, const Actor& actor) -> Result<void> {
                               QS_TRY(auto c, s.corrections->report(actor, *n));
                               QS_CHECK(attach(s, actor, c.id, quality::FilePart::report, *files));
                               return print_correction(s, c, actor, common);
                             });
  report->add_option("dataset", n->dataset, zh ? "数据集代码" : "Dataset code")->required();
  report->add_option("--wrong", n->wrong, zh ? "哪里不对" : "What is wrong")->required();
  report->add_option("--right", n->proposed, zh ? "应当是什么" : "What would be right");
  report->add_option("--row", n->row_key, zh ? "哪一行（如主键的值）" : "Which row, by its key");
  report->add_option("--field", n->field, zh ? "哪个字段" : "Which field");
  report->add_option("--material", n->material, zh ? "佐证说明" : "What proves it, in words");
  report->add_option("--file", *files, zh ? "附件，可多次" : "A file that proves it; repeatable")->check(CLI::ExistingFile);
  auto id = std::make_shared<std::string>(), text = std::make_shared<std::string>();
  struct Verb {
    const char* name;
    Text title;
    bool needs_text;
    Result<quality::Correction> (*run)(quality::Corrections&, const Actor&, const std::string&, const std::string&);
  };
  static const std::array kVerbs{
      Verb{"show",
           {"查看工单", "Show a ticket"},
           false,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string&) { return c.find(a, i); }},
      Verb{"accept",
           {"开始核实", "Begin to look into it"},
           false,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string& t) {
             return c.accept(a, i, t);
           }},
      Verb{"corrected",
           {"答复：已更正", "Answer: corrected"},
           true,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string& t) {
             return c.answer(a, i, true, t);
           }},
      Verb{"refuse",
           {"答复：不予更正，说明理由", "Answer: refused, with the reason"},
           true,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string& t) {
             return c.answer(a, i, false, t);
           }},
      Verb{"confirm",
           {"确认答复", "Confirm the answer"},
           false,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string&) { return c.confirm(a, i); }},
      Verb{"reopen",
           {"重新提出", "Raise it again"},
           true,
           [](quality::Corrections& c, const Actor& a, const std::string& i, const std::string& t) {
             return c.reopen(a, i, t);
           }}};
  for (const auto& verb : kVerbs) {
    auto* c = add_command(*group, common, chosen, verb.name, verb.title,
                          [&common, id, text, run = verb.run](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto correction, run(*s.corrections, actor, *id, *text));
                            return print_correction(s, correction, actor, common);
                          });
    c->add_option("id", *id, zh ? "工单编号" : "The ticket's id")->required();
    auto* option = c->add_option("--text", *text, zh ? "说明" : "What to say");
    if (verb.needs_text) option->required();
  }
  add_correction_files(*group, common, chosen);
}

}  // namespace

void add_quality_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_quality(app, common, chosen);
  add_correction(app, common, chosen);
}

}  // namespace qushu::app
