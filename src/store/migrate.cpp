#include <map>
#include <set>

#include <fmt/format.h>

#include "backend.h"
#include "statement_text.h"

namespace qushu::store {
namespace {

// FNV-1a over the text: enough to notice that a released migration was edited.
std::string fingerprint(std::string_view text) {
  std::uint64_t hash = 14'695'981'039'346'656'037ULL;
  for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211ULL;
  return fmt::format("{:016x}", hash);
}

}  // namespace

Result<void> apply_migrations(Transaction& t, std::span<const Migration> migrations, Dialect dialect) {
  QS_CHECK(t.exec(
      "CREATE TABLE IF NOT EXISTS schema_migration (id TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, applied BIGINT NOT NULL)"));
  // One process at a time: SQLite has BEGIN IMMEDIATE, PostgreSQL this lock until the commit.
  if (dialect == Dialect::postgresql) QS_CHECK(t.exec("LOCK TABLE schema_migration IN ACCESS EXCLUSIVE MODE"));
  QS_TRY(auto rows, t.query("SELECT id, fingerprint FROM schema_migration"));
  std::map<std::string, std::string> applied;
  for (const auto& row : rows) applied.emplace(row.text(0), row.text(1));

  std::set<std::string_view> known;
  for (const auto& migration : migrations) {
    known.insert(migration.id);
    auto mark = fingerprint(migration.sql);
    auto found = applied.find(std::string(migration.id));
    if (found != applied.end()) {
      if (found->second != mark)
        return fail_internal(fmt::format("migration {} was changed after it had been applied", migration.id));
      continue;
    }
    for (const auto& statement : statements(migration.sql)) QS_CHECK(t.exec(statement));
    QS_CHECK(t.exec("INSERT INTO schema_migration (id, fingerprint, applied) VALUES (?, ?, ?)",
                    {migration.id, mark, system_clock().now()}));
  }
  for (const auto& [id, mark] : applied) {
    if (known.contains(id)) continue;
    return fail(Error{.code = Code::conflict,
                      .id = "store.newer",
                      .text = {"数据目录由更新版本的区枢写入，请升级程序后再启动。",
                               "The data folder was written by a newer Qushu; upgrade the program first."},
                      .detail = fmt::format("unknown migration {}", id)});
  }
  return {};
}

}  // namespace qushu::store
