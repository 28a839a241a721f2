#include <CLI/CLI.hpp>
#include <iostream>

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "qushu/base/text.h"
#include "qushu/http/server.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

struct Check {
  std::string name;
  bool good;
  Text text;
};

// What a person would look at first when something is wrong, with what to do about it.
std::vector<Check> examine(const Common& common) {
  std::vector<Check> checks;
  auto add = [&](std::string name, bool good, std::string zh, std::string en) {
    checks.push_back({std::move(name), good, {std::move(zh), std::move(en)}});
  };
  std::filesystem::path data = common.data;
  std::error_code failed;
  bool there = std::filesystem::is_directory(data, failed);
  add("data", there,
      there ? "数据目录 " + data.string() + " 存在。"
            : "数据目录 " + data.string() + " 不存在：用 --data 指定，或先运行 qushu serve。",
      there ? "The data folder " + data.string() + " is there."
            : "The data folder " + data.string() + " is not there: name it with --data, or run qushu serve first.");
  struct statvfs disk{};
  if (there && ::statvfs(data.c_str(), &disk) == 0) {
    auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
    bool good = free > (5ULL << 30U);
    add("disk", good, fmt::format("剩余空间 {}{}", human_bytes(free), good ? "。" : "，不足 5 GiB：请清理或扩容。"),
        fmt::format("{} free{}", human_bytes(free), good ? "." : ", less than 5 GiB: make room."));
  }
  auto pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGE_SIZE);
  auto memory = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page);
  add("memory", memory >= (3ULL << 30U),
      fmt::format("内存 {}{}", human_bytes(memory), memory >= (3ULL << 30U) ? "。" : "：建议至少 4 GiB。"),
      fmt::format("{} of memory{}", human_bytes(memory), memory >= (3ULL << 30U) ? "." : ": at least 4 GiB are advised."));
  struct timex clock{};
  bool synced = ::adjtimex(&clock) != TIME_ERROR;
  add("clock", synced,
      synced ? "系统时钟已同步。" : "系统时钟没有同步：请启用 NTP（timedatectl set-ntp true），审计和令牌的时间依赖它。",
      synced ? "The clock is synchronised."
             : "The clock is not synchronised: switch NTP on (timedatectl set-ntp true); audit and tokens depend on it.");
  if (!there) return checks;
  auto system = System::open(common.data, common.overrides);
  if (!system) {
    add("store", false, "打不开数据：" + system.error().text.zh + " " + system.error().detail,
        "The data cannot be opened: " + system.error().text.en + " " + system.error().detail);
    return checks;
  }
  auto& s = **system;
  add("store", s.store->ping().has_value(),
      s.store->dialect() == store::Dialect::sqlite ? "元数据库（SQLite）可用。" : "元数据库（PostgreSQL）可用。",
      s.store->dialect() == store::Dialect::sqlite ? "The metadata database (SQLite) answers."
                                                   : "The metadata database (PostgreSQL) answers.");
  auto key = std::filesystem::status(s.data / "keys" / "identity.key", failed);
  bool safe = (key.permissions() & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
              std::filesystem::perms::none;
  add("keys", safe,
      safe ? "密钥文件只有本用户可读。" : "密钥文件对其他用户可读：请执行 chmod 600 " + (s.data / "keys").string() + "/*。",
      safe ? "The key files can be read by this user only."
           : "The key files can be read by others: run chmod 600 " + (s.data / "keys").string() + "/*.");
  if (auto verdict = s.audit->verify())
    add("audit", verdict->intact,
        verdict->intact ? fmt::format("审计链完整（{} 条）。", verdict->entries)
                        : fmt::format("审计链在第 {} 条断裂：{}", verdict->first_broken, verdict->reason.zh),
        verdict->intact ? fmt::format("The audit's chain is intact ({} entries).", verdict->entries)
                        : fmt::format("The audit's chain breaks at entry {}: {}", verdict->first_broken, verdict->reason.en));
  std::size_t missing = 0, parts = 0;
  if (auto all = s.policy->readable(Actor::system()))
    for (const auto& d : *all)
      if (auto v = s.catalog->version(d.id, 0))
        for (const auto& part : v->parts) {
          ++parts;
          if (!s.blobs->path(part.blob)) ++missing;
        }
  add("blobs", missing == 0,
      missing == 0 ? fmt::format("当前版本的 {} 个数据分片都在。", parts)
                   : fmt::format("缺少 {} 个数据分片：请从备份恢复 blobs 目录。", missing),
      missing == 0 ? fmt::format("All {} parts of the current versions are there.", parts)
                   : fmt::format("{} parts are missing: restore the folder blobs from the backup.", missing));
  return checks;
}

}  // namespace

void add_system_commands(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* audit = app.add_subcommand("audit", zh ? "审计" : "Audit");
  audit->require_subcommand(1);
  audit->add_subcommand("verify", zh ? "校验整条审计链" : "Verify the whole chain")->callback([&, zh] {
    chosen.action = [&, zh] {
      return with_system(common, [&](System& s, const Actor&) -> Result<void> {
        QS_TRY(auto v, s.audit->verify());
        if (common.json)
          print(json::object{{"intact", v.intact},
                             {"entries", v.entries},
                             {"checkpoints", v.checkpoints},
                             {"first_broken", v.first_broken},
                             {"reason", v.reason.in(common.lang)}});
        if (!v.intact)
          return fail(Error{.code = Code::conflict,
                            .id = "audit.broken",
                            .text = {fmt::format("审计链在第 {} 条断裂：{}", v.first_broken, v.reason.zh),
                                     fmt::format("The chain breaks at entry {}: {}", v.first_broken, v.reason.en)}});
        if (!common.json)
          std::cout << (zh ? fmt::format("审计链完整：{} 条记录，{} 个签名。\n", v.entries, v.checkpoints)
                           : fmt::format("The chain is intact: {} entries, {} signatures.\n", v.entries, v.checkpoints));
        return {};
      });
    };
  });
  app.add_subcommand("settings",
                     zh ? "列出全部设置：名称、现值、默认值、说明" : "List every setting: key, value, default, meaning")
      ->callback([&, zh] {
        chosen.action = [&, zh] {
          return with_system(common, [&](System& s, const Actor&) -> Result<void> {
            json::array out;
            std::vector<std::vector<std::string>> rows;
            for (const auto* spec : s.settings.all()) {
              out.emplace_back(json::object{{"key", spec->key},
                                            {"value", s.settings.shown(spec->key)},
                                            {"default", spec->default_value},
                                            {"runtime", spec->runtime},
                                            {"label", spec->label.in(common.lang)}});
              rows.push_back({std::string(spec->key), s.settings.shown(spec->key), std::string(spec->default_value),
                              spec->label.in(common.lang)});
            }
            if (common.json)
              print(out);
            else
              print_table(zh ? std::vector<std::string>{"名称", "现值", "默认值", "说明"}
                             : std::vector<std::string>{"key", "value", "default", "meaning"},
                          rows);
            return {};
          });
        };
      });
  app.add_subcommand("doctor", zh ? "检查机器、数据目录、磁盘、时钟，并告诉怎么办"
                                  : "Check machine, data folder, disk and clock, and say what to do")
      ->callback([&] {
        chosen.action = [&] {
          auto checks = examine(common);
          bool good = true;
          json::array out;
          for (const auto& c : checks) {
            good = good && c.good;
            out.emplace_back(json::object{{"check", c.name}, {"good", c.good}, {"text", c.text.in(common.lang)}});
            if (!common.json) std::cout << (c.good ? "✓ " : "✗ ") << c.text.in(common.lang) << '\n';
          }
          if (common.json) print(out);
          return good ? 0 : 6;
        };
      });
  app.add_subcommand("openapi", zh ? "输出接口描述（OpenAPI 3.1）" : "Print the API's description (OpenAPI 3.1)")
      ->callback([&] {
        chosen.action = [&] {
          return with_system(common, [&](System& s, const Actor&) -> Result<void> {
            http::Router router;
            http::Metrics metrics;
            http::EventHub hub;
            add_all_routes(router, s, metrics, hub);
            print(router.openapi(kVersion, common.lang));
            return {};
          });
        };
      });
  app.add_subcommand("version", zh ? "版本" : "Version")->callback([&] {
    chosen.action = [&] {
      if (common.json)
        print(json::object{{"name", "qushu"}, {"version", kVersion}});
      else
        std::cout << "qushu " << kVersion << '\n';
      return 0;
    };
  });
}

}  // namespace qushu::app
