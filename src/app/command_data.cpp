#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/json.h"
#include "qushu/base/text.h"
#include "qushu/query/export.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

Failure usage(std::string subject, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = "cli.usage", .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

// Waits for the job that an import names, running it here when nobody else has taken it.
Result<ingest::Import> finish_job(System& s, const Actor& actor, const ingest::Import& import) {
  QS_TRY(auto job, s.jobs->run_now(import.job_id));
  if (job.state != jobs::State::succeeded) {
    if (job.error) return fail(*job.error);
    return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
  }
  return s.imports->find(actor, import.id);
}

// "--type 列名=date" and "--skip 列名" for the tables that have such a column.
Result<json::array> corrections_of(const ingest::Import& import, const ImportOptions& o) {
  std::map<std::string, json::object> wanted;  // by column
  for (const auto& type : o.types) {
    auto equal = type.rfind('=');
    engine::Type parsed{};
    if (equal == std::string::npos || !engine::parse(type.substr(equal + 1), parsed))
      return usage("--type " + type, "应写成 列名=类型，类型为 text、integer、decimal、number、boolean、date、time、datetime。",
                   "Write column=type with one of text, integer, decimal, number, boolean, date, time, datetime.");
    wanted[type.substr(0, equal)]["type"] = type.substr(equal + 1);
  }
  for (const auto& name : o.skipped) wanted[name]["skip"] = true;
  json::array tables;
  std::set<std::string> found;
  for (const auto& item : import.tables) {
    const auto& table = item.as_object();
    json::array columns;
    for (const auto& c : table.at("columns").as_array()) {
      const auto& column = c.as_object();
      auto change = wanted.find(text_at(column, "name"));
      if (change == wanted.end()) continue;
      found.insert(change->first);
      auto with_place = change->second;
      with_place["position"] = column.at("position");
      columns.emplace_back(std::move(with_place));
    }
    if (!columns.empty())
      tables.emplace_back(json::object{{"location", table.at("location")}, {"columns", std::move(columns)}});
  }
  for (const auto& [name, change] : wanted)
    if (!found.contains(name))
      return usage(change.contains("type") ? "--type" : "--skip", fmt::format("文件里没有“{}”这一列。", name),
                   fmt::format("The file has no column “{}”.", name));
  return tables;
}

json::object brief(const ingest::Import& import, Lang lang) {
  auto out = ingest::to_json(import, std::nullopt, lang);
  for (auto& t : out["tables"].as_array()) t.as_object().erase("preview");
  return out;
}

void print_import(const ingest::Import& import, Lang lang) {
  bool zh = lang == Lang::zh;
  auto shown = ingest::to_json(import, std::nullopt, lang);
  for (const auto& item : shown.at("tables").as_array()) {
    const auto& t = item.as_object();
    auto location = std::string(t.at("location").as_string());
    auto name = location.empty() ? import.file_name : location;
    if (t.at("skip").as_bool()) {
      std::cout << fmt::format(
          "{}: {}\n", name,
          t.at("note").is_string() ? std::string(t.at("note").as_string()) : std::string(zh ? "跳过" : "skipped"));
      continue;
    }
    auto n = [&](const char* key) { return with_thousands(t.at(key).to_number<std::int64_t>()); };
    const auto& entry = t.at("dataset").as_object();
    auto code = std::string(entry.at("code").as_string());
    if (t.at("version").is_null())
      std::cout << (zh ? fmt::format("{} → {}：读取 {} 行，将剔除 {} 行\n", name, code, n("rows"), n("rejected"))
                       : fmt::format("{} → {}: {} rows read, {} would be rejected\n", name, code, n("rows"), n("rejected")));
    else
      std::cout << (zh ? fmt::format("{} → {} 第 {} 版：读取 {} 行，发布 {} 行\n", name, code, n("version"), n("rows"),
                                     n("published"))
                       : fmt::format("{} → {} version {}: {} rows read, {} published\n", name, code, n("version"), n("rows"),
                                     n("published")));
    if (const auto* drifts = t.if_contains("drifts"); drifts && !drifts->as_array().empty())
      std::cout << (zh ? "  与数据集不同：" : "  Differs from the dataset: ")
                << ingest::summary(ingest::drifts_of(*drifts)).in(lang) << '\n';
    std::vector<std::vector<std::string>> rows;
    for (const auto& c : t.at("columns").as_array()) {
      const auto& o = c.as_object();
      rows.push_back({std::string(o.at("name").as_string()), std::string(o.at("id").as_string()),
                      std::string(o.at("type").as_string()), std::string(o.at("unit").as_string()),
                      with_thousands(o.at("misfits").to_number<std::int64_t>()), std::string(o.at("why").as_string())});
    }
    print_table(zh ? std::vector<std::string>{"列", "标识符", "类型", "单位", "不合格", "说明"}
                   : std::vector<std::string>{"column", "id", "type", "unit", "misfits", "why"},
                rows);
    int few = 0;
    for (const auto& m : t.at("first_misfits").as_array()) {
      if (++few > 5) break;
      const auto& o = m.as_object();
      std::cout << (zh ? fmt::format("  第 {} 行 {}：“{}” {}\n", o.at("line").to_number<std::int64_t>(),
                                     std::string(o.at("column").as_string()), std::string(o.at("value").as_string()),
                                     std::string(o.at("reason").as_string()))
                       : fmt::format("  line {} {}: “{}” {}\n", o.at("line").to_number<std::int64_t>(),
                                     std::string(o.at("column").as_string()), std::string(o.at("value").as_string()),
                                     std::string(o.at("reason").as_string())));
    }
  }
}

void add_import(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<ImportOptions>();
  auto title = std::make_shared<std::string>();
  auto* c = app.add_subcommand("import", zh ? "把文件导入为数据集的新版本" : "Load a file as a new version of a dataset");
  c->add_option("file", o->file,
                zh ? "文件（CSV、XLSX、JSON、NDJSON、Parquet，可在 zip 或 gzip 内）"
                   : "File (CSV, XLSX, JSON, NDJSON, Parquet; also in zip or gzip)")
      ->required()
      ->check(CLI::ExistingFile);
  c->add_option("--dataset", o->dataset,
                zh ? "数据集代码；不给则由文件名推出" : "Dataset code; proposed from the file's name when absent");
  c->add_option("--title", *title, zh ? "数据集名称" : "Title");
  c->add_option("--department", o->department, zh ? "提供部门的代码" : "Code of the providing department");
  c->add_option("--encoding", o->encoding, zh ? "文件编码（不给则自动识别）" : "Encoding (detected when absent)");
  c->add_option("--type", o->types,
                zh ? "更正列类型，如 --type 成立日期=date" : "Correct a column's type, such as --type founded=date")
      ->type_name("COLUMN=TYPE");
  c->add_option("--skip", o->skipped, zh ? "不采用的列名" : "Columns that are not taken over")->delimiter(',');
  c->add_option("--key", o->keys, zh ? "作为主键的列名" : "Columns that make the key")->delimiter(',');
  auto mode = std::make_shared<std::string>("full");
  c->add_option("--mode", *mode,
                zh ? "更新方式：full 全量替换（缺省）、append 追加、upsert 按主键更新"
                   : "How the dataset changes: full replaces it (default), append adds, upsert updates by key")
      ->check(CLI::IsMember({"full", "append", "upsert"}));
  auto* missing =
      c->add_flag("--delete-missing")
          ->description(zh ? "upsert 时，删除文件里没有其主键的行" : "With upsert: rows whose key the file lacks are deleted");
  auto* accept =
      c->add_flag("--accept-drift")
          ->description(zh ? "列与已有的数据集不同也发布" : "Publish although columns differ from those of the dataset");
  auto* dry = c->add_flag("--dry-run")->description(zh ? "只分析，不发布" : "Analyse only, publish nothing");
  c->callback([&, o, title, mode, missing, accept, dry] {
    chosen.action = [&, o, title, mode, missing, accept, dry] {
      o->publish = dry->count() == 0;
      o->accept_drift = accept->count() > 0;
      o->entry["mode"] = *mode;
      o->entry["delete_missing"] = missing->count() > 0;
      if (!title->empty()) o->entry["title"] = *title;
      // The readings of Chinese names take a while to load when they are asked for first: meanwhile the data folder is opened.
      std::jthread readings([] { (void)catalog::identifier_of("名称"); });
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        std::atomic<bool> stop = false;
        o->stop = &stop;
        SignalWatch signals([&] {
          stop = true;
          s.jobs->stop();
        });
        auto done = [&] {
          ProgressLine line(common.lang);
          return import_file(s, actor, *o, [&](const jobs::Job& job) { line.show(job); });
        }();
        QS_CHECK(done);
        if (common.json)
          print(brief(*done, common.lang));
        else
          print_import(*done, common.lang);
        return {};
      });
    };
  });
}

Result<void> run_query(System& s, const Actor& actor, const Common& common, const std::string& sql,
                       const std::string& format_name, const std::string& output) {
  query::Format format{};
  auto wanted = !format_name.empty() ? format_name
                : common.json        ? "json"
                : output.empty()
                    ? "table"
                    : std::filesystem::path(output).extension().string().substr(output.find('.') == std::string::npos ? 0 : 1);
  if (!query::parse(wanted, format))
    return usage("--format", "格式为 table、csv、json、ndjson、parquet 或 xlsx。",
                 "The format is table, csv, json, ndjson, parquet or xlsx.");
  if (query::needs_file(format) && output.empty())
    return usage("--output", "这种格式要写入文件，请用 --output 指定。",
                 "This format is written to a file: name it with --output.");
  std::atomic<bool> stopped = false;
  SignalWatch signals([&] { stopped = true; });
  QS_TRY(auto cursor, s.query->open_sql(actor, sql, {}, [&] { return stopped.load(); }));
  std::ofstream file;
  if (!output.empty()) {
    file.open(output, std::ios::binary);
    if (!file) return usage("--output", "无法写入 " + output + "。", "Cannot write " + output + ".");
  }
  auto& out = output.empty() ? std::cout : file;
  query::WriteOptions options{.engine = s.engine.get(), .folder = s.blobs->temporary_folder()};
  auto rows = query::write_rows(
      format, *cursor,
      [&](std::string_view bytes) -> Result<void> {
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        if (!out)
          return fail(Code::storage_full, "cli.write", "结果写不进去：空间不足或输出已关闭。",
                      "The result could not be written: no space, or the output was closed.");
        return {};
      },
      options);
  QS_CHECK(rows);
  out.flush();
  if (!output.empty())
    std::cerr << (common.lang == Lang::zh ? fmt::format("写入 {} 行到 {}\n", *rows, output)
                                          : fmt::format("{} rows written to {}\n", *rows, output));
  return {};
}

void add_query(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto sql = std::make_shared<std::string>(), format = std::make_shared<std::string>(),
       output = std::make_shared<std::string>();
  auto* c = app.add_subcommand("query", zh ? "用 SQL 查询数据集（只读）" : "Query datasets with SQL (read-only)");
  c->add_option("sql", *sql, zh ? "SQL 语句；数据集以代码或名称引用" : "The statement; datasets go by code or title")
      ->required();
  c->add_option("--format,-f", *format,
                zh ? "table、csv、json、ndjson、parquet、xlsx" : "table, csv, json, ndjson, parquet, xlsx");
  c->add_option("--output,-o", *output, zh ? "写入文件" : "Write to a file");
  c->callback([&, sql, format, output] {
    chosen.action = [&, sql, format, output] {
      return with_system(common,
                         [&](System& s, const Actor& actor) { return run_query(s, actor, common, *sql, *format, *output); });
    };
  });
}

void add_dataset(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto* group = app.add_subcommand("dataset", zh ? "数据集" : "Datasets");
  group->require_subcommand(1);
  auto text = std::make_shared<std::string>(), code = std::make_shared<std::string>();
  auto number = std::make_shared<std::int64_t>(0);
  auto* list = group->add_subcommand("list", zh ? "列出数据集" : "List datasets");
  list->add_option("text", *text, zh ? "检索词" : "Words to search for");
  list->callback([&, zh, text] {
    chosen.action = [&, zh, text] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        catalog::Search query{.text = *text, .sort = "title", .limit = 500, .facets = false};
        json::array all;
        std::vector<std::vector<std::string>> rows;
        do {
          QS_TRY(auto found, s.catalog->search(sharing::visibility(actor), query));
          for (const auto& d : found.datasets) {
            all.emplace_back(catalog::to_json(d));
            rows.push_back({d.code, d.title, d.department_name, std::to_string(d.version),
                            with_thousands(static_cast<std::int64_t>(d.rows)), short_time(d.changed)});
          }
          query.after = found.next;
        } while (!query.after.empty());
        if (common.json)
          print(all);
        else
          print_table(zh ? std::vector<std::string>{"代码", "名称", "部门", "版本", "行数", "更新时间"}
                         : std::vector<std::string>{"code", "title", "department", "version", "rows", "changed"},
                      rows);
        return {};
      });
    };
  });
  auto* show = group->add_subcommand("show", zh ? "查看数据集" : "Show a dataset");
  show->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  show->callback([&, zh, code] {
    chosen.action = [&, zh, code] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
        if (common.json) {
          print(catalog::to_json(d));
          return {};
        }
        std::cout << fmt::format("{}  {}\n{}  v{}  {}\n", d.code, d.title, d.department_name, d.version,
                                 zh ? with_thousands(static_cast<std::int64_t>(d.rows)) + " 行"
                                    : with_thousands(static_cast<std::int64_t>(d.rows)) + " rows");
        if (!d.abstract.empty()) std::cout << d.abstract << '\n';
        std::vector<std::vector<std::string>> rows;
        for (const auto& f : d.fields)
          rows.push_back({f.id, f.name, std::string(engine::name(f.type)), f.unit, f.key ? "✓" : "", f.description});
        print_table(zh ? std::vector<std::string>{"标识符", "名称", "类型", "单位", "主键", "说明"}
                       : std::vector<std::string>{"id", "name", "type", "unit", "key", "description"},
                    rows);
        return {};
      });
    };
  });
  auto* versions = group->add_subcommand("versions", zh ? "列出版本" : "List versions");
  versions->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  versions->callback([&, zh, code] {
    chosen.action = [&, zh, code] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
        QS_TRY(auto all, s.catalog->versions(d.id));
        json::array out;
        std::vector<std::vector<std::string>> rows;
        for (const auto& v : all) {
          out.emplace_back(catalog::to_json(v));
          auto count = [](std::uint64_t n) { return with_thousands(static_cast<std::int64_t>(n)); };
          rows.push_back({(v.current ? "* " : "  ") + std::to_string(v.number), v.mode, count(v.read), count(v.added),
                          count(v.changed), count(v.deleted), count(v.unchanged), count(v.rejected), count(v.published),
                          v.origins.empty() ? "" : v.origins[0].file_name, v.person_name, short_time(v.at)});
        }
        if (common.json)
          print(out);
        else
          print_table(zh ? std::vector<std::string>{"版本", "方式", "读取", "新增", "变化", "删除", "未变", "剔除", "行数",
                                                    "来源", "人员", "时间"}
                         : std::vector<std::string>{"version", "mode", "read", "new", "changed", "deleted", "same", "rejected",
                                                    "rows", "from", "by", "at"},
                      rows);
        return {};
      });
    };
  });
  auto* rollback = group->add_subcommand("rollback", zh ? "切换到某个版本" : "Roll back to a version");
  rollback->add_option("code", *code, zh ? "数据集代码" : "Dataset code")->required();
  rollback->add_option("version", *number, zh ? "版本号" : "Number of the version")->required();
  rollback->callback([&, zh, code, number] {
    chosen.action = [&, zh, code, number] {
      return with_system(common, [&](System& s, const Actor& actor) -> Result<void> {
        QS_TRY(auto d, s.catalog->find(sharing::visibility(actor), *code));
        QS_CHECK(sharing::check_steward(actor, d));
        QS_TRY(auto now, s.catalog->roll_back(actor, d.id, *number));
        if (common.json)
          print(catalog::to_json(now));
        else
          std::cout << (zh ? fmt::format("{} 现在是第 {} 版。\n", now.code, now.version)
                           : fmt::format("{} is at version {} now.\n", now.code, now.version));
        return {};
      });
    };
  });
}

// How far the receiving of a file is, as a job would tell it, ten times a second.
tabular::Progress receiving(const std::string& name, const std::function<void(const jobs::Job&)>& show,
                            const std::atomic<bool>* stop) {
  tabular::Progress progress;
  if (stop) progress.cancelled = [stop] { return stop->load(); };
  if (!show) return progress;
  struct Said {
    std::mutex mutex;
    std::chrono::steady_clock::time_point last;
  };
  progress.bytes = [name, show, said = std::make_shared<Said>()](std::uint64_t done, std::uint64_t total) {
    std::unique_lock lock(said->mutex, std::try_to_lock);
    auto now = std::chrono::steady_clock::now();
    if (!lock.owns_lock() || now - said->last < std::chrono::milliseconds(100)) return;
    said->last = now;
    jobs::Job job{.step = {"读取 " + name, "Reading " + name}, .unit = "bytes"};
    job.progress = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
    job.done_units = static_cast<std::int64_t>(done);
    show(job);
  };
  return progress;
}

}  // namespace

Result<ingest::Import> import_file(System& s, const Actor& actor, const ImportOptions& o,
                                   const std::function<void(const jobs::Job&)>& progress) {
  auto entry = o.entry;
  if (!o.keys.empty()) entry["key"] = json::array(o.keys.begin(), o.keys.end());
  auto name = o.name.empty() ? std::filesystem::path(o.file).filename().string() : o.name;
  QS_TRY(auto import,
         s.imports->receive(actor, {.file_name = name, .dataset = o.dataset, .department = o.department, .entry = entry},
                            o.file, receiving(name, progress, o.stop)));
  auto watched = import.id;
  if (progress)
    s.jobs->on_change([progress, watched](const jobs::Job& job) {
      if (job.object_id == watched) progress(job);
    });
  QS_TRY(import, finish_job(s, actor, import));
  if (!o.encoding.empty()) {
    json::array tables;
    for (const auto& t : import.tables)
      tables.emplace_back(json::object{{"location", t.as_object().at("location")}, {"encoding", o.encoding}});
    QS_TRY(import, s.imports->analyse(actor, import.id, tables));
    QS_TRY(import, finish_job(s, actor, import));
  }
  if (!o.types.empty() || !o.skipped.empty()) {
    QS_TRY(auto corrections, corrections_of(import, o));
    QS_TRY(import, s.imports->correct(actor, import.id, corrections));
    if (import.state == "analysing") {
      QS_TRY(import, finish_job(s, actor, import));
    }
  }
  if (!o.publish) return import;
  QS_TRY(import, s.imports->publish(actor, import.id, o.accept_drift));
  QS_TRY(auto done, finish_job(s, actor, import));
  // What is derived from the version is made here too when no server is there to do it.
  QS_TRY(auto waiting, s.jobs->list({.state = jobs::State::queued, .limit = 100}));
  for (const auto& job : waiting)
    if (job.kind.starts_with("dataset.")) {
      QS_CHECK(s.jobs->run_now(job.id));
    }
  return done;
}

void add_data_commands(CLI::App& app, Common& common, Chosen& chosen) {
  add_import(app, common, chosen);
  add_query(app, common, chosen);
  add_dataset(app, common, chosen);
}

}  // namespace qushu::app
