// Shell completion, made from the command line itself.
#include <CLI/CLI.hpp>
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

void collect(const CLI::App& app, const std::string& path, std::map<std::string, std::string>& words) {
  auto& list = words[path];
  for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    list += (list.empty() ? "" : " ") + sub->get_name();
    collect(*sub, path + " " + sub->get_name(), words);
  }
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) list += (list.empty() ? "--" : " --") + name;
}

std::string script(const CLI::App& app) {
  std::map<std::string, std::string> words;
  collect(app, "qushu", words);
  std::string out =
      "_qushu() {\n  local path=qushu word i\n  for ((i = 1; i < COMP_CWORD; i++)); do\n    word=${COMP_WORDS[i]}\n    [[ "
      "$word == -* ]] || path+=\" $word\"\n  done\n  local list=\"\"\n  while :; do\n    case \"$path\" in\n";
  for (const auto& [path, list] : words) out += fmt::format("      \"{}\") list=\"{}\"; break ;;\n", path, list);
  out +=
      "      *\\ *) path=${path% *} ;;\n      *) break ;;\n    esac\n  done\n  COMPREPLY=($(compgen -W \"$list\" -- "
      "\"${COMP_WORDS[COMP_CWORD]}\") $(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o filenames -F _qushu "
      "qushu\n";
  return out;
}

}  // namespace

void add_completion_command(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto shell = std::make_shared<std::string>("bash");
  auto* c = app.add_subcommand("completion", zh ? "输出命令补全脚本，如 source <(qushu completion bash)"
                                                : "Print the completion script: source <(qushu completion bash)");
  c->add_option("shell", *shell, "bash | zsh")->check(CLI::IsMember({"bash", "zsh"}));
  c->callback([&, shell] {
    chosen.action = [&, shell] {
      if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
      std::cout << script(app);
      return 0;
    };
  });
}

}  // namespace qushu::app
