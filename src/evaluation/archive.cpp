// One zip of everything that is handed in.
#include "archive.h"

#include <algorithm>
#include <fstream>

#include <fmt/format.h>

#include "qushu/base/csv.h"
#include "qushu/base/file_name.h"
#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/crypto/crypto.h"

#include "stored.h"

namespace qushu::evaluation {
namespace {

Failure disk(std::string detail) {
  return fail(Error{.code = Code::storage_full,
                    .id = "evaluation.disk",
                    .text = {"压缩包写不下，磁盘可能已满。", "The archive could not be written; the disk may be full."},
                    .detail = std::move(detail)});
}

// What a path holds of somebody's words.
std::string part(std::string_view text) {
  auto out = file_name_of(text, 80);
  return out.empty() ? "_" : out;
}

// A zip that is written member by member, each with its hash kept.
class Writer {
 public:
  Writer(std::filesystem::path file, Time at) : file_(std::move(file)), at_(at) {
    int code = 0;
    zip_.reset(zip_open(file_.c_str(), ZIP_CREATE | ZIP_EXCL, &code));
    if (!zip_) error_ = fmt::format("libzip: {}", code);
  }

  void bytes(const std::string& path, std::string content) {
    auto sha256 = crypto::digest_hex(content);
    // libzip reads them when it closes.
    const auto& kept = kept_.emplace_back(std::make_unique<std::string>(std::move(content)));
    add(path, sha256, kept->size(), zip_source_buffer(zip_.get(), kept->data(), kept->size(), 0));
  }
  void file(const std::string& path, const std::string& sha256, std::uint64_t size, const std::filesystem::path& from) {
    add(path, sha256, size, zip_source_file(zip_.get(), from.c_str(), 0, -1));
  }
  [[nodiscard]] std::string free_name(const std::string& path) const {
    auto taken = [&](const std::string& p) { return files_.contains(p); };
    if (!taken(path)) return path;
    std::filesystem::path as(path);
    for (int n = 2;; ++n) {
      auto other = (as.parent_path() / fmt::format("{} ({}){}", as.stem().string(), n, as.extension().string())).string();
      if (!taken(other)) return other;
    }
  }
  Result<void> close() {
    if (!error_.empty()) return disk(error_);
    if (zip_close(zip_.get()) != 0) return disk(zip_strerror(zip_.get()));
    std::ignore = zip_.release();  // closed, it is gone
    return {};
  }
  struct Member {
    std::string sha256;
    std::uint64_t size = 0;
  };
  [[nodiscard]] const std::map<std::string, Member>& files() const { return files_; }

 private:
  void add(const std::string& path, const std::string& sha256, std::uint64_t size, zip_source_t* source) {
    if (!error_.empty()) return;
    auto index = source == nullptr ? -1 : zip_file_add(zip_.get(), path.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
      if (source != nullptr) zip_source_free(source);
      error_ = zip_strerror(zip_.get());
      return;
    }
    zip_file_set_mtime(zip_.get(), static_cast<zip_uint64_t>(index),
                       std::chrono::duration_cast<std::chrono::seconds>(at_.time_since_epoch()).count(), 0);
    files_[path] = {.sha256 = sha256, .size = size};
  }
  std::filesystem::path file_;
  Time at_;
  Zip zip_;
  std::vector<std::unique_ptr<std::string>> kept_;
  std::map<std::string, Member> files_;
  std::string error_;
};

std::string csv_of(const indicators::EvidenceRows& rows) {
  std::string out = "\xEF\xBB\xBF";
  std::vector<std::string> cells;
  for (const auto& label : rows.labels) cells.push_back(label.zh);
  append_csv_line(cells, out);
  for (const auto& row : rows.rows) {
    cells.clear();
    for (const auto& cell : row.cells)
      cells.push_back(cell.is_string() ? std::string(cell.as_string())
                      : cell.is_null() ? std::string()
                                       : json::serialize(cell));
    append_csv_line(cells, out);
  }
  return out;
}

}  // namespace

Result<Archive> Evaluations::archive(const Actor& actor, std::string_view id, std::int64_t version, bool all) {
  QS_TRY(auto first, find(actor, id, version));
  std::vector<Detail> details{first};
  if (all) {
    if (!first.evaluation.project.empty())
      return fail(Error{.code = Code::invalid,
                        .id = "evaluation.archive",
                        .text = {"只有部门整体自评的压缩包可以包含各项目。", "Only the unit's archive can hold its projects."},
                        .subject = "all"});
    QS_TRY(auto others,
           list(actor, {.year = first.evaluation.year, .department = first.evaluation.department_id, .state = {}}));
    for (const auto& other : others) {
      if (other.evaluation.id == first.evaluation.id) continue;
      QS_TRY(auto d, find(actor, other.evaluation.id));
      details.push_back(std::move(d));
    }
  }
  auto export_id = new_id();
  Archive out{.path = deps_.scratch / ("evaluation-" + export_id + ".zip"), .keep = {}, .name = {}, .sha256 = {}};
  out.keep = std::shared_ptr<const void>(nullptr, [path = out.path](const void*) {
    std::error_code failed;
    std::filesystem::remove(path, failed);
    if (failed) log::warn("an archive of a self-evaluation could not be removed", {{"why", failed.message()}});
  });
  auto now = deps_.clock.now();
  Writer zip(out.path, now);
  json::array evaluations;
  for (const auto& d : details) {
    const auto& e = d.evaluation;
    auto folder =
        details.size() == 1 ? std::string() : (e.project.empty() ? "整体/" : part(e.project + " " + e.project_name) + "/");
    for (auto [format, ending] : {std::pair{PrintFormat::pdf, "pdf"}, {PrintFormat::xlsx, "xlsx"}}) {
      QS_TRY(auto bytes, printed(d, format, deps_.scratch));
      zip.bytes(fmt::format("{}自评表.{}", folder, ending), std::move(bytes));
    }
    json::array items;
    std::string missing;  // evidence that is not all there, in words
    for (std::size_t i = 0; i < d.form.items.size(); ++i) {
      const auto& item = d.form.items[i];
      auto called = fmt::format("{:02} {}", i + 1, item.name);
      json::object told{{"name", item.name}, {"indicator", item.indicator}, {"drawn", name(item.drawn)}};
      if (!item.indicator.empty() && item.drawn != Drawn::not_yet) {
        auto rows = evidence(actor, e.id, d.version.number, item.id);
        // An indicator that there is none of was never read.
        if (!rows && rows.error().code != Code::not_found) return Failure(std::move(rows).error());
        if (rows) {
          auto path = zip.free_name(fmt::format("{}佐证/{}.csv", folder, part(called)));
          zip.bytes(path, csv_of(*rows));
          told["evidence"] = path;
          told["rows"] = rows->total;
          told["rows_here"] = rows->rows.size();
          auto withheld = rows->total - static_cast<std::int64_t>(rows->rows.size());
          told["rows_withheld"] = withheld;
          if (withheld > 0)
            missing += fmt::format("{}：共 {} 行，附 {} 行，{} 行未附。\n", path.substr(folder.size()), rows->total,
                                   rows->rows.size(), withheld);
          told["sql"] = rows->rows_sql;
        }
      }
      json::array attached;
      for (const auto& f : d.files) {
        if (f.item != item.id) continue;
        QS_TRY(auto from, deps_.blobs.path(f.blob));
        auto path = zip.free_name(fmt::format("{}附件/{}/{}", folder, part(called), part(f.name)));
        zip.file(path, f.blob, f.size, from);
        attached.emplace_back(path);
      }
      told["files"] = std::move(attached);
      items.emplace_back(std::move(told));
    }
    // A file of evidence that is short must not pass for the whole of it.
    if (!missing.empty())
      zip.bytes(folder + kMissing, fmt::format("以下佐证没有全部附上：导出人“{}”无权查看的行，或超出保存上限的行，不在文件中，"
                                               "得分仍按全部行计算。请由有权查看全部记录的人员导出完整的材料。\n\n{}",
                                               actor.name, missing));
    auto total = total_of(d.form);
    evaluations.emplace_back(json::object{{"id", e.id},
                                          {"title", title_of(e).zh},
                                          {"department", e.department_code},
                                          {"year", e.year},
                                          {"project", e.project},
                                          {"version", d.version.number},
                                          {"state", name(d.version.state)},
                                          {"score", indicators::hundredths_text(total.score)},
                                          {"grade", grade_name(total.grade).zh},
                                          {"items", std::move(items)}});
  }
  json::object manifest{
      {"export", export_id}, {"at", to_iso(now)}, {"by", actor.name}, {"evaluations", std::move(evaluations)}};
  zip.bytes(kManifest, json::serialize(manifest) + "\n");
  std::string sums;
  json::object hashes;
  for (const auto& [path, member] : zip.files()) {
    sums += fmt::format("{}  {}\n", member.sha256, path);
    hashes[path] = member.sha256;
  }
  auto sums_hash = crypto::digest_hex(sums);
  zip.bytes(kSums, std::move(sums));
  hashes[kSums] = sums_hash;
  out.files = zip.files().size();
  QS_CHECK(zip.close());
  QS_TRY(out.sha256, hash_of(out.path));
  out.name = title_of(first.evaluation).zh + ".zip";
  QS_CHECK(deps_.audit.record(
      actor,
      {.action = kExported,
       .object_kind = "evaluation",
       .object_id = first.evaluation.id,
       .object_name = title_of(first.evaluation).zh,
       .detail = {
           {"export", export_id}, {"version", first.version.number}, {"sha256", out.sha256}, {"files", std::move(hashes)}}}));
  return out;
}

}  // namespace qushu::evaluation
