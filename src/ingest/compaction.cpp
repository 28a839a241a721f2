#include "qushu/ingest/compaction.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "qushu/sharing/version_rows.h"

#include "document.h"
#include "preparing.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

constexpr const char* kJob = "dataset.compact";

std::uint64_t rows_of(const std::vector<catalog::Part>& parts) {
  return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0},
                         [](auto sum, const auto& part) { return sum + part.rows; });
}

bool names(const std::vector<catalog::Part>& parts, const std::string& blob) {
  return std::ranges::find(parts, blob, &catalog::Part::blob) != parts.end();
}

}  // namespace

// What takes the place of some parts and of all lists of deletes.
struct Compaction::Made {
  std::set<std::string> merged;  // blobs of the parts that were made one
  catalog::Part part;            // without rows: nothing was left of them
  std::optional<catalog::Part> deletes;
};

void Compaction::register_jobs() {
  deps_.jobs.register_kind({.name = kJob,
                            .title = {"合并数据文件", "Compact the parts of a version"},
                            .handler = [this](jobs::Context& context) { return run(context); },
                            .max_attempts = 5});
}

bool Compaction::is_due(const catalog::Version& v) const {
  auto most = static_cast<std::size_t>(deps_.settings.integer("ingest.compact_parts"));
  if (v.parts.size() > most || v.deletes.size() > most) return true;
  return static_cast<double>(rows_of(v.deletes)) >
         deps_.settings.number("ingest.compact_deleted") * static_cast<double>(rows_of(v.parts));
}

Result<void> Compaction::consider(store::Transaction& t, const Actor& actor, const catalog::Dataset& dataset,
                                  const catalog::Version& version) {
  if (!is_due(version)) return {};
  // One for each version at most, however often that becomes current.
  QS_CHECK(deps_.jobs.add(t, actor,
                          {.kind = kJob,
                           .title = {"合并数据文件 " + dataset.title, "Compact the parts of " + dataset.title},
                           .input = {{"dataset", dataset.id}},
                           .object_kind = "dataset",
                           .object_id = dataset.id,
                           .idempotency_key = fmt::format("{} {} {}", kJob, dataset.id, version.number)}));
  return {};
}

std::vector<std::size_t> Compaction::choose(const catalog::Version& v) const {
  std::vector<std::size_t> order(v.parts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (static_cast<double>(rows_of(v.deletes)) >
      deps_.settings.number("ingest.compact_deleted") * static_cast<double>(rows_of(v.parts)))
    return order;
  std::ranges::sort(order, {}, [&](std::size_t i) { return v.parts[i].rows; });
  // From the smallest on, as long as the next is not much larger than all before it together: so a row is written anew only
  // when what it lies in has become several times larger.
  constexpr std::uint64_t kSmall = 10'000, kTimes = 4;
  std::vector<std::size_t> chosen;
  std::uint64_t sum = 0;
  for (auto i : order) {
    if (v.parts[i].rows > std::max(kSmall, sum * kTimes) && chosen.size() > 1) break;
    sum += v.parts[i].rows;
    chosen.push_back(i);
  }
  if (chosen.size() < 2) chosen.clear();
  std::ranges::sort(chosen);
  return chosen;
}

Result<Compaction::Made> Compaction::rewrite(const catalog::Version& v, const std::function<bool()>& cancelled) const {
  Made made;
  auto some = v;
  some.parts.clear();
  for (auto i : choose(v)) {
    some.parts.push_back(v.parts[i]);
    made.merged.insert(v.parts[i].blob);
  }
  engine::Limits limits{.time = std::chrono::hours(24), .cancelled = cancelled};
  auto copy = [&](const std::string& select, const ScratchFile& file) {
    return write_part(deps_.engine, {.select = select, .file = file.path(), .limits = limits, .ordered = true});
  };
  if (!some.parts.empty()) {
    QS_TRY(auto rows, sharing::rows_of(some, deps_.blobs));
    ScratchFile file(deps_.blobs.temporary_folder(), "part");
    QS_TRY(made.part.rows, copy(rows.select, file));
    if (made.part.rows > 0) {
      QS_TRY(auto blob, deps_.blobs.adopt(file.path()));
      made.part.blob = blob.sha256;
      made.part.bytes = blob.size;
    }
  }
  if (v.deletes.empty()) return made;
  // Of the deletes those stay whose rows lie in parts that stay.
  std::vector<std::filesystem::path> lists, merged;
  for (const auto& part : v.deletes) {
    QS_TRY(auto path, deps_.blobs.path(part.blob));
    lists.push_back(std::move(path));
  }
  for (const auto& part : some.parts) {
    QS_TRY(auto path, deps_.blobs.path(part.blob));
    merged.push_back(std::move(path));
  }
  auto select = fmt::format("SELECT _id FROM {}", engine::parquet_scan(lists));
  if (!merged.empty())
    select += fmt::format(" AS d ANTI JOIN (SELECT _id FROM {}) AS m USING (_id)", engine::parquet_scan(merged));
  ScratchFile file(deps_.blobs.temporary_folder(), "gone");
  catalog::Part left;
  QS_TRY(left.rows, copy(select + " ORDER BY _id", file));
  if (left.rows == 0) return made;
  QS_TRY(auto blob, deps_.blobs.adopt(file.path()));
  left.blob = blob.sha256;
  left.bytes = blob.size;
  made.deletes = std::move(left);
  return made;
}

Result<jobs::Finish> Compaction::run(jobs::Context& context) {
  auto id = text_at(context.job().input, "dataset");
  QS_TRY(auto before, deps_.catalog.version(id, 0));
  if (!is_due(before))
    return jobs::Finish([](store::Transaction&) -> Result<json::object> { return json::object{{"skipped", "not due"}}; });
  context.progress(0.1, {"合并数据文件", "Writing the parts anew"});
  QS_TRY(auto made, rewrite(before, [&context] { return context.cancelled(); }));
  auto actor = context.actor();
  return jobs::Finish([this, id, before, made = std::move(made), actor](store::Transaction& t) -> Result<json::object> {
    // A version that came meanwhile shares the parts, and has perhaps more deletes.
    QS_TRY(auto now, deps_.catalog.version(id, 0));
    auto moved = [] {
      return fail(Code::unavailable, "dataset.moved", "这期间数据集发布了新的版本，将按新版本重新计算。",
                  "The dataset got another version meanwhile; the change will be worked out again.");
    };
    std::vector<catalog::Part> parts, deletes;
    std::size_t found = 0;
    for (const auto& part : now.parts) {
      if (!made.merged.contains(part.blob)) {
        parts.push_back(part);
        continue;
      }
      if (found++ == 0 && made.part.rows > 0) parts.push_back(made.part);
    }
    if (found != made.merged.size() || catalog::columns_of(now.fields) != catalog::columns_of(before.fields)) return moved();
    for (const auto& list : before.deletes)
      if (!names(now.deletes, list.blob)) return moved();
    if (made.deletes) deletes.push_back(*made.deletes);
    for (const auto& list : now.deletes)
      if (!names(before.deletes, list.blob)) deletes.push_back(list);
    QS_CHECK(deps_.catalog.compact(t, actor, now, parts, deletes));
    return json::object{{"version", now.number},
                        {"parts_before", now.parts.size()},
                        {"parts", parts.size()},
                        {"deletes_before", rows_of(now.deletes)},
                        {"deletes", rows_of(deletes)}};
  });
}

}  // namespace qushu::ingest
