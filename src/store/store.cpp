#include "qushu/store/store.h"

#include <array>

#include <fmt/format.h>

#include "backend.h"

namespace qushu::store {

std::span<const SettingSpec> settings() {
  static const std::array kSpecs{
      SettingSpec{
          .key = "store.url",
          .kind = SettingKind::secret,
          .default_value = "",
          .label = {"元数据库地址，留空即数据目录中的 SQLite；或 postgresql://用户:口令@主机:端口/库",
                    "Metadata database; empty is SQLite in the data folder, or postgresql://user:password@host:port/database"}},
      SettingSpec{.key = "store.connections",
                  .kind = SettingKind::integer,
                  .default_value = "8",
                  .label = {"元数据库连接数上限", "Most connections to the metadata database"},
                  .min = 2,
                  .max = 200},
      SettingSpec{.key = "store.busy_timeout",
                  .kind = SettingKind::seconds,
                  .default_value = "10s",
                  .label = {"等待元数据库空闲的最长时间", "Longest wait for a busy metadata database"},
                  .min = 1,
                  .max = 600},
  };
  return kSpecs;
}

Failure duplicate(std::string detail) {
  return fail(
      Error{.code = Code::conflict,
            .id = "store.duplicate",
            .text = {"已有相同的记录，请换一个编码或名称。", "There is one like it already; choose another code or name."},
            .detail = std::move(detail)});
}

Failure no_connection(std::chrono::milliseconds waited) {
  return fail(Error{.code = Code::overloaded,
                    .id = "store.busy",
                    .text = {"系统正忙，请稍后重试。", "The system is busy; try again in a moment."},
                    .detail = fmt::format("no database connection was free within {} ms", waited.count())});
}

Result<std::unique_ptr<Store>> Store::open(const Options& options) {
  constexpr std::string_view kSqlite = "sqlite://";
  if (options.url.starts_with(kSqlite)) return open_sqlite(options, std::string_view(options.url).substr(kSqlite.size()));
  if (options.url.starts_with("postgresql://") || options.url.starts_with("postgres://")) return open_postgres(options);
  return fail(Error{.code = Code::invalid,
                    .id = "store.url",
                    .text = {"设置 store.url 应以 sqlite:/// 或 postgresql:// 开头。",
                             "The setting store.url must begin with sqlite:/// or postgresql://."},
                    .subject = "store.url"});
}

}  // namespace qushu::store
