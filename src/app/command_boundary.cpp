// qushu boundary load | show | remove
#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>

#include "commands.h"

namespace qushu::app {
namespace {

void print_about(const Common& common, const opendata::Boundaries::About& about) {
  if (common.json) {
    print(opendata::to_json(about));
    return;
  }
  bool zh = common.lang == Lang::zh;
  if (about.count == 0)
    std::cout << (zh ? "还没有区域边界，用 qushu boundary load 载入。\n"
                     : "There are no outlines; load them with qushu boundary load.\n");
  else
    std::cout << (zh ? fmt::format("{} 个区域，{} 载入，{}\n", about.count, about.person_name, to_iso(*about.at))
                     : fmt::format("{} regions, loaded by {}, {}\n", about.count, about.person_name, to_iso(*about.at)));
}

}  // namespace

void add_boundary_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("boundary", zh ? "开放门户地图用的区域边界" : "Outlines of regions, for the portal's maps");
  group->require_subcommand(1);
  auto file = std::make_shared<std::string>();
  auto* load =
      add_command(*group, common, chosen, "load",
                  {"载入 GeoJSON（- 为标准输入），替换原有边界", "Load GeoJSON (-: standard input) in place of what is there"},
                  [&common, file](System& s, const Actor& actor) -> Result<void> {
                    QS_TRY(auto text, text_of_file(*file, "boundary.file", "file"));
                    QS_TRY(auto about, s.boundaries->replace(actor, text));
                    print_about(common, about);
                    return {};
                  });
  load->add_option("file", *file, zh ? "文件" : "File")->required();
  add_command(*group, common, chosen, "show", {"查看", "Show them"}, [&common](System& s, const Actor&) -> Result<void> {
    QS_TRY(auto about, s.boundaries->about());
    print_about(common, about);
    return {};
  });
  add_command(*group, common, chosen, "remove", {"删除全部边界", "Remove all"},
              [](System& s, const Actor& actor) { return s.boundaries->remove(actor); });
}

}  // namespace qushu::app
