// Files: fetched whole, read by the same readers as an import's, each remembered so that it is read once.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/sharing/version_rows.h"

#include "document.h"
#include "fixed_row.h"
#include "gather.h"
#include "writing.h"

namespace qushu::ingest {
namespace {

constexpr std::size_t kOpen = 16;  // files that stay open between the look at them and their reading

std::string base_name(const std::string& path) {
  auto slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

bool same_file(const sources::File& a, const sources::File& b) {
  if (!a.etag.empty() && !b.etag.empty()) return a.etag == b.etag;
  return a.size == b.size && a.modified == b.modified && (a.size.has_value() || a.modified.has_value());
}

SeenColumn seen_of(const tabular::ColumnFacts& c) {
  return {.name = c.plan.name,
          .type = c.plan.type,
          .empty = c.values == 0,
          .width = c.plan.width,
          .scale = c.plan.scale,
          .unit = c.plan.unit,
          .examples = c.examples};
}

}  // namespace

json::object to_json(const sources::File& f) {
  return {{"name", f.name},
          {"etag", f.etag},
          {"modified", f.modified ? json::value(to_iso(*f.modified)) : json::value("")},
          {"size", f.size ? json::value(*f.size) : json::value(nullptr)}};
}

sources::File file_of(const json::object& o) {
  sources::File f{
      .name = text_at(o, "name"), .size = {}, .modified = parse_iso(text_at(o, "modified")), .etag = text_at(o, "etag")};
  if (const auto* size = o.if_contains("size"); size && size->is_number()) f.size = size->to_number<std::uint64_t>();
  return f;
}

Result<std::vector<sources::File>> Gathering::fresh(const std::map<std::string, sources::File>& remembered) {
  if (access_ == nullptr) QS_CHECK(open());
  QS_TRY(auto list, deps_.sources.files(access_, selection_, cancelled_));
  auto is_new = [&](const sources::File& f) {
    auto found = remembered.find(f.name);
    return found == remembered.end() || !same_file(found->second, f);
  };
  if (pipeline_.mode == Gather::full) {
    // All of them together are the dataset: one that changed, came or went makes all be read.
    bool changed = std::ranges::any_of(list, is_new);
    for (const auto& [name, file] : remembered)
      changed = changed || std::ranges::none_of(list, [&](const sources::File& f) { return f.name == name; });
    if (!changed) list.clear();
    return list;
  }
  std::erase_if(list, [&](const sources::File& f) { return !is_new(f); });
  auto most = static_cast<std::size_t>(deps_.settings.integer("ingest.run_files"));
  if (list.size() > most) list.resize(most);
  return list;
}

Result<json::array> Gathering::fetch(const std::vector<sources::File>& list,
                                     const std::map<std::string, sources::File>& remembered) {
  json::array out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto share = static_cast<double>(i) / static_cast<double>(list.size());
    auto part = 1.0 / static_cast<double>(list.size());
    Text step{"取文件 " + list[i].name, "Fetching " + list[i].name};
    report_(0.4 * share, step);
    // A server that tells nothing beforehand may still answer that nothing has changed; of several that make up a dataset all
    // are needed.
    std::optional<sources::File> known;
    if (auto found = remembered.find(list[i].name);
        found != remembered.end() && (list.size() == 1 || pipeline_.mode != Gather::full))
      known = found->second;
    QS_TRY(auto fetched, deps_.sources.fetch(
                             access_, list[i], known, cancelled_, [&](std::uint64_t done, std::optional<std::uint64_t> total) {
                               if (total && *total > 0)
                                 report_(0.4 * (share + part * static_cast<double>(done) / static_cast<double>(*total)), step);
                             }));
    if (fetched.not_modified) continue;
    auto file = to_json(fetched.file);
    file["name"] = list[i].name;
    file["blob"] = fetched.blob.sha256;
    file["size"] = fetched.blob.size;
    out.emplace_back(std::move(file));
  }
  return out;
}

// A file and its table, looked at before any is read.
struct Gathering::Looked {
  json::object file;
  std::string name;
  std::unique_ptr<tabular::File> opened;  // none: opened again when it is read
  tabular::TableFacts facts;
  std::vector<SeenColumn> columns;  // called as in the mapping
};

Result<std::unique_ptr<tabular::File>> Gathering::open_file(const json::object& file) const {
  QS_TRY(auto path, deps_.blobs.path(text_at(file, "blob")));
  return tabular::File::open(path, base_name(text_at(file, "name")), deps_.blobs.temporary_folder(), deps_.settings);
}

Result<Gathering::Looked> Gathering::look_at(const json::object& file) {
  Looked out{.file = file, .name = base_name(text_at(file, "name")), .opened = {}, .facts = {}, .columns = {}};
  QS_TRY(out.opened, open_file(file));
  auto wanted = text_at(pipeline_.file, "table");
  auto dialect = dialect_of(pipeline_.file);
  tabular::Progress progress{.bytes = {}, .cancelled = cancelled_};
  for (const auto& location : out.opened->tables()) {
    // A sheet is known by its own name; the archive or workbook that holds it is called otherwise every time.
    bool named = wanted.empty() || location == wanted || location.ends_with(" › " + wanted);
    if (!named) continue;
    QS_TRY(auto read, out.opened->analyse(location, dialect, progress));
    if (read.columns.empty()) continue;
    for (const auto& c : read.columns) out.columns.push_back(seen_of(c));
    call_by_mapping(out.columns, pipeline_.fields);
    out.facts = std::move(read);
    return out;
  }
  return fail(
      Error{.code = Code::invalid,
            .id = "pipeline.table",
            .text = {fmt::format("文件“{}”里没有{}。", out.name, wanted.empty() ? "可读的表" : "“" + wanted + "”这张表"),
                     fmt::format("The file “{}” holds {}.", out.name,
                                 wanted.empty() ? "no table that can be read" : "no table “" + wanted + "”")},
            .subject = out.name});
}

Result<void> Gathering::read_file(Gathered& g, const Looked& looked, std::int64_t& offset, RejectFile& rejects) {
  std::vector<tabular::ColumnPlan> plan;
  std::vector<Mapped> used;
  for (std::size_t i = 0; i < looked.columns.size(); ++i) {
    auto p = looked.facts.columns[i].plan;
    auto m = std::ranges::find(g.resolution.fields, looked.columns[i].name, &Mapped::column);
    p.skip = m == g.resolution.fields.end() || m->skip;
    if (!p.skip) {
      p.type = m->type;
      p.width = m->width;
      p.scale = m->scale;
      p.unit = m->unit;
      used.push_back(*m);
    }
    plan.push_back(std::move(p));
  }
  if (used.empty())
    return fail(Code::invalid, "pipeline.nothing", "没有一列要采用，请至少选择一列。",
                "No column is taken; choose at least one.");
  QS_TRY(auto items, items_of(used));
  std::vector<std::string> ids;
  for (const auto& item : items) ids.push_back(item.id);
  auto sink = [&](const tabular::File::RejectedRow& row) {
    if (g.misfits.size() < 100)
      for (auto& m : misfits_document(row.misfits)) g.misfits.push_back(m);
    return rejects.write(looked.name, looked.facts.location, row);
  };
  tabular::Progress progress{.bytes = {}, .cancelled = cancelled_};
  std::unique_ptr<tabular::File> again;
  if (!looked.opened) {
    QS_TRY(again, open_file(looked.file));
  }
  auto& opened = looked.opened ? *looked.opened : *again;
  QS_TRY(auto reading, opened.read(looked.facts.location, looked.facts.dialect, plan, ids, sink, progress));
  QS_TRY(auto blob, write_rows(reading, ids, offset, deps_.engine, deps_.blobs, cancelled_));
  auto& c = *reading.counts;
  catalog::Part part{.blob = blob.sha256, .rows = c.published, .bytes = blob.size, .first_id = offset};
  part.columns = catalog::columns_of(items);
  g.parts.push_back(std::move(part));
  g.counts.read += c.read;
  g.counts.rejected += c.rejected;
  g.bytes += looked.file.at("size").to_number<std::uint64_t>();
  g.origins.push_back({.import_id = {},
                       .file_name = text_at(looked.file, "name"),
                       .file_blob = text_at(looked.file, "blob"),
                       .table = looked.facts.location});
  if (c.published > 0) {
    QS_TRY(offset, last_id(deps_.engine, deps_.blobs, blob.sha256, cancelled_));
  }
  return {};
}

Result<void> Gathering::add_fixed(Gathered& g) {
  std::vector<Mapped> all;
  for (const auto& m : g.resolution.fields)
    if (!m.skip) all.push_back(m);
  QS_TRY(auto items, items_of(all));
  bool fixed = false;
  std::vector<catalog::Field> read;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool came = all[i].column.empty() ? false : std::ranges::any_of(g.parts, [&](const catalog::Part& p) {
      return std::ranges::any_of(p.columns, [&](const catalog::PartColumn& c) { return c.id == items[i].id; });
    });
    fixed = fixed || all[i].fixed;
    if (came || (pipeline_.mode == Gather::full && !all[i].fixed)) read.push_back(items[i]);
  }
  std::vector<sharing::PartFile> files;
  for (const auto& p : g.parts) {
    QS_TRY(auto path, deps_.blobs.path(p.blob));
    g.inputs.push_back(path);
    files.push_back({.file = path, .columns = p.columns});
  }
  if (!fixed) {
    g.items = read;
    for (auto& p : g.parts)
      if (p.columns == catalog::columns_of(read)) p.columns.clear();
    return {};
  }
  g.fixed = FixedRow::of(all);
  std::string columns = "r._id";
  g.items.clear();
  std::size_t number = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool known = std::ranges::any_of(read, [&](const catalog::Field& f) { return f.id == items[i].id; });
    if (!known && !all[i].fixed) continue;
    auto name = engine::quote_name(items[i].id);
    columns += all[i].fixed ? fmt::format(", CAST({}.{} AS {}) AS {}", FixedRow::kName, FixedRow::column(number++),
                                          sharing::sql_type(items[i].type, items[i].width, items[i].scale), name)
                            : fmt::format(", r.{}", name);
    g.items.push_back(items[i]);
  }
  g.select = fmt::format("SELECT {} FROM ({}) r, {}", columns, sharing::rows_sql(read, files, {}), FixedRow::kName);
  g.parts.clear();
  return {};
}

Result<Gathered> Gathering::files(const json::array& kept, const std::map<std::string, sources::File>& remembered,
                                  bool sample) {
  Gathered g;
  g.files = kept;
  if (kept.empty()) {
    report_(0, {"查看来源的文件", "Looking at the source's files"});
    QS_TRY(auto list, fresh(remembered));
    if (sample && list.empty())
      return fail(Code::invalid, "pipeline.no_files", "数据源里没有符合条件的文件，请检查文件名样式。",
                  "The source has no file that matches; check the pattern.");
    // The newest is the one that the next ones will look like.
    if (sample) {
      auto newest = std::ranges::max_element(list, {}, [](const sources::File& f) { return f.modified.value_or(Time{}); });
      list = {*newest};
    }
    QS_TRY(g.files, fetch(list, remembered));
  }
  g.nothing = g.files.empty();
  if (g.nothing) return g;
  // All are looked at before the first is read: what must be decided is asked once, and a column has one type in all of them.
  auto progress = [&](double from, double share, std::size_t i, const Text& what) {
    auto name = text_at(g.files[i].as_object(), "name");
    report_(from + share * static_cast<double>(i) / static_cast<double>(g.files.size()), {what.zh + name, what.en + name});
  };
  std::vector<Looked> looked;
  std::vector<std::vector<SeenColumn>> columns;
  for (std::size_t i = 0; i < g.files.size(); ++i) {
    progress(0.4, 0.1, i, {"查看 ", "Looking at "});
    QS_TRY(auto one, look_at(g.files[i].as_object()));
    if (looked.size() >= kOpen) one.opened.reset();
    columns.push_back(one.columns);
    looked.push_back(std::move(one));
  }
  g.columns = unite(columns);
  g.resolution = resolve(pipeline_, columns, overlap());
  if (g.resolution.ask) return g;
  RejectFile rejects(deps_.blobs.temporary_folder());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < looked.size(); ++i) {
    progress(0.5, 0.2, i, {"读取 ", "Reading "});
    QS_CHECK(read_file(g, looked[i], offset, rejects));
    looked[i].opened.reset();
  }
  QS_TRY(g.counts.rejects_blob, rejects.keep(deps_.engine, deps_.blobs, cancelled_));
  QS_CHECK(add_fixed(g));
  return g;
}

}  // namespace qushu::ingest
