#include <CLI/CLI.hpp>

#include "commands.h"

namespace qushu::app {

void add_board_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group =
      app.add_subcommand("board", zh ? "个人看板（用 --as 指定人员）" : "Personal dashboards (--as names the person)");
  group->require_subcommand(1);
  auto given = std::make_shared<std::string>();
  add_command(*group, common, chosen, "show", {"看板的卡片（JSON）", "The cards, as JSON"},
              [](System& s, const Actor& actor) -> Result<void> {
                QS_TRY(auto board, s.boards->find(actor));
                print(indicators::to_json(board));
                return {};
              });
  add_command(*group, common, chosen, "set", {"替换看板的卡片", "Replace the cards"},
              [given](System& s, const Actor& actor) -> Result<void> {
                QS_TRY(auto cards, json_in(*given));
                QS_TRY(auto read, indicators::cards_of(cards));
                QS_TRY(auto old, s.boards->find(actor));
                QS_TRY(auto saved, s.boards->save(actor, old.revision, std::move(read)));
                print(indicators::to_json(saved));
                return {};
              })
      ->add_option("cards", *given, zh ? "卡片的 JSON 列表，或 @文件" : "The cards as a JSON list, or @FILE")
      ->required();
}

}  // namespace qushu::app
