#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using indicators::Value;

std::string figure(const Value& v, Lang lang) {
  if (v.state == "value") return v.value.text();
  return v.state == "failed" ? Text{"计算失败", "failed"}.in(lang) : Text{"无证据", "no evidence"}.in(lang);
}

std::string light(const Value& v, Lang lang) {
  auto out = indicators::to_json(v, lang);
  return std::string(out.at("light_name").as_string());
}

std::vector<std::string> row_of(const Value& v, Lang lang) {
  return {v.period,
          figure(v, lang),
          v.target.text(),
          light(v, lang),
          v.state == "value" ? indicators::hundredths_text(v.score) : "",
          std::to_string(v.rows),
          v.final ? Text{"定稿", "final"}.in(lang) : ""};
}

const Text kValueHeads[] = {{"周期", "period"}, {"值", "value"}, {"目标", "target"}, {"状态", "light"}, {"得分", "score"},
                            {"佐证行", "rows"}, {"", ""}};

void print_values(const std::vector<Value>& values, Lang lang) {
  std::vector<std::string> heads;
  for (const auto& head : kValueHeads) heads.push_back(head.in(lang));
  std::vector<std::vector<std::string>> rows;
  for (const auto& v : values) rows.push_back(row_of(v, lang));
  print_table(heads, rows);
}

Result<void> list_indicators(const System& s, const Actor& actor, const Common& common) {
  QS_TRY(auto all, s.indicators->list(actor, 1));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : all) {
    const auto& d = one.indicator.definition;
    out.emplace_back(indicators::to_json(one, common.lang));
    auto last = one.values.empty() ? std::vector<std::string>(7) : row_of(one.values.back(), common.lang);
    rows.push_back({d.code, d.name.in(common.lang), last[0], last[1], d.target.text(), d.unit.in(common.lang), last[3],
                    one.indicator.owner_name});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh
                    ? std::vector<std::string>{"代码", "指标", "周期", "值", "目标", "单位", "状态", "负责人"}
                    : std::vector<std::string>{"code", "indicator", "period", "value", "target", "unit", "light", "owner"},
                rows);
  return {};
}

Result<void> show_indicator(const System& s, const Actor& actor, const Common& common, const std::string& code) {
  QS_TRY(auto one, s.indicators->find(actor, code, 60));
  if (common.json) {
    print(indicators::to_json(one, common.lang));
    return {};
  }
  const auto& d = one.indicator.definition;
  std::cout << fmt::format("{} ({})\n{}\n", d.name.in(common.lang), d.code, d.description.in(common.lang));
  print_values(one.values, common.lang);
  return {};
}

Result<void> compute_indicators(const System& s, const Actor& actor, const Common& common, const std::string& code,
                                const std::string& period) {
  if (code.empty()) {
    QS_TRY(auto count, s.indicators->compute_due([](std::size_t, std::size_t) { return true; }));
    if (common.json)
      print(json::object{{"values", count}});
    else
      std::cout << (common.lang == Lang::zh ? fmt::format("已计算 {} 个值。\n", count)
                                            : fmt::format("{} values were computed.\n", count));
    return {};
  }
  QS_TRY(auto value, s.indicators->compute(actor, code, period));
  if (common.json)
    print(indicators::to_json(value, common.lang));
  else
    print_values({value}, common.lang);
  if (value.state != "failed") return {};
  return fail(Error{.code = Code::invalid, .id = "indicator.failed", .text = value.error, .subject = code});
}

Result<void> show_evidence(const System& s, const Actor& actor, const Common& common, const std::string& code,
                           const std::string& period) {
  QS_TRY(auto e, s.indicators->evidence(actor, code, period));
  if (common.json) {
    print(indicators::to_json(e, common.lang));
    return {};
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : e.rows) {
    std::vector<std::string> cells;
    for (const auto& c : r.cells) cells.push_back(c.is_string() ? std::string(c.as_string()) : std::string());
    rows.push_back(std::move(cells));
  }
  std::vector<std::string> heads;
  for (const auto& label : e.labels) heads.push_back(label.in(common.lang));
  std::cout << e.period << '\n';
  print_table(heads, rows);
  return {};
}

Result<void> check_file(const System& s, const Actor& actor, const Common& common, const std::string& file) {
  QS_TRY(auto yaml, text_of_file(file, "indicator.file", file));
  QS_TRY(auto trial, s.indicators->check(actor, yaml));
  if (common.json) {
    print(indicators::to_json(trial, common.lang));
  } else if (trial.mistakes.empty()) {
    std::cout << (common.lang == Lang::zh ? fmt::format("{}：没有错误，将成为第 {} 版；本期试算：\n", file, trial.version)
                                          : fmt::format("{}: nothing is wrong, it becomes version {}; the period that lasts:\n",
                                                        file, trial.version));
    print_values({*trial.value}, common.lang);
  }
  if (trial.mistakes.empty()) return {};
  Text all;
  for (const auto& m : trial.mistakes) {
    all.zh += fmt::format("{}{}:{}:{} {} {}", all.zh.empty() ? "" : "\n", file, m.line, m.column, m.key, m.text.zh);
    all.en += fmt::format("{}{}:{}:{} {} {}", all.en.empty() ? "" : "\n", file, m.line, m.column, m.key, m.text.en);
  }
  return fail(Error{.code = Code::invalid, .id = "indicator.definition", .text = std::move(all), .subject = file});
}

Result<void> import_files(const System& s, const Actor& actor, const Common& common, const std::vector<std::string>& files) {
  json::array out;
  for (const auto& file : files) {
    QS_TRY(auto yaml, text_of_file(file, "indicator.file", file));
    auto made = s.indicators->apply(actor, yaml, "");
    if (!made) return fail(std::move(made).error().about(file));
    out.emplace_back(json::object{{"code", made->definition.code}, {"version", made->version}});
    if (!common.json)
      std::cout << (common.lang == Lang::zh
                        ? fmt::format("{}（{}）为第 {} 版\n", made->definition.name.zh, made->definition.code, made->version)
                        : fmt::format("{} ({}) is version {}\n", made->definition.name.en, made->definition.code,
                                      made->version));
  }
  if (common.json) print(out);
  return {};
}

// Each definition as CODE.yaml in the folder.
Result<void> export_files(const System& s, const Actor& actor, const Common& common, const std::string& folder) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  QS_TRY(auto all, s.indicators->list(actor, 1));
  for (const auto& one : all) {
    const auto& code = one.indicator.definition.code;
    QS_TRY(auto yaml, s.indicators->yaml(actor, code));
    std::ofstream out(std::filesystem::path(folder) / (code + ".yaml"), std::ios::binary);
    out << yaml;
    if (!out.flush())
      return fail(
          Error{.code = Code::invalid,
                .id = "indicator.file",
                .text = {fmt::format("写不了目录 {}。", folder), fmt::format("The folder {} cannot be written to.", folder)},
                .subject = folder});
  }
  if (common.json)
    print(json::object{{"indicators", all.size()}, {"folder", folder}});
  else
    std::cout << (common.lang == Lang::zh ? fmt::format("已把 {} 个定义写到 {}。\n", all.size(), folder)
                                          : fmt::format("{} definitions are in {}.\n", all.size(), folder));
  return {};
}

}  // namespace

void add_indicator_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group =
      app.add_subcommand("indicator", zh ? "指标：定义、计算和佐证" : "Indicators: definitions, figures and evidence");
  group->require_subcommand(1);
  auto code = std::make_shared<std::string>();
  auto period = std::make_shared<std::string>();
  auto file = std::make_shared<std::string>();
  auto files = std::make_shared<std::vector<std::string>>();
  auto named = [&](CLI::App* c, bool needed) {
    auto* option = c->add_option("code", *code, zh ? "指标的代码" : "The indicator's code");
    if (needed) option->required();
  };
  auto of_period = [&](CLI::App* c) {
    c->add_option("--period", *period, zh ? "周期，如 2026-11、2026-Q4、2026" : "Period, such as 2026-11, 2026-Q4, 2026");
  };
  add_command(*group, common, chosen, "list", {"指标和最近的值", "Indicators and their latest values"},
              [&common](System& s, const Actor& actor) { return list_indicators(s, actor, common); });
  named(add_command(*group, common, chosen, "show", {"一个指标历次的值", "The values of an indicator"},
                    [&common, code](System& s, const Actor& actor) { return show_indicator(s, actor, common, *code); }),
        true);
  auto* compute = add_command(
      *group, common, chosen, "compute", {"计算一个指标，或全部到期的", "Compute an indicator, or all that is due"},
      [&common, code, period](System& s, const Actor& actor) { return compute_indicators(s, actor, common, *code, *period); });
  named(compute, false);
  of_period(compute);
  auto* evidence = add_command(
      *group, common, chosen, "evidence", {"一个值背后的行", "The rows behind a value"},
      [&common, code, period](System& s, const Actor& actor) { return show_evidence(s, actor, common, *code, *period); });
  named(evidence, true);
  of_period(evidence);
  add_command(*group, common, chosen, "check", {"检查定义并试算", "Check a definition and try it"},
              [&common, file](System& s, const Actor& actor) { return check_file(s, actor, common, *file); })
      ->add_option("file", *file, zh ? "YAML 文件，- 为标准输入" : "YAML file, - for standard input")
      ->required();
  add_command(*group, common, chosen, "import", {"建立或变更指标", "Make or change indicators"},
              [&common, files](System& s, const Actor& actor) { return import_files(s, actor, common, *files); })
      ->add_option("files", *files, zh ? "YAML 文件" : "YAML files")
      ->required();
  add_command(*group, common, chosen, "export", {"把全部定义写成 YAML 文件", "Write all definitions as YAML files"},
              [&common, file](System& s, const Actor& actor) { return export_files(s, actor, common, *file); })
      ->add_option("folder", *file, zh ? "目录" : "Folder")
      ->required();
}

}  // namespace qushu::app
