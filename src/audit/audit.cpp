#include "qushu/audit/audit.h"

#include <array>
#include <map>
#include <mutex>
#include <tuple>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "chain.h"
#include "verify.h"

namespace qushu::audit {
namespace {

const std::array kMigrations{store::Migration{
    .id = "audit.0001",
    .sql =
        "CREATE TABLE audit_entry (number BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor_id TEXT NOT NULL, actor_name TEXT NOT "
        "NULL, "
        "department_id TEXT NOT NULL, via TEXT NOT NULL, source TEXT NOT NULL, request_id TEXT NOT NULL, action TEXT NOT NULL, "
        "object_kind TEXT NOT NULL, object_id TEXT NOT NULL, object_name TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT "
        "NULL, "
        "algorithm TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL);\n"
        "CREATE INDEX audit_entry_at ON audit_entry (at);\n"
        "CREATE INDEX audit_entry_object ON audit_entry (object_kind, object_id, number);\n"
        "CREATE INDEX audit_entry_actor ON audit_entry (actor_id, number);\n"
        "CREATE INDEX audit_entry_action ON audit_entry (action, number);\n"
        "CREATE TABLE audit_checkpoint (entry_number BIGINT PRIMARY KEY, at BIGINT NOT NULL, hash TEXT NOT NULL, "
        "public_key TEXT NOT NULL, signature TEXT NOT NULL);\n"
        "CREATE TABLE access_count (day TEXT NOT NULL, person_id TEXT NOT NULL, object_kind TEXT NOT NULL, object_id TEXT NOT "
        "NULL, "
        "method TEXT NOT NULL, calls BIGINT NOT NULL, row_count BIGINT NOT NULL, "
        "PRIMARY KEY (day, person_id, object_kind, object_id, method));\n"}};

const std::array kSettings{
    SettingSpec{.key = "audit.hash",
                .kind = SettingKind::choice,
                .default_value = "sha256",
                .label = {"审计链的杂凑算法（国密为 sm3）", "Hash of the audit's chain (sm3: the national one)"},
                .choices = "sha256|sm3"},
    SettingSpec{.key = "audit.signature",
                .kind = SettingKind::choice,
                .default_value = "ed25519",
                .label = {"检查点的签名算法（国密为 sm2），在首次启动前确定",
                          "Signature of checkpoints (sm2: the national one), fixed before the first start"},
                .choices = "ed25519|sm2"},
    SettingSpec{.key = "audit.checkpoint_entries",
                .kind = SettingKind::integer,
                .default_value = "1000",
                .label = {"每多少条记录签名一次", "Entries per signed checkpoint"},
                .min = 1,
                .max = 1000000},
    SettingSpec{.key = "audit.checkpoint_interval",
                .kind = SettingKind::seconds,
                .default_value = "10m",
                .label = {"最长多久签名一次", "Longest time between two signed checkpoints"},
                .min = 1,
                .max = 86400},
    SettingSpec{.key = "audit.count_interval",
                .kind = SettingKind::seconds,
                .default_value = "10s",
                .label = {"访问计数写入的间隔", "Interval at which access counters are written"},
                .min = 1,
                .max = 3600}};

std::string like(std::string_view text) {
  std::string out = "%";
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out + "%";
}

class ChainedAudit final : public Audit {
 public:
  ChainedAudit(store::Store& store, const Settings& settings, const std::filesystem::path& folder, const Clock& clock,
               crypto::SigningKey key)
      : store_(store),
        clock_(clock),
        key_(std::move(key)),
        algorithm_(settings.text("audit.hash")),
        anchor_(folder / "audit.anchor"),
        checkpoint_entries_(settings.integer("audit.checkpoint_entries")),
        checkpoint_interval_(std::chrono::seconds(settings.integer("audit.checkpoint_interval"))) {}

  Result<void> record(store::Transaction& t, const Actor& actor, const Event& event) override {
    QS_TRY(auto head, t.one("SELECT number, hash FROM audit_entry ORDER BY number DESC LIMIT 1"));
    Link link;
    link.algorithm = algorithm_;
    link.detail = json::serialize(event.detail);
    auto& e = link.entry;
    e.number = head ? head->integer(0) + 1 : 1;
    e.previous_hash = head ? head->text(1) : "";
    e.at = clock_.now();
    e.actor_id = actor.person_id;
    e.actor_name = actor.name;
    e.department_id = actor.department_id;
    e.via = actor.via;
    e.from = actor.from;
    e.request_id = actor.request_id;
    e.event = event;
    e.hash = hash_of(link);
    QS_CHECK(t.exec(
        fmt::format("INSERT INTO audit_entry ({}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", kEntryColumns),
        {e.number, e.at, e.actor_id, e.actor_name, e.department_id, e.via, e.from, e.request_id, event.action,
         event.object_kind, event.object_id, event.object_name, name(event.outcome), link.detail, link.algorithm,
         e.previous_hash, e.hash}));
    return {};
  }

  Result<void> record(const Actor& actor, const Event& event) override {
    return store_.write([&](store::Transaction& t) { return record(t, actor, event); });
  }

  void count_access(const Actor& actor, std::string_view kind, std::string_view id, std::string_view method,
                    std::uint64_t rows) override {
    auto day = to_iso(clock_.now()).substr(0, 10);
    std::lock_guard lock(mutex_);
    auto& count = counts_[{day, actor.person_id, std::string(kind), std::string(id), std::string(method)}];
    ++count.calls;
    count.rows += rows;
  }

  Result<void> flush() override {
    QS_CHECK(write_counts());
    return checkpoint();
  }

  Result<std::vector<Entry>> search(const Query& q) const override {
    std::string sql = fmt::format("SELECT {} FROM audit_entry WHERE 1 = 1", kEntryColumns);
    store::Params params;
    auto add = [&](std::string_view condition, store::Param value) {
      sql += fmt::format(" AND {}", condition);
      params.push_back(std::move(value));
    };
    if (q.since) add("at >= ?", *q.since);
    if (q.until) add("at < ?", *q.until);
    if (!q.actor.empty()) {
      if (is_id(q.actor))
        add("actor_id = ?", q.actor);
      else
        add("actor_name LIKE ? ESCAPE '\\'", like(q.actor));
    }
    if (q.action.ends_with('.'))
      add("action LIKE ? ESCAPE '\\'", like(q.action).substr(1));
    else if (!q.action.empty())
      add("action = ?", q.action);
    if (!q.object_kind.empty()) add("object_kind = ?", q.object_kind);
    if (!q.object_id.empty()) add("object_id = ?", q.object_id);
    if (q.outcome) add("outcome = ?", name(*q.outcome));
    if (!q.text.empty()) {
      sql += " AND (object_name LIKE ? ESCAPE '\\' OR object_id LIKE ? ESCAPE '\\' OR detail LIKE ? ESCAPE '\\')";
      for (int i = 0; i < 3; ++i) params.emplace_back(like(q.text));
    }
    if (q.before > 0) add("number < ?", q.before);
    sql += " ORDER BY number DESC LIMIT ?";
    params.emplace_back(static_cast<std::int64_t>(q.limit));
    return store_.read([&](store::Session& s) -> Result<std::vector<Entry>> {
      QS_TRY(auto rows, s.query(sql, params));
      std::vector<Entry> entries;
      for (const auto& row : rows) entries.push_back(link_of(row).entry);
      return entries;
    });
  }

  Result<std::optional<Entry>> find(std::int64_t number) const override {
    return store_.read([&](store::Session& s) -> Result<std::optional<Entry>> {
      QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM audit_entry WHERE number = ?", kEntryColumns), {number}));
      if (!row) return std::nullopt;
      return link_of(*row).entry;
    });
  }

  Result<Verdict> verify(const std::function<void(std::int64_t)>& progress) const override {
    return verify_chain(store_, anchor_, key_.public_pem(), progress);
  }

 private:
  struct Count {
    std::int64_t calls = 0;
    std::uint64_t rows = 0;
  };
  using CountKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

  Result<void> write_counts() {
    std::map<CountKey, Count> counts;
    {
      std::lock_guard lock(mutex_);
      counts.swap(counts_);
    }
    if (counts.empty()) return {};
    auto done = store_.write([&](store::Transaction& t) -> Result<void> {
      for (const auto& [key, count] : counts) {
        const auto& [day, person, kind, id, method] = key;
        QS_CHECK(
            t.exec("INSERT INTO access_count (day, person_id, object_kind, object_id, method, calls, row_count) VALUES (?, ?, "
                   "?, ?, ?, ?, ?) "
                   "ON CONFLICT (day, person_id, object_kind, object_id, method) DO UPDATE SET "
                   "calls = access_count.calls + excluded.calls, row_count = access_count.row_count + excluded.row_count",
                   {day, person, kind, id, method, count.calls, count.rows}));
      }
      return {};
    });
    if (!done) {
      // Counted again with what came meanwhile, so that nothing is lost to a busy database.
      std::lock_guard lock(mutex_);
      for (const auto& [key, count] : counts) {
        counts_[key].calls += count.calls;
        counts_[key].rows += count.rows;
      }
    }
    return done;
  }

  Result<void> checkpoint() {
    std::optional<Anchor> made;
    auto done = store_.write([&](store::Transaction& t) -> Result<void> {
      made.reset();
      QS_TRY(auto head, t.one("SELECT number, hash FROM audit_entry ORDER BY number DESC LIMIT 1"));
      if (!head) return {};
      QS_TRY(auto last, t.one("SELECT entry_number, at FROM audit_checkpoint ORDER BY entry_number DESC LIMIT 1"));
      auto now = clock_.now();
      auto since = head->integer(0) - (last ? last->integer(0) : 0);
      bool due = since >= checkpoint_entries_ || (since > 0 && (!last || now - last->time(1) >= checkpoint_interval_));
      if (!due) return {};
      Anchor anchor{.number = head->integer(0), .hash = head->text(1), .public_pem = key_.public_pem(), .signature = {}};
      QS_TRY(anchor.signature, key_.sign(signed_text(anchor.number, anchor.hash)));
      QS_CHECK(t.exec("INSERT INTO audit_checkpoint (entry_number, at, hash, public_key, signature) VALUES (?, ?, ?, ?, ?)",
                      {anchor.number, now, anchor.hash, anchor.public_pem, crypto::to_hex(anchor.signature)}));
      made = std::move(anchor);
      return {};
    });
    QS_CHECK(done);
    if (made) return append_anchor(anchor_, *made);
    return {};
  }

  store::Store& store_;
  const Clock& clock_;
  crypto::SigningKey key_;
  std::string algorithm_;
  std::filesystem::path anchor_;
  std::int64_t checkpoint_entries_;
  Duration checkpoint_interval_;
  std::mutex mutex_;
  std::map<CountKey, Count> counts_;
};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

std::string_view name(Outcome outcome) {
  switch (outcome) {
    case Outcome::success:
      return "success";
    case Outcome::failure:
      return "failure";
    case Outcome::denied:
      return "denied";
  }
  return "failure";
}

Result<std::unique_ptr<Audit>> Audit::open(store::Store& store, const Settings& settings, const std::filesystem::path& folder,
                                           const Clock& clock) {
  auto kind = settings.text("audit.signature") == "sm2" ? crypto::Signature::sm2 : crypto::Signature::ed25519;
  std::error_code failed;
  std::filesystem::create_directories(folder / "keys", failed);
  if (failed) return fail_errno(failed.value(), "create " + (folder / "keys").string());
  QS_TRY(auto key, crypto::SigningKey::load_or_create(folder / "keys" / "audit.pem", kind));
  return std::make_unique<ChainedAudit>(store, settings, folder, clock, std::move(key));
}

}  // namespace qushu::audit
