#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/log.h"
#include "qushu/base/text.h"
#include "qushu/sharing/policy.h"

#include "stored.h"

namespace qushu::ingest {
namespace {

constexpr std::string_view kColumns =
    "id, file_name, file_blob, byte_count, state, job_id, person_id, person_name, department_id, dataset_hint, tables, "
    "error_zh, error_en, created, changed";

Failure no_import() {
  return fail(Code::not_found, "import.not_found", "没有这次导入。", "There is no such import.");
}

Import import_of(const store::Row& row) {
  Import i{.id = row.text(0),
           .file_name = row.text(1),
           .file_blob = row.text(2),
           .state = row.text(4),
           .job_id = row.text(5),
           .person_id = row.text(6),
           .person_name = row.text(7),
           .department_id = row.text(8),
           .dataset_hint = row.text(9),
           .size = static_cast<std::uint64_t>(row.integer(3)),
           .created = row.time(13),
           .changed = row.time(14)};
  boost::system::error_code failed;
  auto tables = json::parse(row.text(10), failed);
  if (!failed && tables.is_array()) i.tables = std::move(tables.as_array());
  if (auto zh = row.opt_text(11)) i.error = Text{*zh, row.text(12)};
  return i;
}

}  // namespace

std::unique_ptr<Imports> Imports::open(Deps deps) {
  auto imports = std::make_unique<StoredImports>(deps);
  imports->register_jobs();
  return imports;
}

void StoredImports::register_jobs() {
  deps_.jobs.register_kind({.name = "import.analyse",
                            .title = {"分析文件", "Analyse a file"},
                            .handler = reporting(&StoredImports::run_analyse, "failed")});
  deps_.jobs.register_kind({.name = "import.check",
                            .title = {"按修改后的类型重新检查", "Check again with the corrected types"},
                            .handler = reporting(&StoredImports::run_check, "ready")});
  deps_.jobs.register_kind({.name = "import.publish",
                            .title = {"发布数据集版本", "Publish versions"},
                            .handler = reporting(&StoredImports::run_publish, "ready")});
}

jobs::Handler StoredImports::reporting(Result<jobs::Finish> (StoredImports::*run)(jobs::Context&), std::string_view state) {
  return [this, run, state = std::string(state)](jobs::Context& context) -> Result<jobs::Finish> {
    auto outcome = (this->*run)(context);
    if (outcome || outcome.error().code == Code::cancelled) return outcome;
    auto told = deps_.store.write([&](store::Transaction& t) {
      return t.exec(
          "UPDATE import SET state = ?, error_zh = ?, error_en = ?, changed = ? WHERE id = ? AND state IN ('analysing', "
          "'publishing')",
          {state, outcome.error().text.zh, outcome.error().text.en, deps_.clock.now(), context.job().object_id});
    });
    if (!told) log::error("an import's failure could not be written", told.error());
    return outcome;
  };
}

bool StoredImports::may_see(const Actor& actor, const Import& i) {
  return actor.can(Permission::dataset_all) || (!i.person_id.empty() && i.person_id == actor.person_id) ||
         sharing::check_steward(actor, i.department_id).has_value();
}

Result<Import> StoredImports::load(store::Session& s, std::string_view id) const {
  QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM import WHERE id = ?", kColumns), {id}));
  if (!row) return no_import();
  return import_of(*row);
}

Result<Import> StoredImports::find(const Actor& actor, std::string_view id) const {
  QS_TRY(auto i, deps_.store.read([&](store::Session& s) { return load(s, id); }));
  if (!may_see(actor, i)) return no_import();
  return i;
}

Result<std::vector<Import>> StoredImports::list(const Actor& actor, const Filter& f) const {
  std::string sql = fmt::format("SELECT {} FROM import WHERE 1 = 1", kColumns);
  store::Params params;
  if (!actor.can(Permission::dataset_all)) {
    std::string marks;
    for (const auto& d : actor.departments) {
      marks += ", ?";
      params.emplace_back(d);
    }
    sql += marks.empty() ? " AND person_id = ?" : fmt::format(" AND (department_id IN ({}) OR person_id = ?)", marks.substr(2));
    params.emplace_back(actor.person_id);
  }
  if (!f.state.empty()) {
    sql += " AND state = ?";
    params.emplace_back(f.state);
  } else {
    sql += " AND state <> 'discarded'";
  }
  if (!f.before.empty()) {
    sql += " AND id < ?";
    params.emplace_back(f.before);
  }
  sql += " ORDER BY id DESC LIMIT ?";
  params.emplace_back(static_cast<std::int64_t>(f.limit));
  return deps_.store.read([&](store::Session& s) -> Result<std::vector<Import>> {
    QS_TRY(auto rows, s.query(sql, params));
    std::vector<Import> list;
    for (const auto& row : rows) list.push_back(import_of(row));
    return list;
  });
}

Result<std::string> StoredImports::department_of(const Actor& actor, const std::string& given) const {
  if (!given.empty()) {
    QS_TRY(auto d, deps_.identity.department(given));
    return d.id;
  }
  if (!actor.department_id.empty()) return actor.department_id;
  QS_TRY(auto all, deps_.identity.departments());
  for (const auto& d : all)
    if (d.parent_id.empty()) return d.id;
  return fail(Code::conflict, "department.none", "还没有任何部门，请先启动一次服务完成初始化。",
              "There is no department yet; start the server once.");
}

Result<void> StoredImports::record(store::Transaction& t, const Actor& actor, std::string_view action, const Import& i,
                                   json::object detail) const {
  detail["sha256"] = i.file_blob;
  return deps_.audit.record(t, actor,
                            {.action = std::string(action),
                             .object_kind = "import",
                             .object_id = i.id,
                             .object_name = i.file_name,
                             .detail = std::move(detail)});
}

Result<std::string> StoredImports::queue(store::Transaction& t, const Actor& actor, std::string_view kind, const Import& i,
                                         Text title, json::object input) {
  input["import_id"] = i.id;
  return deps_.jobs.add(t, actor,
                        {.kind = std::string(kind),
                         .title = std::move(title),
                         .input = std::move(input),
                         .object_kind = "import",
                         .object_id = i.id});
}

Result<void> StoredImports::save(store::Transaction& t, Import& i) const {
  i.changed = deps_.clock.now();
  if (i.state == "ready") QS_CHECK(note_drifts(t, i.tables));
  auto zh = i.error ? std::optional(i.error->zh) : std::nullopt, en = i.error ? std::optional(i.error->en) : std::nullopt;
  QS_CHECK(t.exec("UPDATE import SET state = ?, job_id = ?, tables = ?, error_zh = ?, error_en = ?, changed = ? WHERE id = ?",
                  {i.state, i.job_id, json::serialize(i.tables), zh, en, i.changed, i.id}));
  return {};
}

Result<std::string> StoredImports::check_new(const Actor& actor, const NewImport& n) const {
  QS_TRY(auto department, department_of(actor, n.department));
  if (!n.dataset.empty()) {
    QS_CHECK(catalog::check_code(n.dataset));
    QS_TRY(auto known, deps_.store.read([&](store::Session& s) { return deps_.catalog.known(s, n.dataset); }));
    // Whoever may not see the dataset learns only that the code is not hers to use.
    if (known && !sharing::check_steward(actor, *known))
      return fail(Error{.code = Code::conflict,
                        .id = "dataset.exists",
                        .text = {fmt::format("代码“{}”已经被另一个数据集使用，请换一个代码。", n.dataset),
                                 fmt::format("The code “{}” is taken by another dataset; choose another one.", n.dataset)},
                        .subject = "dataset"});
    if (known) department = known->department_id;
  }
  QS_CHECK(sharing::check_steward(actor, department));
  return department;
}

Result<Import> StoredImports::add(const Actor& actor, const NewImport& n, const blob::BlobInfo& file) {
  QS_TRY(auto department, check_new(actor, n));
  return insert(actor, n, std::move(department), file, {});
}

Result<Import> StoredImports::receive(const Actor& actor, const NewImport& n, const std::filesystem::path& file,
                                      const tabular::Progress& progress) {
  QS_TRY(auto department, check_new(actor, n));
  QS_TRY(auto taken, take_in(n, file, progress));
  if (taken) return insert(actor, n, std::move(department), taken->file, std::move(taken->tables));
  QS_TRY(auto blob, deps_.blobs.copy_in(file));
  return insert(actor, n, std::move(department), blob, {});
}

Result<Import> StoredImports::insert(const Actor& actor, const NewImport& n, std::string department, const blob::BlobInfo& file,
                                     json::array analysed) {
  if (file.size == 0)
    return fail(
        Error{.code = Code::invalid, .id = "import.empty", .text = {"文件是空的。", "The file is empty."}, .subject = "file"});
  return deps_.store.write([&](store::Transaction& t) -> Result<Import> {
    Import i{.id = new_id(),
             .file_name = shorten(n.file_name, 200),
             .file_blob = file.sha256,
             .state = "analysing",
             .person_id = actor.person_id,
             .person_name = actor.name,
             .department_id = department,
             .dataset_hint = n.dataset,
             .size = file.size};
    i.created = i.changed = deps_.clock.now();
    json::object input;
    if (!analysed.empty()) input["analysed"] = analysed;
    QS_TRY(i.job_id, queue(t, actor, "import.analyse", i, {"分析 " + i.file_name, "Analyse " + i.file_name}, std::move(input)));
    QS_CHECK(t.exec(
        "INSERT INTO import (id, file_name, file_blob, byte_count, state, job_id, person_id, person_name, department_id, "
        "dataset_hint, entry, tables, created, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', ?, ?)",
        {i.id, i.file_name, i.file_blob, i.size, i.state, i.job_id, i.person_id, i.person_name, i.department_id, i.dataset_hint,
         json::serialize(n.entry), i.created, i.changed}));
    QS_CHECK(record(t, actor, "import.add", i, {{"bytes", i.size}}));
    return i;
  });
}

Result<Import> StoredImports::changeable(store::Transaction& t, const Actor& actor, std::string_view id) const {
  QS_TRY(auto i, load(t, id));
  if (!may_see(actor, i)) return no_import();
  QS_CHECK(sharing::check_steward(actor, i.department_id));
  if (i.state == "ready" || i.state == "failed") return i;
  // A job that ended without saying so here, cancelled in the queue or given up, leaves it as it was.
  if (i.state == "analysing" || i.state == "publishing") {
    QS_TRY(auto job, deps_.jobs.find(i.job_id));
    if (job.state == jobs::State::failed || job.state == jobs::State::cancelled || job.state == jobs::State::interrupted) {
      i.state = i.state == "publishing" ? "ready" : "failed";
      return i;
    }
  }
  if (i.state == "published")
    return fail(Code::conflict, "import.published", "这次导入已经发布。要改类型重新入库，请用“重新分析”。",
                "This import was published already. To load it again with other types, analyse it again.");
  if (i.state == "discarded") return fail(Code::conflict, "import.discarded", "这次导入已放弃。", "This import was discarded.");
  return fail(Code::conflict, "import.busy", "作业正在进行，请等它结束或先取消。",
              "A job is at work on it; wait for its end or cancel it.");
}

Result<Import> StoredImports::analyse(const Actor& actor, std::string_view id, const json::array& tables) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Import> {
    auto found = changeable(t, actor, id);
    // The original is kept, so a published file can be read once more with other types.
    if (!found && found.error().id == "import.published") found = load(t, id);
    QS_CHECK(found);
    auto i = *std::move(found);
    i.state = "analysing";
    i.error.reset();
    QS_TRY(i.job_id, queue(t, actor, "import.analyse", i, {"重新分析 " + i.file_name, "Analyse " + i.file_name + " again"},
                           {{"tables", tables}}));
    QS_CHECK(save(t, i));
    QS_CHECK(record(t, actor, "import.change", i, {{"tables", tables}}));
    return i;
  });
}

Result<Import> StoredImports::correct(const Actor& actor, std::string_view id, const json::array& corrections) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Import> {
    QS_TRY(auto i, changeable(t, actor, id));
    bool recount = false;
    QS_CHECK(apply_corrections(i.tables, corrections, recount));
    if (recount) {
      i.state = "analysing";
      QS_TRY(i.job_id, queue(t, actor, "import.check", i, {"重新检查 " + i.file_name, "Check " + i.file_name + " again"}));
    }
    i.error.reset();
    QS_CHECK(save(t, i));
    QS_CHECK(record(t, actor, "import.change", i, {{"tables", corrections}}));
    return i;
  });
}

namespace {

// To update by key there must be one: among the columns, or declared before.
Result<void> check_mode(const json::object& table, const std::optional<catalog::Dataset>& known) {
  if (text_at(table.at("dataset").as_object(), "mode") != "upsert") return {};
  bool keyed = known && std::ranges::any_of(known->fields, &catalog::Field::key);
  for (const auto& item : table.at("columns").as_array())
    keyed = keyed || (flag_at(item.as_object(), "key") && !flag_at(item.as_object(), "skip"));
  if (keyed) return {};
  return fail(Error{.code = Code::invalid,
                    .id = "dataset.no_key",
                    .text = {"按主键更新需要主键，请先勾选哪些列是主键，或改用追加。",
                             "Updating by key needs a key: say which columns make it, or append instead."},
                    .subject = "dataset.mode"});
}

}  // namespace

Result<Import> StoredImports::publish(const Actor& actor, std::string_view id, bool accept_drift) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Import> {
    QS_TRY(auto i, changeable(t, actor, id));
    if (i.state != "ready")
      return fail(Code::conflict, "import.not_ready", "文件还没有分析成功，不能发布。",
                  "The file was not analysed successfully and cannot be published.");
    std::size_t tables = 0;
    for (auto& item : i.tables) {
      auto& table = item.as_object();
      if (flag_at(table, "skip")) continue;
      ++tables;
      auto& entry = table["dataset"].as_object();
      auto code = text_at(entry, "code");
      QS_CHECK(catalog::check_code(code));
      QS_TRY(auto known, deps_.catalog.known(t, code));
      QS_CHECK(check_mode(table, known));
      if (known) {
        if (!sharing::check_steward(actor, *known))
          return fail(Error{.code = Code::conflict,
                            .id = "dataset.exists",
                            .text = {fmt::format("代码“{}”已经被另一个数据集使用，请换一个代码。", code),
                                     fmt::format("The code “{}” is taken by another dataset; choose another one.", code)},
                            .subject = "dataset.code"});
        continue;
      }
      if (trim(text_at(entry, "title")).empty())
        return fail(Error{.code = Code::invalid,
                          .id = "dataset.title",
                          .text = {"请填写数据集名称。", "Give the dataset a title."},
                          .subject = "dataset.title"});
      if (auto d = text_at(entry, "department_id"); !d.empty()) {
        QS_TRY(auto department, deps_.identity.department(d));
        entry["department_id"] = department.id;
        QS_CHECK(sharing::check_steward(actor, department.id));
      }
    }
    if (tables == 0) {
      // A table with a heading alone is left out from the start, and says why.
      const auto* note = i.tables.size() == 1 ? i.tables.front().as_object().if_contains("note") : nullptr;
      if (note != nullptr && note->is_object())
        return fail(Code::invalid, "import.nothing", "文件中没有可以发布的表：" + text_at(note->get_object(), "zh"),
                    "There is no table to publish in the file: " + text_at(note->get_object(), "en"));
      return fail(Code::invalid, "import.nothing", "没有选中任何要发布的表。", "No table is chosen for publishing.");
    }
    QS_CHECK(check_agreement(i.tables));
    QS_CHECK(note_drifts(t, i.tables));
    if (!accept_drift) QS_CHECK(check_drifts(i.tables));
    i.state = "publishing";
    i.error.reset();
    QS_TRY(i.job_id, queue(t, actor, "import.publish", i, {"发布 " + i.file_name, "Publish " + i.file_name}));
    QS_CHECK(save(t, i));
    json::object drifts;
    for (const auto& table : i.tables)
      if (const auto& of = table.at("drifts").as_array(); !of.empty()) drifts[text_at(table.as_object(), "location")] = of;
    QS_CHECK(record(t, actor, "import.publish", i, drifts.empty() ? json::object() : json::object{{"drifts", drifts}}));
    return i;
  });
}

Result<Import> StoredImports::discard(const Actor& actor, std::string_view id) {
  return deps_.store.write([&](store::Transaction& t) -> Result<Import> {
    QS_TRY(auto i, changeable(t, actor, id));
    i.state = "discarded";
    QS_CHECK(save(t, i));
    QS_CHECK(record(t, actor, "import.discard", i));
    return i;
  });
}

Result<bool> StoredImports::uses_blob(std::string_view sha256) const {
  return deps_.store.read([&](store::Session& s) -> Result<bool> {
    QS_TRY(auto row, s.one("SELECT 1 FROM import WHERE file_blob = ? AND state <> 'discarded' LIMIT 1", {sha256}));
    if (row) return true;
    // Drafts of what is not yet published: they are named within the tables, and nothing else there looks like a digest.
    QS_TRY(auto draft,
           s.one("SELECT 1 FROM import WHERE state IN ('ready', 'analysing', 'publishing') AND tables LIKE ? LIMIT 1",
                 {"%" + std::string(sha256) + "%"}));
    return draft.has_value();
  });
}

}  // namespace qushu::ingest
