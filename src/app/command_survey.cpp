#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;
using surveys::SheetFormat;
using surveys::Survey;

std::string percent(const json::value& value) {
  return value.is_null() ? std::string() : fmt::format("{:.2f}%", value.to_number<double>());
}

std::vector<std::string> row_of(const Survey& one, Lang lang) {
  auto j = surveys::to_json(one, lang);
  return {one.definition.code,
          one.definition.name.in(lang),
          surveys::title(one.phase).in(lang),
          std::string(surveys::name(one.definition.mode)),
          std::to_string(one.answers),
          one.definition.mode == surveys::Mode::links ? std::to_string(one.invitations) : "",
          percent(j.at("response_rate"))};
}

void print_surveys(const std::vector<Survey>& list, Lang lang) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : list) rows.push_back(row_of(one, lang));
  print_table(lang == Lang::zh ? std::vector<std::string>{"代码", "调查", "状态", "参与方式", "答卷", "一次性链接", "回收率"}
                               : std::vector<std::string>{"code", "survey", "state", "mode", "answers", "links", "response"},
              rows);
}

void print_survey(const Survey& one, const Common& common) {
  if (common.json)
    print(surveys::to_json(one, common.lang));
  else
    print_surveys({one}, common.lang);
}

Result<void> list_surveys(const System& s, const Actor& actor, const Common& common, bool archived) {
  QS_TRY(auto all, s.surveys->list(actor, archived));
  if (!common.json) {
    print_surveys(all, common.lang);
    return {};
  }
  json::array out;
  for (const auto& one : all) out.push_back(surveys::to_json(one, common.lang));
  print(out);
  return {};
}

Result<void> show_results(const System& s, const Actor& actor, const Common& common, const std::string& code) {
  QS_TRY(auto results, s.surveys->results(actor, code));
  auto j = surveys::to_json(results, common.lang);
  if (common.json) {
    print(j);
    return {};
  }
  bool zh = common.lang == Lang::zh;
  std::cout << fmt::format(fmt::runtime(zh ? "{}：已计入 {} 份答卷，{} 份待计入\n" : "{}: {} answers counted, {} waiting\n"),
                           results.survey.definition.name.in(common.lang), results.counted, results.waiting);
  std::vector<std::vector<std::string>> rows;
  for (const auto& one : j.at("questions").as_array()) {
    const auto& q = one.as_object();
    auto mean = q.at("mean").is_null() ? std::string() : fmt::format("{:.2f}", q.at("mean").to_number<double>());
    auto shown = q.at("shown").as_bool() ? std::string() : Text{"答复太少", "too few"}.in(common.lang);
    rows.push_back({std::string(q.at("title").as_string()), std::to_string(q.at("answers").to_number<std::int64_t>()), mean,
                    percent(q.at("satisfied_share")), shown});
  }
  print_table(zh ? std::vector<std::string>{"题目", "答复", "平均分", "满意率", ""}
                 : std::vector<std::string>{"question", "answers", "mean", "satisfied", ""},
              rows);
  return {};
}

Result<SheetFormat> format_of(const std::string& file) {
  auto extension = std::filesystem::path(file).extension();
  if (extension == ".csv") return SheetFormat::csv;
  if (extension == ".xlsx") return SheetFormat::xlsx;
  return fail(Error{.code = Code::invalid,
                    .id = "survey.format",
                    .text = {"文件的扩展名应为 .csv 或 .xlsx。", "The file's extension is .csv or .xlsx."},
                    .subject = file});
}

Result<void> put(const surveys::SheetFile& sheet, const std::string& file, const Common& common) {
  std::error_code failed;
  std::filesystem::copy_file(sheet.path, file, std::filesystem::copy_options::overwrite_existing, failed);
  if (failed)
    return fail(Error{.code = Code::invalid,
                      .id = "survey.file",
                      .text = {fmt::format("写不了文件 {}：{}。", file, failed.message()),
                               fmt::format("The file {} cannot be written: {}.", file, failed.message())},
                      .subject = file});
  if (common.json)
    print(json::object{{"file", file}});
  else
    std::cout << (common.lang == Lang::zh ? fmt::format("已写到 {}。\n", file) : fmt::format("Written to {}.\n", file));
  return {};
}

struct Inviting {
  std::string file;
  std::int64_t links = 0;
  surveys::Invited mail;
};

Result<void> invite(const System& s, const Actor& actor, const Common& common, const std::string& code, const Inviting& how) {
  if (how.links > 0) {
    if (how.file.empty())
      return fail(Error{.code = Code::invalid,
                        .id = "survey.file",
                        .text = {"请用 --out 指明把链接写到哪个文件：它们只给这一次。",
                                 "Say with --out which file the links go to: they are handed out this once."},
                        .subject = "--out"});
    QS_TRY(auto format, format_of(how.file));
    QS_TRY(auto tokens, s.surveys->invite(actor, code, how.links));
    QS_TRY(auto sheet, s.surveys->write_links(code, tokens, s.settings.text("notify.links"), format, common.lang));
    return put(sheet, how.file, common);
  }
  QS_TRY(auto done, s.surveys->invite_by_mail(actor, code, how.mail));
  if (common.json) {
    print(json::object{{"mails", done.mails}, {"no_address", json::array(done.no_address.begin(), done.no_address.end())}});
    return {};
  }
  std::cout << (common.lang == Lang::zh ? fmt::format("{} 封邮件等待发送。\n", done.mails)
                                        : fmt::format("{} mails wait to be sent.\n", done.mails));
  for (const auto& name : done.no_address)
    std::cout << (common.lang == Lang::zh ? fmt::format("  {} 没有登记邮箱\n", name)
                                          : fmt::format("  {} has no e-mail address\n", name));
  return {};
}

Result<void> define(const System& s, const Actor& actor, const Common& common, const std::string& file) {
  QS_TRY(auto yaml, text_of_file(file, "survey.file", file));
  auto made = s.surveys->apply(actor, yaml, "");
  if (!made) return fail(std::move(made).error().about(file));
  print_survey(*made, common);
  return {};
}

void add_managing(CLI::App& group, Common& common, Chosen& chosen, const std::shared_ptr<std::string>& code,
                  const std::function<void(CLI::App*)>& named) {
  bool zh = common.lang == Lang::zh;
  auto file = std::make_shared<std::string>();
  add_command(group, common, chosen, "define", {"按 YAML 建立或变更调查", "Make or change a survey by its YAML"},
              [&common, file](System& s, const Actor& actor) { return define(s, actor, common, *file); })
      ->add_option("file", *file, zh ? "YAML 文件，- 为标准输入" : "YAML file, - for standard input")
      ->required();
  named(add_command(group, common, chosen, "open", {"开放调查", "Let a survey be answered"},
                    [&common, code](System& s, const Actor& actor) -> Result<void> {
                      QS_TRY(auto now, s.surveys->open(actor, *code));
                      print_survey(now, common);
                      return {};
                    }));
  named(add_command(group, common, chosen, "close", {"结束调查", "Close a survey"},
                    [&common, code](System& s, const Actor& actor) -> Result<void> {
                      QS_TRY(auto now, s.surveys->close(actor, *code));
                      print_survey(now, common);
                      return {};
                    }));
  for (bool put_away : {true, false})
    named(add_command(group, common, chosen, put_away ? "archive" : "restore",
                      put_away ? Text{"归档调查，答卷保留", "Put a survey away; its answers stay"}
                               : Text{"取消归档", "Take an archived survey back"},
                      [&common, code, put_away](System& s, const Actor& actor) -> Result<void> {
                        QS_TRY(auto now, s.surveys->archive(actor, *code, put_away));
                        print_survey(now, common);
                        return {};
                      }));
  auto answers = std::make_shared<std::int64_t>(0);
  auto* remove =
      add_command(group, common, chosen, "delete", {"删除调查，连同全部答卷", "Remove a survey with all its answers"},
                  [&common, code, answers](System& s, const Actor& actor) -> Result<void> {
                    QS_CHECK(s.surveys->remove(actor, *code, *answers));
                    if (common.json)
                      print(json::object{{"code", *code}, {"answers", *answers}});
                    else
                      std::cout << (common.lang == Lang::zh ? fmt::format("已删除 {} 和 {} 份答卷。\n", *code, *answers)
                                                            : fmt::format("{} is gone, with {} answers.\n", *code, *answers));
                    return {};
                  });
  named(remove);
  remove->add_option("--answers", *answers, zh ? "确认：一起删除的答卷数" : "To confirm: how many answers go with it");
  auto how = std::make_shared<Inviting>();
  auto* invite =
      add_command(group, common, chosen, "invite", {"生成或邮寄一次性链接", "Make one-time links, or mail them"},
                  [&common, code, how](System& s, const Actor& actor) { return app::invite(s, actor, common, *code, *how); });
  named(invite);
  invite->add_option("--links", how->links, zh ? "生成多少个链接" : "How many links to make");
  invite->add_option("--out", how->file, zh ? "链接写到的文件（.csv 或 .xlsx）" : "File for the links (.csv or .xlsx)");
  invite->add_option("--department", how->mail.departments,
                     zh ? "邮寄给这个部门的人员，可多次" : "Mail to the people of a department, repeatable");
  invite->add_option("--person", how->mail.people,
                     zh ? "邮寄给这个人（登录名），可多次" : "Mail to a person (login), repeatable");
}

}  // namespace

void add_survey_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("survey", zh ? "满意度调查" : "Surveys");
  group->require_subcommand(1);
  auto code = std::make_shared<std::string>(), file = std::make_shared<std::string>();
  auto named = [zh, code](CLI::App* c) { c->add_option("code", *code, zh ? "调查的代码" : "The survey's code")->required(); };
  auto archived = std::make_shared<bool>(false);
  add_command(*group, common, chosen, "list", {"调查和答卷数", "Surveys and how many answered"},
              [&common, archived](System& s, const Actor& actor) { return list_surveys(s, actor, common, *archived); })
      ->add_flag("--archived", *archived, zh ? "已归档的" : "Those that are archived");
  named(add_command(*group, common, chosen, "show", {"调查的 YAML 定义", "A survey's definition in YAML"},
                    [&common, code](System& s, const Actor& actor) -> Result<void> {
                      QS_TRY(auto one, s.surveys->find(actor, *code));
                      if (common.json) {
                        print(surveys::to_json(one, common.lang));
                        return {};
                      }
                      QS_TRY(auto yaml, s.surveys->yaml(actor, *code));
                      std::cout << yaml;
                      return {};
                    }));
  add_managing(*group, common, chosen, code, named);
  named(add_command(*group, common, chosen, "results", {"调查结果", "A survey's results"},
                    [&common, code](System& s, const Actor& actor) { return show_results(s, actor, common, *code); }));
  auto* out = add_command(*group, common, chosen, "export", {"导出结果为 XLSX 或 CSV", "Export the results as XLSX or CSV"},
                          [&common, code, file](System& s, const Actor& actor) -> Result<void> {
                            QS_TRY(auto format, format_of(*file));
                            QS_TRY(auto sheet, s.surveys->write_results(actor, *code, format, common.lang));
                            return put(sheet, *file, common);
                          });
  named(out);
  out->add_option("file", *file, zh ? "文件，扩展名 .xlsx 或 .csv" : "File, .xlsx or .csv")->required();
}

}  // namespace qushu::app
