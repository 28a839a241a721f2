#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using registers::Registers;

Result<void> list_registers(const System& s, const Actor& actor, const Common& common) {
  QS_TRY(auto all, s.registers->list(actor));
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& r : all) {
    out.emplace_back(json::object{{"code", r.code},
                                  {"name", r.name.in(common.lang)},
                                  {"version", r.version},
                                  {"origin", r.origin},
                                  {"records", r.records},
                                  {"open", r.open},
                                  {"late", r.late}});
    rows.push_back({r.code, r.name.in(common.lang), std::to_string(r.version), std::to_string(r.records),
                    std::to_string(r.open), std::to_string(r.late)});
  }
  if (common.json)
    print(out);
  else
    print_table(common.lang == Lang::zh ? std::vector<std::string>{"代码", "台账", "版本", "记录", "未办结", "逾期"}
                                        : std::vector<std::string>{"code", "register", "version", "records", "open", "late"},
                rows);
  return {};
}

void print_plan(const registers::Plan& plan, const Common& common, bool done) {
  if (common.json) return print(registers::to_json(plan, common.lang));
  bool zh = common.lang == Lang::zh;
  if (plan.unchanged) {
    std::cout << (zh ? fmt::format("{} 与现行定义（第 {} 版）相同，没有变化。\n", plan.code, plan.version)
                     : fmt::format("{} is the definition in use (version {}); nothing changes.\n", plan.code, plan.version));
    return;
  }
  std::cout << (zh ? fmt::format("{}（{}）{}第 {} 版：\n", plan.name.zh, plan.code, done ? "已成为" : "将成为", plan.version)
                   : fmt::format("{} ({}) {} version {}:\n", plan.name.en, plan.code, done ? "is" : "becomes", plan.version));
  for (const auto& step : plan.steps)
    std::cout << (step.blocked ? (zh ? "  不能做  " : "  blocked ") : "  ") << step.text.in(common.lang) << '\n';
}

Result<void> plan_file(const System& s, const Actor& actor, const Common& common, const std::string& file) {
  QS_TRY(auto yaml, text_of_file(file, "register.file", "FILE"));
  QS_TRY(auto plan, s.registers->plan(actor, yaml));
  print_plan(plan, common, false);
  if (!plan.blocked()) return {};
  return fail(Code::conflict, "register.blocked", "定义不能这样变更，原因见上。",
              "The definition cannot change so; see above.");
}

// name=value pairs; the values are read as a sheet's cells are.
Result<json::object> values_of(const std::vector<std::string>& pairs) {
  json::object out;
  for (const auto& pair : pairs) {
    auto equal = pair.find('=');
    if (equal == std::string::npos || equal == 0)
      return fail(Error{
          .code = Code::invalid, .id = "cli.set", .text = {"应写成 字段=值。", "Write it as field=value."}, .subject = pair});
    out[pair.substr(0, equal)] = pair.substr(equal + 1);
  }
  return out;
}

std::string shown(const json::value& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_object())
    for (const auto* key : {"name", "address"})
      if (const auto* text = value.as_object().if_contains(key); text != nullptr && text->is_string())
        return std::string(text->as_string());
  return json::serialize(value);
}

std::string state_name(const registers::Definition& d, const std::string& state, Lang lang) {
  const auto* found = d.state(state);
  return found != nullptr ? found->label.in(lang) : state;
}

Result<void> print_record(const System& s, const Actor& actor, const Common& common, const std::string& code,
                          const registers::Record& record) {
  QS_TRY(auto entry, s.registers->find(actor, code));
  const auto& d = entry.definition;
  auto out = s.registers->to_json(d, record);
  if (common.json) {
    print(out);
    return {};
  }
  bool zh = common.lang == Lang::zh;
  std::vector<std::vector<std::string>> rows{{zh ? "编号" : "number", record.number},
                                             {zh ? "状态" : "state", state_name(d, record.state, common.lang)},
                                             {zh ? "修订" : "revision", std::to_string(record.revision)}};
  for (const auto& field : d.fields)
    if (const auto* value = out.at("values").as_object().if_contains(field.name); value != nullptr && !value->is_null())
      rows.push_back({field.label.in(common.lang), shown(*value)});
  print_table({zh ? "字段" : "field", zh ? "值" : "value"}, rows);
  return {};
}

registers::Pairs pairs_of(const std::vector<std::string>& filters) {
  registers::Pairs query;
  for (const auto& filter : filters) {
    auto equal = filter.find('=');
    query.emplace_back(filter.substr(0, equal), equal == std::string::npos ? std::string() : filter.substr(equal + 1));
  }
  return query;
}

Result<void> list_records(const System& s, const Actor& actor, const Common& common, const std::string& code,
                          const std::vector<std::string>& filters) {
  QS_TRY(auto entry, s.registers->find(actor, code));
  QS_TRY(auto page, s.registers->page(actor, code, pairs_of(filters)));
  const auto& d = entry.definition;
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& record : page.records) {
    auto one = s.registers->to_json(d, record);
    rows.push_back({record.number, shown(one.at("title")), state_name(d, record.state, common.lang), record.department_name,
                    to_iso(record.changed).substr(0, 10)});
    out.emplace_back(std::move(one));
  }
  if (common.json) {
    print(json::object{{"records", std::move(out)}, {"next", page.next}});
    return {};
  }
  print_table(common.lang == Lang::zh ? std::vector<std::string>{"编号", "标题", "状态", "部门", "修改"}
                                      : std::vector<std::string>{"number", "title", "state", "department", "changed"},
              rows);
  if (!page.next.empty())
    std::cout << (common.lang == Lang::zh ? "还有更多：_next=" : "There are more: _next=") << page.next << '\n';
  return {};
}

// What was printed, in the file that the caller names.
Result<void> print_to(const Common& common, const Result<registers::Printed>& printed, const std::string& file) {
  QS_CHECK(printed);
  QS_CHECK(write_whole_file(file, printed->bytes, "register.file"));
  if (common.json)
    print(json::object{{"file", file}, {"bytes", printed->bytes.size()}});
  else
    std::cout << (common.lang == Lang::zh ? fmt::format("已打印到 {}。\n", file) : fmt::format("Printed to {}.\n", file));
  return {};
}

Result<void> print_register(const System& s, const Actor& actor, const Common& common, const std::string& code,
                            const std::string& record, const std::string& form, const std::string& file,
                            const std::vector<std::string>& filters) {
  auto format = lower_ascii(std::filesystem::path(file).extension().string()) == ".xlsx" ? registers::PrintFormat::xlsx
                                                                                         : registers::PrintFormat::pdf;
  if (!record.empty()) return print_to(common, s.registers->print_record(actor, code, record, form, format, common.lang), file);
  return print_to(common, s.registers->print_list(actor, code, pairs_of(filters), format, common.lang), file);
}

Result<void> show_days(const System& s, const Actor& actor, const Common& common, const std::string& code,
                       const std::string& from, const std::string& until, const std::string& file) {
  QS_TRY(auto range, registers::day_range(*s.calendar, from, until));
  bool zh = common.lang == Lang::zh;
  std::string name = zh ? "我的日历" : "My calendar";
  registers::DayEvents days;
  if (code.empty()) {
    QS_TRY(days, s.registers->my_days(actor, range.from, range.until));
  } else {
    QS_TRY(auto entry, s.registers->find(actor, code));
    name = entry.definition.name.in(common.lang);
    QS_TRY(days, s.registers->days(actor, code, range.from, range.until));
  }
  if (!file.empty()) {
    QS_CHECK(write_whole_file(file, registers::icalendar(days, name, s.settings.text("notify.links"), common.lang),
                              "register.file"));
    if (!common.json)
      std::cout << (zh ? fmt::format("{} 个日子已写入 {}。\n", days.events.size(), file)
                       : fmt::format("{} days are in {}.\n", days.events.size(), file));
    else
      print(json::object{{"events", days.events.size()}, {"file", file}});
    return {};
  }
  json::array out;
  std::vector<std::vector<std::string>> rows;
  for (const auto& e : days.events) {
    auto one = registers::to_json(e, s.calendar->zone(), common.lang);
    auto text = [&](const char* key) { return std::string(one.at(key).as_string()); };
    rows.push_back({text("day"), text("time"), text("label"), text("title"), text("number"), text("register_name"),
                    e.late ? (zh ? "逾期" : "late") : text("state")});
    out.emplace_back(std::move(one));
  }
  if (common.json) {
    print(json::object{{"events", std::move(out)}, {"more", days.more}});
    return {};
  }
  print_table(zh ? std::vector<std::string>{"日期", "时间", "事项", "标题", "编号", "台账", "状态"}
                 : std::vector<std::string>{"day", "time", "what", "title", "number", "register", "state"},
              rows);
  if (days.more) std::cout << (zh ? "太多，没有列完；请缩短日期范围。\n" : "There are more; shorten the range of days.\n");
  return {};
}

Result<void> subscribe(const System& s, const Actor& actor, const Common& common, bool end) {
  bool zh = common.lang == Lang::zh;
  if (end) {
    QS_CHECK(s.calendar_feeds->end(actor));
    if (common.json)
      print(json::object{{"path", nullptr}});
    else
      std::cout << (zh ? "日历订阅已停用。\n" : "The calendar's address has ended.\n");
    return {};
  }
  QS_TRY(auto secret, s.calendar_feeds->make(actor));
  auto path = s.settings.text("notify.links") + "/api/v1/calendar-feeds/" + secret + "/calendar.ics";
  if (common.json)
    print(json::object{{"path", path}});
  else
    std::cout << (zh ? "日历程序用的地址（只显示这一次，知道它的人就能看到您的日历）：\n"
                     : "The address for calendar programs (shown this once; whoever knows it sees your days):\n")
              << path << '\n';
  return {};
}

Result<void> export_register(const System& s, const Actor& actor, const Common& common, const std::string& code,
                             const std::string& file, const std::vector<std::string>& filters) {
  auto path = std::filesystem::path(file);
  bool xlsx = lower_ascii(path.extension().string()) == ".xlsx";
  QS_TRY(auto sheet, s.registers->write_sheet(actor, code, pairs_of(filters),
                                              xlsx ? registers::SheetFormat::xlsx : registers::SheetFormat::csv, common.lang));
  std::error_code failed;
  std::filesystem::copy_file(sheet.path, path, std::filesystem::copy_options::overwrite_existing, failed);
  if (failed)
    return fail(Error{.code = Code::invalid,
                      .id = "register.file",
                      .text = {fmt::format("写不了文件 {}：{}。", file, failed.message()),
                               fmt::format("The file {} cannot be written: {}.", file, failed.message())},
                      .subject = "FILE"});
  if (common.json)
    print(json::object{{"records", sheet.rows}, {"file", file}});
  else
    std::cout << (common.lang == Lang::zh ? fmt::format("已导出 {} 条记录到 {}。\n", sheet.rows, file)
                                          : fmt::format("{} records are in {}.\n", sheet.rows, file));
  return {};
}

Result<void> import_register(const System& s, const Actor& actor, const Common& common, const std::string& code,
                             const std::string& file, bool dry) {
  std::error_code failed;
  if (!std::filesystem::is_regular_file(file, failed))
    return fail(Error{.code = Code::not_found,
                      .id = "register.file",
                      .text = {fmt::format("打不开文件 {}。", file), fmt::format("The file {} cannot be opened.", file)},
                      .subject = "FILE"});
  QS_TRY(auto done, s.registers->read_sheet(actor, code, file, std::filesystem::path(file).filename().string(), dry));
  bool zh = common.lang == Lang::zh;
  if (common.json) {
    json::array errors;
    for (const auto& e : done.errors)
      errors.push_back(json::object{{"row", e.row}, {"column", e.column}, {"text", e.text.in(common.lang)}});
    print(json::object{{"rows", done.rows},
                       {"added", done.added},
                       {"changed", done.changed},
                       {"dry_run", dry},
                       {"ignored", json::array(done.ignored.begin(), done.ignored.end())},
                       {"errors", errors}});
  } else if (done.errors.empty()) {
    std::cout << (zh ? fmt::format("{}：{} 行，新增 {} 条，修改 {} 条。\n", dry ? "将导入" : "已导入", done.rows, done.added,
                                   done.changed)
                     : fmt::format("{}: {} rows, {} new records, {} changed.\n", dry ? "would be taken" : "taken", done.rows,
                                   done.added, done.changed));
    if (!done.ignored.empty())
      std::cout << (zh ? fmt::format("没有导入的列（表头不是字段名）：{}。\n", join(done.ignored, "、"))
                       : fmt::format("columns that were not taken (their heads name no field): {}.\n",
                                     join(done.ignored, ", ")));
  } else {
    for (const auto& e : done.errors)
      std::cout << (zh ? fmt::format("第 {} 行 {} {}\n", e.row, e.column, e.text.zh)
                       : fmt::format("row {} {} {}\n", e.row, e.column, e.text.en));
  }
  if (done.errors.empty()) return {};
  return fail(Code::invalid, "register.import", fmt::format("{} 处不对，什么都没有导入。", done.errors.size()),
              fmt::format("{} mistakes; nothing was taken.", done.errors.size()));
}

void add_register(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("register", zh ? "台账的定义" : "Registers and their definitions");
  group->require_subcommand(1);
  auto code = std::make_shared<std::string>(), file = std::make_shared<std::string>(), note = std::make_shared<std::string>();
  auto dry = std::make_shared<bool>(false);
  add_command(*group, common, chosen, "list", {"列出台账", "List registers"},
              [&common](System& s, const Actor& actor) { return list_registers(s, actor, common); });
  auto* show = add_command(*group, common, chosen, "show", {"显示台账的 YAML 定义", "Show a register's definition in YAML"},
                           [&common, code](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto yaml, s.registers->yaml(actor, *code));
                             if (common.json) {
                               QS_TRY(auto entry, s.registers->find(actor, *code));
                               auto out = registers::to_json(entry.definition, common.lang);
                               out["version"] = entry.version;
                               out["yaml"] = yaml;
                               print(out);
                             } else {
                               std::cout << yaml;
                             }
                             return {};
                           });
  show->add_option("code", *code, zh ? "台账代码" : "The register's code")->required();
  auto* check = add_command(*group, common, chosen, "check",
                            {"检查定义文件，说明将要发生的变更", "Check a definition and tell what it will change"},
                            [&common, file](System& s, const Actor& actor) { return plan_file(s, actor, common, *file); });
  check->add_option("file", *file, zh ? "YAML 文件，- 为标准输入" : "YAML file, - for standard input")->required();
  auto* apply = add_command(*group, common, chosen, "apply",
                            {"建立台账，或按新定义变更", "Make a register, or change it to a new definition"},
                            [&common, file, note, dry](System& s, const Actor& actor) -> Result<void> {
                              if (*dry) return plan_file(s, actor, common, *file);
                              QS_TRY(auto yaml, text_of_file(*file, "register.file", "FILE"));
                              QS_TRY(auto plan, s.registers->apply(actor, yaml, *note));
                              print_plan(plan, common, true);
                              return {};
                            });
  apply->add_option("file", *file, zh ? "YAML 文件，- 为标准输入" : "YAML file, - for standard input")->required();
  apply->add_option("--note", *note, zh ? "变更说明" : "Why it changes");
  apply->add_flag("--dry-run", *dry, zh ? "只说明将要发生什么" : "Only tell what would happen");
  auto filters = std::make_shared<std::vector<std::string>>();
  auto* out = add_command(*group, common, chosen, "export", {"导出记录为 XLSX 或 CSV", "Export records as XLSX or CSV"},
                          [&common, code, file, filters](System& s, const Actor& actor) {
                            return export_register(s, actor, common, *code, *file, *filters);
                          });
  out->add_option("code", *code, zh ? "台账代码" : "The register's code")->required();
  out->add_option("file", *file, zh ? "文件，扩展名 .xlsx 或 .csv" : "File, .xlsx or .csv")->required();
  out->add_option("filters", *filters, zh ? "条件，同 record list" : "Conditions, as of record list");
  auto record = std::make_shared<std::string>(), form = std::make_shared<std::string>();
  auto* paper = add_command(*group, common, chosen, "print",
                            {"打印一条记录，或不写记录时打印列表", "Print a record, or a list when none is named"},
                            [&common, code, record, form, file, filters](System& s, const Actor& actor) {
                              return print_register(s, actor, common, *code, *record, *form, *file, *filters);
                            });
  paper->add_option("code", *code, zh ? "台账代码" : "The register's code")->required();
  paper->add_option("record", *record, zh ? "记录的编号或标识" : "The record's number or identifier");
  paper->add_option("--form", *form, zh ? "打印表单，默认第一个" : "The printed form; the first by default");
  paper->add_option("--output,-o", *file, zh ? "文件，扩展名 .pdf 或 .xlsx" : "File, .pdf or .xlsx")->required();
  paper->add_option("--filter", *filters,
                    zh ? "列表的条件，同 record list，可多次" : "Conditions of a list, as of record list; repeatable");
  auto from = std::make_shared<std::string>(), until = std::make_shared<std::string>();
  auto* days = add_command(*group, common, chosen, "calendar",
                           {"台账的日历；不写台账时是我的日历", "The days of a register, or mine when none is named"},
                           [&common, code, from, until, file](System& s, const Actor& actor) {
                             return show_days(s, actor, common, *code, *from, *until, *file);
                           });
  days->add_option("code", *code, zh ? "台账代码" : "The register's code");
  days->add_option("--from", *from, zh ? "第一天，默认本月一日" : "First day; by default that of this month");
  days->add_option("--until", *until, zh ? "最后一天，默认月末" : "Last day; by default that of the month");
  days->add_option("--output,-o", *file, zh ? "写成 iCalendar 文件" : "Write an iCalendar file");
  auto end = std::make_shared<bool>(false);
  auto* feed = add_command(*group, common, chosen, "subscribe",
                           {"生成日历程序用的地址，原来的作废", "Make an address for calendar programs; the one before ends"},
                           [&common, end](System& s, const Actor& actor) { return subscribe(s, actor, common, *end); });
  feed->add_flag("--end", *end, zh ? "停用地址" : "End it");
  auto* in = add_command(*group, common, chosen, "import", {"从 XLSX 或 CSV 导入记录", "Import records from XLSX or CSV"},
                         [&common, code, file, dry](System& s, const Actor& actor) {
                           return import_register(s, actor, common, *code, *file, *dry);
                         });
  in->add_option("code", *code, zh ? "台账代码" : "The register's code")->required();
  in->add_option("file", *file, zh ? "文件" : "File")->required();
  in->add_flag("--dry-run", *dry, zh ? "只检查，不导入" : "Only check");
}

void add_record(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("record", zh ? "台账的记录" : "Records of registers");
  group->require_subcommand(1);
  auto code = std::make_shared<std::string>(), id = std::make_shared<std::string>(),
       transition = std::make_shared<std::string>(), comment = std::make_shared<std::string>();
  auto pairs = std::make_shared<std::vector<std::string>>();
  auto named = [zh, code](CLI::App* c) {
    c->add_option("register", *code, zh ? "台账代码" : "The register's code")->required();
  };
  auto one = [zh, id](CLI::App* c) {
    c->add_option("record", *id, zh ? "记录的编号或标识" : "The record's number or identifier")->required();
  };
  auto fields = [zh, pairs](CLI::App* c) {
    c->add_option("--set-field,-f", *pairs, zh ? "字段=值，可多次" : "field=value, repeatable")->type_name("FIELD=VALUE");
  };

  auto* list = add_command(
      *group, common, chosen, "list", {"列出记录", "List records"},
      [&common, code, pairs](System& s, const Actor& actor) { return list_records(s, actor, common, *code, *pairs); });
  named(list);
  list->add_option("filters", *pairs,
                   zh ? "条件，如 state=draft、amount__gte=1000、_search=机房"
                      : "Conditions, such as state=draft, amount__gte=1000, _search=room");
  auto* show = add_command(*group, common, chosen, "show", {"查看一条记录", "Show a record"},
                           [&common, code, id](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto record, s.registers->record(actor, *code, *id));
                             return print_record(s, actor, common, *code, record);
                           });
  named(show);
  one(show);
  auto* add = add_command(*group, common, chosen, "add", {"新建记录", "Make a record"},
                          [&common, code, pairs](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto values, values_of(*pairs));
                            QS_TRY(auto record, s.registers->create(actor, *code, values));
                            return print_record(s, actor, common, *code, record);
                          });
  named(add);
  fields(add);
  auto* edit = add_command(*group, common, chosen, "edit", {"修改记录", "Edit a record"},
                           [&common, code, id, pairs](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto values, values_of(*pairs));
                             QS_TRY(auto found, s.registers->record(actor, *code, *id));
                             QS_TRY(auto record, s.registers->edit(actor, *code, found.id, found.revision, values));
                             return print_record(s, actor, common, *code, record);
                           });
  named(edit);
  one(edit);
  fields(edit);
  auto* move = add_command(*group, common, chosen, "move", {"流转记录", "Move a record by a transition"},
                           [&common, code, id, transition, comment, pairs](System& s, const Actor& actor) -> Result<void> {
                             QS_TRY(auto values, values_of(*pairs));
                             QS_TRY(auto found, s.registers->record(actor, *code, *id));
                             QS_TRY(auto record,
                                    s.registers->move(actor, *code, found.id, found.revision, *transition, *comment, values));
                             return print_record(s, actor, common, *code, record);
                           });
  named(move);
  one(move);
  move->add_option("transition", *transition, zh ? "流转的代码" : "The transition's name")->required();
  move->add_option("--comment", *comment, zh ? "意见" : "Comment");
  fields(move);
}

}  // namespace

void add_register_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_register(app, common, chosen);
  add_record(app, common, chosen);
}

}  // namespace qushu::app
