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

struct ActionName {
  std::string_view action;
  Text name;
};
const std::array kActionNames{ActionName{"session.open", {"登录", "Sign-in"}},
                              ActionName{"session.close", {"退出", "Sign-out"}},
                              ActionName{"session.revoke", {"强制下线", "End of a session"}},
                              ActionName{"session.lock", {"账号锁定", "Lockout"}},
                              ActionName{"request.refused", {"越权访问被拒", "Request refused"}},
                              ActionName{"password.change", {"修改密码", "Change of password"}},
                              ActionName{"password.reset", {"重置密码", "Reset of password"}},
                              ActionName{"totp.set", {"启用动态口令", "Second factor set up"}},
                              ActionName{"totp.remove", {"停用动态口令", "Second factor removed"}},
                              ActionName{"token.add", {"签发访问令牌", "Token made"}},
                              ActionName{"token.revoke", {"吊销访问令牌", "Token revoked"}},
                              ActionName{"register.apply", {"台账定义变更", "Definition of a register changed"}},
                              ActionName{"record.create", {"新建记录", "Record made"}},
                              ActionName{"record.edit", {"修改记录", "Record edited"}},
                              ActionName{"record.move", {"流转记录", "Record moved"}},
                              ActionName{"record.remove", {"删除记录", "Record removed"}},
                              ActionName{"record.comment", {"对记录发表意见", "Comment on a record"}},
                              ActionName{"record.attach", {"上传记录附件", "File attached to a record"}},
                              ActionName{"record.detach", {"删除记录附件", "File of a record removed"}},
                              ActionName{"record.import", {"导入记录", "Record imported"}},
                              ActionName{"register.export", {"导出台账", "Register exported"}},
                              ActionName{"register.print", {"打印台账", "Register printed"}},
                              ActionName{"survey.archive", {"归档调查", "Survey archived"}},
                              ActionName{"survey.restore", {"取消归档调查", "Survey taken back"}},
                              ActionName{"survey.remove", {"删除调查", "Survey removed"}},
                              ActionName{"calendar.subscribe", {"生成日历订阅地址", "Calendar address made"}},
                              ActionName{"calendar.unsubscribe", {"停用日历订阅", "Calendar address ended"}},
                              ActionName{"record.print", {"打印记录", "Record printed"}},
                              ActionName{"person.add", {"新增人员", "Person added"}},
                              ActionName{"person.change", {"修改人员", "Person changed"}},
                              ActionName{"person.unlock", {"解除锁定", "Person unlocked"}},
                              ActionName{"role.grant", {"授予或收回角色", "Roles changed"}},
                              ActionName{"department.add", {"新增部门", "Department added"}},
                              ActionName{"department.change", {"修改部门", "Department changed"}},
                              ActionName{"department.remove", {"删除部门", "Department removed"}},
                              ActionName{"calendar.put", {"修改节假日", "Holiday set"}},
                              ActionName{"calendar.remove", {"取消节假日安排", "Holiday removed"}},
                              ActionName{"calendar.import", {"导入节假日表", "Holidays imported"}},
                              ActionName{"dataset.add", {"登记数据集", "Dataset added"}},
                              ActionName{"dataset.change", {"修改数据集目录", "Dataset changed"}},
                              ActionName{"linkage.decide", {"一数一源认定", "Source of record decided"}},
                              ActionName{"dataset.publish", {"发布数据集版本", "Version published"}},
                              ActionName{"dataset.rollback", {"切换数据集版本", "Version rolled back"}},
                              ActionName{"dataset.withdraw", {"撤回数据集", "Dataset withdrawn"}},
                              ActionName{"dataset.restore", {"恢复数据集", "Dataset restored"}},
                              ActionName{"entry.change", {"修改目录", "Entry changed"}},
                              ActionName{"entry.grade", {"确认分级", "Grades confirmed"}},
                              ActionName{"entry.submit", {"提交目录审核", "Entry submitted"}},
                              ActionName{"entry.recall", {"撤回目录提交", "Submission taken back"}},
                              ActionName{"entry.register", {"通过目录注册", "Entry registered"}},
                              ActionName{"entry.publish", {"发布目录", "Entry published"}},
                              ActionName{"entry.return", {"退回目录", "Entry returned"}},
                              ActionName{"entry.refuse", {"拒绝目录", "Entry refused"}},
                              ActionName{"entry.unpublish", {"取消发布目录", "Entry unpublished"}},
                              ActionName{"entry.revise", {"变更目录", "Revision begun"}},
                              ActionName{"release.propose", {"申请开放", "Release proposed"}},
                              ActionName{"release.approve", {"批准开放", "Release approved"}},
                              ActionName{"release.refuse", {"不批准开放", "Release refused"}},
                              ActionName{"release.withdraw", {"撤回开放", "Release withdrawn"}},
                              ActionName{"release.advance", {"开放新版本", "New version opened"}},
                              ActionName{"release.hold", {"新版本未通过开放检查", "New version held back"}},
                              ActionName{"licence.change", {"修改开放许可", "Licence changed"}},
                              ActionName{"entry.import", {"导入目录表格", "Catalogue spreadsheet imported"}},
                              ActionName{"entry.export", {"导出目录表格", "Catalogue spreadsheet exported"}},
                              ActionName{"classification.add", {"新增目录分类", "Class added"}},
                              ActionName{"classification.change", {"修改目录分类", "Class changed"}},
                              ActionName{"classification.remove", {"删除目录分类", "Class removed"}},
                              ActionName{"dataset.export", {"导出数据", "Data exported"}},
                              ActionName{"dataset.compact", {"合并数据块", "Dataset compacted"}},
                              ActionName{"sql.run", {"执行查询", "SQL run"}},
                              ActionName{"sql.export", {"导出查询结果", "SQL result exported"}},
                              ActionName{"import.add", {"上传文件", "File uploaded"}},
                              ActionName{"import.change", {"修改导入设置", "Import changed"}},
                              ActionName{"import.publish", {"提交发布", "Import published"}},
                              ActionName{"import.discard", {"放弃导入", "Import discarded"}},
                              ActionName{"source.add", {"新增数据源", "Source added"}},
                              ActionName{"source.change", {"修改数据源", "Source changed"}},
                              ActionName{"source.remove", {"删除数据源", "Source removed"}},
                              ActionName{"source.try", {"试连数据源", "Unsaved source tried"}},
                              ActionName{"source.check", {"测试数据源", "Source checked"}},
                              ActionName{"pipeline.add", {"新增归集任务", "Pipeline added"}},
                              ActionName{"pipeline.change", {"修改归集任务", "Pipeline changed"}},
                              ActionName{"pipeline.enable", {"启用归集任务", "Pipeline enabled"}},
                              ActionName{"pipeline.disable", {"停用归集任务", "Pipeline disabled"}},
                              ActionName{"pipeline.forget", {"重新全部读取", "Pipeline to read everything again"}},
                              ActionName{"pipeline.remove", {"删除归集任务", "Pipeline removed"}},
                              ActionName{"pipeline.run", {"启动归集", "Pipeline run"}},
                              ActionName{"pipeline.cancel", {"取消归集", "Run cancelled"}},
                              ActionName{"pipeline.gather", {"归集完成", "Run done"}},
                              ActionName{"pipeline.drift", {"来源结构变化", "Schema drift"}},
                              ActionName{"pipeline.decide", {"处理结构变化", "Schema drift decided"}},
                              ActionName{"quality.rule_add", {"新增质量规则", "Quality rules added"}},
                              ActionName{"quality.rule_change", {"修改质量规则", "Quality rule changed"}},
                              ActionName{"quality.rule_remove", {"删除质量规则", "Quality rule removed"}},
                              ActionName{"quality.check", {"质量检查", "Quality checked"}},
                              ActionName{"quality.stop", {"质量规则停止发布", "Publication stopped by rules"}},
                              ActionName{"quality.waive", {"质量检查放行", "Stopped publication let pass"}},
                              ActionName{"correction.report", {"申请校核", "Error reported"}},
                              ActionName{"correction.accept", {"受理校核", "Correction begun"}},
                              ActionName{"correction.answer", {"答复校核", "Correction answered"}},
                              ActionName{"correction.confirm", {"确认校核", "Correction confirmed"}},
                              ActionName{"correction.reopen", {"重新提出校核", "Correction raised again"}},
                              ActionName{"job.cancel", {"取消作业", "Job cancelled"}},
                              ActionName{"job.cancelled", {"作业已取消", "Job ended by cancel"}},
                              ActionName{"job.retry", {"重试作业", "Job tried again"}},
                              ActionName{"job.fail", {"作业失败", "Job failed"}},
                              ActionName{"setting.change", {"修改设置", "Setting changed"}},
                              ActionName{"audit.export", {"导出审计", "Audit exported"}},
                              ActionName{"audit.verify", {"校验审计链", "Audit verified"}},
                              ActionName{"system.first_start", {"首次启动", "First start"}}};

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

Text action_name(std::string_view action) {
  for (const auto& known : kActionNames)
    if (known.action == action) return known.name;
  return {std::string(action), std::string(action)};
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
