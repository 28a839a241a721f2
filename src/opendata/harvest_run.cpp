// One run of a harvest: every dataset of the catalogue, each in a transaction of its own with its mark.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"
#include "qushu/opendata/harvest.h"
#include "qushu/sharing/policy.h"

#include "harvest_rows.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kTogether = 500;     // unchanged ones that are marked in one transaction
constexpr std::int64_t kFailures = 1'000;  // that are kept of one run

// Whether the run may go on after it: one dataset's own fault, not the store's.
bool is_its_own(const Error& error) {
  return error.code == Code::invalid || error.code == Code::conflict || error.code == Code::forbidden ||
         error.code == Code::not_found;
}

class Bringing {
 public:
  Bringing(const Harvests::Deps& deps, const Actor& actor, const Harvest& harvest, std::string run)
      : deps_(deps), actor_(actor), harvest_(harvest), run_(std::move(run)) {}

  // A run that was begun before keeps what it did; what failed is tried again.
  Result<void> begin() {
    return deps_.store.write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(t.exec("DELETE FROM open_harvest_error WHERE run_id = ?", {run_}));
      return {};
    });
  }

  Result<void> take(RemotePage& page) {
    for (const auto& p : page.problems) QS_CHECK(note(p));
    std::vector<std::string> same;
    for (const auto& d : page.datasets) {
      QS_TRY(auto unchanged, one(d));
      if (unchanged) same.push_back(d.id);
      if (same.size() >= kTogether) QS_CHECK(mark(same));
    }
    return mark(same);
  }

  Result<void> note(const RemoteProblem& p) {
    ++failed_;
    if (failed_ > kFailures) return {};
    return deps_.store.write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(t.exec("INSERT INTO open_harvest_error (run_id, number, remote_id, title, zh, en) VALUES (?, ?, ?, ?, ?, ?)",
                      {run_, failed_, p.id, p.title, p.text.zh, p.text.en}));
      return {};
    });
  }

  [[nodiscard]] std::int64_t failed() const { return failed_; }

 private:
  // Whether nothing has changed, which is marked later.
  Result<bool> one(const RemoteDataset& d) {
    auto said = json::serialize(to_json(d));
    auto digest = crypto::digest_hex(said);
    QS_TRY(auto row, deps_.store.read([&](store::Session& s) {
      return s.one(
          "SELECT dataset_id, said, digest, run_id, gone FROM open_harvest_entry WHERE harvest_id = ? AND remote_id = ?",
          {harvest_.id, d.id});
    }));
    if (row && row->text(3) == run_ && row->text(2) == digest)
      return false;  // done already, before it was cut off or twice in it
    if (row && row->text(2) == digest && row->is_null(4)) return true;
    auto done = deps_.store.write([&](store::Transaction& t) -> Result<void> {
      if (!row) return create(t, d, said, digest);
      return change(t, d, row->text(0), said_of(row->text(1)), said, digest);
    });
    if (done) return false;
    if (!is_its_own(done.error())) return Failure(std::move(done).error());
    QS_CHECK(note({.id = d.id, .title = d.title, .text = done.error().text}));
    if (row)
      QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
        // It is there: it is not gone, and its old state stays for the next run to compare with.
        QS_CHECK(
            t.exec("UPDATE open_harvest_entry SET run_id = ?, outcome = 'failed', last_seen = ? WHERE harvest_id = ? AND "
                   "remote_id = ?",
                   {run_, deps_.clock.now(), harvest_.id, d.id}));
        return {};
      }));
    return false;
  }

  Result<void> create(store::Transaction& t, const RemoteDataset& d, const std::string& said, const std::string& digest) {
    auto stem = (harvest_.code + "_" + catalog::identifier_of(d.title)).substr(0, 55);
    auto code = stem;
    for (int i = 2;; ++i) {
      QS_TRY(auto taken, deps_.catalog.known(t, code));
      if (!taken) break;
      code = fmt::format("{}_{}", stem, i);
    }
    catalog::NewDataset fresh{.code = code,
                              .title = d.title,
                              .abstract = d.abstract,
                              .department_id = harvest_.department_id,
                              .theme = {},
                              .tags = d.tags};
    if (!d.update_cycle.empty()) fresh.update_cycle = d.update_cycle;
    QS_TRY(auto made, deps_.catalog.add(t, actor_, fresh));
    auto now = deps_.clock.now();
    QS_CHECK(
        t.exec("INSERT INTO open_harvest_entry (harvest_id, remote_id, dataset_id, said, digest, run_id, outcome, first_seen, "
               "last_seen) VALUES (?, ?, ?, ?, ?, ?, 'created', ?, ?)",
               {harvest_.id, d.id, made.id, said, digest, run_, now, now}));
    return {};
  }

  // Only what the catalogue says otherwise than before: what people wrote here stays.
  Result<void> change(store::Transaction& t, const RemoteDataset& d, const std::string& dataset_id, const RemoteDataset& before,
                      const std::string& said, const std::string& digest) {
    QS_TRY(auto dataset, deps_.catalog.known(t, dataset_id));
    if (!dataset) return fail(Code::not_found, "harvest.dataset", "它的目录条目已经不在。", "Its entry is not there any more.");
    QS_CHECK(sharing::check_steward(actor_, *dataset));
    catalog::EntryChange change;
    if (d.title != before.title) change.texts["title"] = d.title;
    if (d.abstract != before.abstract) change.texts["abstract"] = d.abstract;
    if (d.update_cycle != before.update_cycle && !d.update_cycle.empty()) change.texts["update_cycle"] = d.update_cycle;
    if (d.tags != before.tags) change.tags = d.tags;
    if (!change.texts.empty() || change.tags) QS_CHECK(deps_.entries.change(t, actor_, dataset_id, change));
    QS_CHECK(t.exec(
        "UPDATE open_harvest_entry SET said = ?, digest = ?, run_id = ?, outcome = 'changed', last_seen = ?, gone = NULL "
        "WHERE harvest_id = ? AND remote_id = ?",
        {said, digest, run_, deps_.clock.now(), harvest_.id, d.id}));
    return {};
  }

  Result<void> mark(std::vector<std::string>& same) {
    if (same.empty()) return {};
    auto now = deps_.clock.now();
    QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
      for (const auto& id : same)
        QS_CHECK(
            t.exec("UPDATE open_harvest_entry SET run_id = ?, outcome = 'unchanged', last_seen = ? WHERE harvest_id = ? AND "
                   "remote_id = ?",
                   {run_, now, harvest_.id, id}));
      return {};
    }));
    same.clear();
    return {};
  }

  const Harvests::Deps& deps_;
  const Actor& actor_;
  const Harvest& harvest_;
  std::string run_;
  std::int64_t failed_ = 0;
};

// Marks what was not seen, when everything was, and counts by the marks of this run.
Result<json::object> conclude(store::Transaction& t, const Harvest& h, const std::string& run, bool whole, std::int64_t failed,
                              Time now) {
  if (whole)
    QS_CHECK(
        t.exec("UPDATE open_harvest_entry SET run_id = ?, outcome = 'gone', gone = ? WHERE harvest_id = ? AND run_id <> ? AND "
               "gone IS NULL",
               {run, now, h.id, run}));
  QS_TRY(auto rows,
         t.query("SELECT outcome, count(*) FROM open_harvest_entry WHERE harvest_id = ? AND run_id = ? GROUP BY outcome",
                 {h.id, run}));
  HarvestCounts c{.failed = failed};
  for (const auto& row : rows) {
    auto* count = row.text(0) == "created"     ? &c.created
                  : row.text(0) == "changed"   ? &c.changed
                  : row.text(0) == "unchanged" ? &c.unchanged
                  : row.text(0) == "gone"      ? &c.gone
                                               : nullptr;
    if (count != nullptr) *count = row.integer(1);
  }
  c.seen = c.created + c.changed + c.unchanged + c.failed;
  QS_CHECK(t.exec(
      "UPDATE open_harvest_run SET seen_count = ?, created_count = ?, changed_count = ?, unchanged_count = ?, gone_count = "
      "?, failed_count = ?, whole = ?, ended = ? WHERE id = ?",
      {c.seen, c.created, c.changed, c.unchanged, c.gone, c.failed, whole, now, run}));
  return json::object{{"seen", c.seen},           {"created", c.created}, {"changed", c.changed},
                      {"unchanged", c.unchanged}, {"gone", c.gone},       {"failed", c.failed}};
}

}  // namespace

Result<jobs::Finish> Harvests::perform(jobs::Context& context) {
  const auto& input = context.job().input;
  auto run = std::string(input.at("run").as_string());
  auto actor = context.actor();
  QS_TRY(auto h, deps_.store.read([&](store::Session& s) { return load(s, std::string(input.at("harvest").as_string())); }));
  QS_CHECK(sharing::check_steward(actor, h.department_id));
  auto internal = deps_.settings.boolean("opendata.harvest_private");
  auto fetch = [&](const std::string& address, const std::string& accept) -> Result<sources::Document> {
    if (context.cancelled()) return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
    auto document = deps_.sources.document({.address = address,
                                            .accept = accept,
                                            .most = static_cast<std::size_t>(deps_.settings.integer("opendata.harvest_size")),
                                            .time = std::chrono::seconds(deps_.settings.integer("opendata.harvest_time")),
                                            .internal = internal},
                                           [&] { return context.cancelled(); });
    if (!document && document.error().id == "source.private")
      return fail(Error{
          .code = Code::invalid,
          .id = "harvest.private",
          .text = {document.error().text.zh + "如确需采集内部网络的目录，请管理员打开设置 opendata.harvest_private。",
                   document.error().text.en + " An administrator can turn on opendata.harvest_private to harvest inside it."},
          .subject = "address"});
    return document;
  };
  Bringing bringing(deps_, actor, h, run);
  QS_CHECK(bringing.begin());
  std::int64_t done = 0;
  auto most = static_cast<std::size_t>(deps_.settings.integer("opendata.harvest_datasets"));
  QS_TRY(auto walked, walk(h.kind, h.address, most, fetch, [&](RemotePage& page) -> Result<void> {
           QS_CHECK(bringing.take(page));
           done += static_cast<std::int64_t>(page.datasets.size() + page.problems.size());
           context.units(done, std::max(done, page.total), "");
           return {};
         }));
  for (const auto& p : walked.problems) QS_CHECK(bringing.note(p));
  return jobs::Finish(
      [this, h, run, actor, whole = walked.whole, failed = bringing.failed()](store::Transaction& t) -> Result<json::object> {
        QS_TRY(auto counts, conclude(t, h, run, whole, failed, deps_.clock.now()));
        QS_CHECK(record(t, actor, "harvest.run", h, counts));
        return counts;
      });
}

void Harvests::register_jobs() {
  deps_.jobs.register_kind({.name = std::string(kHarvestJob),
                            .title = {"采集其他数据目录", "Harvest another catalogue"},
                            .handler = [this](jobs::Context& context) { return perform(context); }});
}

}  // namespace qushu::opendata
