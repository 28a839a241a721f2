// qushu budget check
#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>

#include "qushu/budget/budget.h"
#include "qushu/budget/check.h"

#include "commands.h"

namespace qushu::app {
namespace {

struct CheckOptions {
  std::string file, format = "text";
};

// One byte more than the limit is enough to be refused.
Result<std::string> read_file(const std::string& path, std::uint64_t limit) {
  std::error_code failed;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, failed))
    return fail(Error{.code = Code::not_found,
                      .id = "budget.file",
                      .text = {"文件不存在或无法打开。", "There is no such file, or it cannot be opened."},
                      .subject = path});
  std::string bytes;
  std::array<char, 65536> buffer{};
  while (bytes.size() <= limit && (in.read(buffer.data(), buffer.size()) || in.gcount() > 0))
    bytes.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  return bytes;
}

Result<budget::Report> check_file(const Common& common, const std::string& path) {
  // Checking needs no data folder: the limits are the defaults and what --set says.
  Settings settings;
  System::declare(settings);
  for (const auto& [key, value] : common.overrides) QS_CHECK(settings.set(key, value));
  auto limits = budget::limits_of(settings);
  QS_TRY(auto bytes, read_file(path, limits.document));
  QS_TRY(auto document, budget::read_document(bytes, std::filesystem::path(path).filename().string(), limits));
  return budget::check(document);
}

// 0 no findings, 1 findings, 2 not read: as diff and grep do, so that scripts can tell.
int run_check(const Common& common, const CheckOptions& o) {
  auto checked = check_file(common, o.file);
  if (!checked) {
    static_cast<void>(report(common, checked.error()));
    return 2;
  }
  if (common.json || o.format == "json")
    print(budget::to_json(*checked, common.lang));
  else
    std::cout << budget::to_text(*checked, common.lang);
  return checked->findings.empty() ? 0 : 1;
}

}  // namespace

void add_budget_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("budget", zh ? "预算：公开文件核对" : "Budgets: checking published documents");
  group->require_subcommand(1);
  auto o = std::make_shared<CheckOptions>();
  auto* c =
      group->add_subcommand("check", zh ? "核对公开的预算或决算文件，找出互相矛盾的数字"
                                        : "Check a published budget or final account for figures that contradict each other");
  c->add_option("file", o->file, zh ? "PDF、DOCX 或文本文件" : "PDF, DOCX or text")->required();
  c->add_option("--format", o->format, zh ? "text 或 json" : "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  c->footer(zh ? "退出码：0 没有疑点；1 有疑点；2 文件无法读取"
               : "Exit codes: 0 no findings; 1 findings; 2 the file could not be read");
  c->callback([&, o] { chosen.action = [&, o] { return run_check(common, *o); }; });
}

}  // namespace qushu::app
