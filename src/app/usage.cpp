#include "usage.h"

#include <fmt/format.h>

#include "qushu/base/phrases.h"
#include "qushu/base/text.h"

namespace qushu::app {
namespace {

// How the parser words its mistakes, the particular ones first.
constexpr Phrase kPhrases[] = {
    {R"(^There is no command (.+)$)", "没有命令 $1"},
    {R"(^A subcommand is required$)", "缺少子命令"},
    {R"(^(.+) is required$)", "缺少 $1"},
    {R"(^The following arguments? (?:was|were) not expected: (.+)$)", "不认识的参数：$1"},
    {R"(^Could not convert: (.+?) = (.+)$)", "$1 的值“$2”不对：应为数字"},
    {R"(^(.+?): (?:File|Path|Directory) does not exist: (.+)$)", "$1：没有文件 $2"},
    {R"(^(.+?): (.+) not in \{(.+)\}$)", "$1 的值“$2”不对：应为 $3 之一"},
    {R"(^(.+?): Value (.+) not in range (?:\[)?(.+?) (?:-|to) (.+?)(?:\])?$)", "$1 的值 $2 不在 $3 到 $4 之间"},
    {R"(^(.+?): (\d+) required (?:\S+ )?missing$)", "$1 后面还缺 $2 个值"},
    {R"(^(.+?): At least (\d+) required.*$)", "$1 至少要有 $2 个值"},
    {R"(^(.+?): (?:Number|.*) less or equal to 0 not in .*$)", "$1 应大于 0"},
    {R"(^(.+?) excludes (.+)$)", "$1 不能和 $2 同时用"},
    {R"(^(.+?) requires (.+)$)", "用 $1 时还要写 $2"},
    {R"(^Requires at (least|most) .*$)", "参数的个数不对"},
};

std::string in_chinese(const std::string& english) {
  return Phrasebook(kPhrases).in_chinese(english).value_or("用法不对（" + english + "）");
}

class Chinese final : public CLI::Formatter {
 public:
  Chinese() {
    label("REQUIRED", "（必填）");
    label("POSITIONALS", "参数");
    label("Positionals", "参数");
    label("Options", "选项");
    label("OPTIONS", "选项");
    label("SUBCOMMAND", "子命令");
    label("SUBCOMMANDS", "子命令");
    label("Subcommand", "子命令");
    label("Subcommands", "子命令");
    label("Usage", "用法");
    label("Env", "环境变量");
    label("Needs", "需要");
    label("Excludes", "不能同时用");
    label("TEXT", "文本");
    label("INT", "整数");
    label("UINT", "整数");
    label("FLOAT", "数字");
    label("FILE", "文件");
    label("DIR", "目录");
    label("KEY=VALUE", "名称=值");
  }
  std::string make_group(std::string group, bool positional, std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(get_label(std::move(group)), positional, std::move(options));
  }
};

// The deepest command that was reached.
const CLI::App& reached(const CLI::App& app) {
  auto taken = app.get_subcommands();
  return taken.empty() ? app : reached(*taken.back());
}

}  // namespace

void speak(CLI::App& app, Lang lang) {
  app.failure_message([lang](const CLI::App* whole, const CLI::Error& mistake) {
    auto text = usage_mistake(*whole, mistake);
    std::vector<std::string> path;
    for (const auto* at = &reached(*whole); at != nullptr; at = at->get_parent()) path.insert(path.begin(), at->get_name());
    auto help = join(path, " ") + " --help";
    return lang == Lang::zh ? fmt::format("{}。用法见 {}\n", in_chinese(text), help)
                            : fmt::format("{}. How it is used: {}\n", text, help);
  });
  if (lang != Lang::zh) return;
  app.group("子命令");
  app.set_help_flag("-h,--help", "显示本帮助");
  app.formatter(std::make_shared<Chinese>());
}

std::string usage_mistake(const CLI::App& app, const CLI::Error& mistake) {
  // A word that is no command is what is wrong, and not that a command is missing.
  if (mistake.get_name() == "RequiredError" && std::string_view(mistake.what()).starts_with("A subcommand"))
    for (const auto& word : app.remaining(true))
      if (!word.starts_with('-')) return "There is no command " + word;
  return mistake.what();
}

}  // namespace qushu::app
