#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using sharing::to_json;

void print_standing(const Common& common, const System& s, const Actor& actor, const catalog::Standing& now) {
  if (common.json) {
    print(to_json(*s.desk, actor, now));
    return;
  }
  bool zh = common.lang == Lang::zh;
  const auto& d = now.dataset;
  std::cout << fmt::format("{}  {}  {}\n", d.code, d.title,
                           catalog::name_of(catalog::entry_states(), d.entry_state).in(common.lang));
  if (!d.resource_code.empty()) std::cout << (zh ? "信息资源代码 " : "resource code ") << d.resource_code << '\n';
  for (const auto& one : now.missing) std::cout << "  - " << one.text.in(common.lang) << '\n';
  std::vector<std::vector<std::string>> rows;
  for (const auto& step : now.steps)
    rows.push_back({to_iso(step.at).substr(0, 16), step.action,
                    catalog::name_of(catalog::entry_states(), step.to).in(common.lang), step.person_name, step.comment});
  if (!rows.empty())
    print_table(zh ? std::vector<std::string>{"时间", "动作", "状态", "人员", "说明"}
                   : std::vector<std::string>{"at", "step", "state", "by", "comment"},
                rows);
}

void print_outcome(const Common& common, const sharing::SheetOutcome& o) {
  if (common.json) {
    print(to_json(o, common.lang));
    return;
  }
  bool zh = common.lang == Lang::zh;
  std::cout << (zh ? fmt::format("导入 {} 个资源，{} 个有错误未导入\n", o.taken.size(), o.refused)
                   : fmt::format("{} resources taken, {} refused\n", o.taken.size(), o.refused));
  for (const auto& t : o.taken) std::cout << "  " << (t.added ? "+ " : "~ ") << t.code << "  " << t.title << '\n';
  std::vector<std::vector<std::string>> rows;
  for (const auto& e : o.errors)
    rows.push_back({e.sheet, std::to_string(e.row), e.column, shorten(e.value, 30), e.expected.in(common.lang)});
  if (!rows.empty())
    print_table(zh ? std::vector<std::string>{"工作表", "行", "列", "值", "应为"}
                   : std::vector<std::string>{"sheet", "row", "column", "value", "expected"},
                rows);
}

void add_sheet(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto file = std::make_shared<std::string>();
  auto* in = group.add_subcommand("import", zh ? "导入目录表格（XLSX、CSV）" : "Import the guide's spreadsheet (XLSX, CSV)");
  in->add_option("file", *file, zh ? "文件" : "File")->required()->check(CLI::ExistingFile);
  in->callback([&, file] {
    chosen.action = [&, file] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto outcome, s.desk->import_sheet(actor, *file, std::filesystem::path(*file).filename().string()));
        print_outcome(common, outcome);
        if (outcome.errors.empty()) return {};
        return fail(Error{.code = Code::invalid,
                          .id = "sheet.errors",
                          .text = {fmt::format("有 {} 个资源没有导入。", outcome.refused),
                                   fmt::format("{} resources were not imported.", outcome.refused)},
                          .subject = outcome.file_name});
      });
    };
  });
  auto target = std::make_shared<std::string>(), text = std::make_shared<std::string>();
  auto departments = std::make_shared<std::vector<std::string>>();
  auto* out = group.add_subcommand("export", zh ? "导出目录表格" : "Export the guide's spreadsheet");
  out->add_option("file", *target, zh ? "写入的 XLSX 文件" : "XLSX file to write")->required();
  out->add_option("--text", *text, zh ? "检索词" : "Words to search for");
  out->add_option("--department", *departments, zh ? "提供部门的代码" : "Code of a providing department");
  auto* empty = out->add_flag("--empty")->description(zh ? "只要空表" : "The empty form only");
  out->callback([&, target, text, departments, empty] {
    chosen.action = [&, target, text, departments, empty] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        catalog::Search query{.text = *text};
        for (const auto& code : *departments) {
          QS_TRY(auto department, s.identity->department(code));
          query.departments.push_back(department.id);
        }
        QS_TRY(auto count, s.desk->export_sheet(actor, query, empty->count() > 0, *target));
        if (common.json)
          print(json::object{{"file", *target}, {"resources", count}});
        else
          std::cout << (common.lang == Lang::zh ? fmt::format("写入 {} 个资源到 {}\n", count, *target)
                                                : fmt::format("{} resources written to {}\n", count, *target));
        return {};
      });
    };
  });
}

void add_entry(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto code = std::make_shared<std::string>();
  auto* show = group.add_subcommand("show", zh ? "查看目录的状态、缺项和经过" : "Show where an entry stands");
  show->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  show->callback([&, code] {
    chosen.action = [&, code] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto now, s.desk->standing(actor, *code));
        print_standing(common, s, actor, now);
        return {};
      });
    };
  });
  auto action = std::make_shared<std::string>(), comment = std::make_shared<std::string>();
  auto* step = group.add_subcommand(
      "step", zh ? "提交、审核、发布、退回、撤回、取消发布" : "Submit, review, publish, return, take back");
  step->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  step->add_option("action", *action, "submit recall register publish return refuse unpublish revise")->required();
  step->add_option("--comment", *comment, zh ? "说明" : "Comment");
  step->callback([&, code, action, comment] {
    chosen.action = [&, code, action, comment] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto now, s.desk->step(actor, *code, *action, *comment));
        print_standing(common, s, actor, now);
        return {};
      });
    };
  });
  auto from = std::make_shared<std::int64_t>(0), to = std::make_shared<std::int64_t>(0);
  auto* diff = group.add_subcommand(
      "diff", zh ? "比较目录的两版（0 为当前内容）" : "Compare two versions of an entry (0: as it is now)");
  diff->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  diff->add_option("from", *from)->required();
  diff->add_option("to", *to);
  diff->callback([&, code, from, to] {
    chosen.action = [&, code, from, to] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto before, s.desk->entry(actor, *code, *from));
        QS_TRY(auto after, s.desk->entry(actor, *code, *to));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& one : catalog::differences(before, after, common.lang)) {
          out.emplace_back(to_json(one, common.lang));
          rows.push_back({one.label.in(common.lang), one.before, one.after});
        }
        if (common.json)
          print(out);
        else
          print_table(common.lang == Lang::zh ? std::vector<std::string>{"项目", "原为", "现为"}
                                              : std::vector<std::string>{"what", "was", "is"},
                      rows);
        return {};
      });
    };
  });
  auto apply = std::make_shared<bool>(false);
  auto* grade =
      group.add_subcommand("grade", zh ? "查看分级建议；--apply 按建议确认" : "Show proposed grades; --apply confirms them");
  grade->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  grade->add_flag("--apply", *apply, zh ? "确认全部建议" : "Confirm all proposals");
  grade->callback([&, code, apply] {
    chosen.action = [&, code, apply] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto list, s.desk->grading(actor, *code));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        std::map<std::string, std::string> levels;
        for (const auto& one : list) {
          levels[one.item.id] = one.proposal.level;
          out.emplace_back(to_json(one, common.lang));
          rows.push_back(
              {one.item.name, one.item.level, one.item.level_by, one.proposal.level, one.proposal.reason.in(common.lang)});
        }
        if (*apply && !levels.empty()) QS_CHECK(s.desk->grade(actor, *code, levels));
        if (common.json)
          print(out);
        else
          print_table(common.lang == Lang::zh ? std::vector<std::string>{"信息项", "现为", "确认人", "建议", "理由"}
                                              : std::vector<std::string>{"item", "grade", "confirmed by", "proposed", "why"},
                      rows);
        return {};
      });
    };
  });
}

void add_resource(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto n = std::make_shared<catalog::NewDataset>();
  auto* add = group.add_subcommand("add", zh ? "登记还没有数据的资源" : "Register a resource that has no data yet");
  add->add_option("title", n->title, zh ? "信息资源名称" : "Title")->required();
  add->add_option("--code", n->code, zh ? "数据集代码；不给则由名称推出" : "Dataset code; made from the title when absent");
  add->add_option("--department", n->department_id, zh ? "提供部门的代码" : "Code of the providing department");
  add->add_option("--abstract", n->abstract, zh ? "摘要" : "Abstract");
  add->callback([&, n] {
    chosen.action = [&, n] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto made, s.desk->add(actor, *n));
        if (common.json)
          print(catalog::to_json(made));
        else
          std::cout << (common.lang == Lang::zh ? fmt::format("已登记 {}  {}\n", made.code, made.title)
                                                : fmt::format("registered {}  {}\n", made.code, made.title));
        return {};
      });
    };
  });
}

void add_lists(CLI::App& group, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* reviews = group.add_subcommand("reviews", zh ? "列出待审核的目录" : "List the entries that wait for review");
  reviews->callback([&] {
    chosen.action = [&] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto list, s.desk->reviews(actor));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& w : list) {
          out.emplace_back(to_json(w, common.lang));
          rows.push_back({w.dataset.code, w.dataset.title, w.dataset.department_name,
                          catalog::name_of(catalog::entry_states(), w.dataset.entry_state).in(common.lang), w.person_name,
                          to_iso(w.at).substr(0, 16)});
        }
        if (common.json)
          print(out);
        else
          print_table(common.lang == Lang::zh ? std::vector<std::string>{"代码", "名称", "部门", "状态", "提交人", "时间"}
                                              : std::vector<std::string>{"code", "title", "department", "state", "by", "at"},
                      rows);
        return {};
      });
    };
  });
  auto* tree = group.add_subcommand("classification", zh ? "列出目录分类" : "List the classification");
  tree->callback([&] {
    chosen.action = [&] {
      return with_system(common, [&](System& s, const Actor&) -> Result<void> {
        QS_TRY(auto nodes, s.classification->nodes());
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& node : nodes) {
          out.emplace_back(to_json(node));
          rows.push_back({node.id, node.full_code, node.path,
                          node.retired ? (common.lang == Lang::zh ? "停用" : "retired") : "", std::to_string(node.entries)});
        }
        if (common.json)
          print(out);
        else
          print_table(common.lang == Lang::zh ? std::vector<std::string>{"编号", "代码", "分类", "状态", "目录数"}
                                              : std::vector<std::string>{"id", "code", "class", "state", "entries"},
                      rows);
        return {};
      });
    };
  });
}

}  // namespace

void add_catalog_commands(CLI::App& app, Common& common, Chosen& chosen) {
  auto* group = app.add_subcommand("catalog", common.lang == Lang::zh ? "政务数据目录" : "The catalogue by the national guide");
  group->require_subcommand(1);
  add_resource(*group, common, chosen);
  add_sheet(*group, common, chosen);
  add_entry(*group, common, chosen);
  add_lists(*group, common, chosen);
}

}  // namespace qushu::app
