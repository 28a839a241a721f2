// The demo district's gathering: a bureau's database as a source, two pipelines with their runs, and a change of its columns
// that waits for somebody to decide.
#include "demo_gathering.h"

#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/demo/demo.h"

#include "commands.h"

namespace qushu::app {
namespace {

namespace json = boost::json;

constexpr const char* kKeeper = "operator";
constexpr const char* kFolder = "databases";
constexpr const char* kFile = "relief.db";
constexpr const char* kSource = "mzj_relief";

constexpr std::string_view kCases = R"({
  "code": "relief_cases", "title": "社会救助申请每日归集", "department_id": "mzj", "source": "mzj_relief",
  "selection": {"table": "JZSQ"}, "dataset": "relief_case", "mode": "incremental",
  "entry": {"title": "社会救助申请办理", "abstract": "社会救助业务系统中每件申请的救助类型、金额和办理状态，每个工作日归集。",
            "theme": "社会保障", "tags": ["救助", "民政"], "update_cycle": "daily", "sharing_type": "conditional"},
  "watermark": {"column": "GXSJ", "kind": "timestamp", "overlap": 600},
  "fields": [
    {"column": "SQBH", "name": "申请编号", "type": "text", "seen": "text", "key": true},
    {"column": "XM", "name": "申请人姓名", "type": "text", "seen": "text"},
    {"column": "SFZH", "name": "身份证号码", "type": "text", "seen": "text"},
    {"column": "JDMC", "name": "街道", "type": "text", "seen": "text"},
    {"column": "JZLX", "name": "救助类型", "type": "text", "seen": "text"},
    {"column": "JE", "name": "救助金额", "type": "decimal", "width": 12, "scale": 2, "unit": "元", "seen": "number"},
    {"column": "SQRQ", "name": "申请日期", "type": "date", "seen": "date"},
    {"column": "BLZT", "name": "办理状态", "type": "text", "seen": "text"},
    {"column": "GXSJ", "name": "更新时间", "type": "datetime", "seen": "datetime"}],
  "schedules": [{"cron": "0 2 * * *", "zone": "", "days": "working"}]
})";

// Joined with what another bureau has published.
constexpr std::string_view kByStreet = R"({
  "code": "relief_by_street", "title": "街道救助统计", "department_id": "mzj", "source": "mzj_relief",
  "selection": {"query": "SELECT JDMC, JZLX, JE FROM JZSQ"}, "dataset": "relief_street", "mode": "full",
  "entry": {"title": "街道社会救助统计", "abstract": "各街道（镇、乡）各类救助的件数、金额和每万人件数。", "theme": "社会保障",
            "tags": ["救助", "街道"], "update_cycle": "daily", "sharing_type": "unconditional"},
  "fields": [
    {"column": "JDMC", "name": "街道", "type": "text", "seen": "text"},
    {"column": "JZLX", "name": "救助类型", "type": "text", "seen": "text"},
    {"column": "JE", "name": "救助金额", "type": "decimal", "width": 12, "scale": 2, "unit": "元", "seen": "number"}],
  "steps": {"steps": [
    {"name": "by_street", "title": "按街道和类型汇总",
     "sql": "SELECT jie_dao AS 街道, jiu_zhu_lei_xing AS 救助类型, count(*) AS 件数, CAST(sum(jiu_zhu_jin_e) AS DECIMAL(18, 2)) AS 金额 FROM input GROUP BY ALL"},
    {"name": "per_head", "title": "与人口统计合并",
     "sql": "SELECT b.街道, b.救助类型, b.件数, b.金额, CAST(b.件数 * 10000.0 / p.people AS DECIMAL(10, 2)) AS 每万人件数 FROM by_street AS b JOIN (SELECT jie_dao, chang_zhu_ren_kou_ren_ben_de + chang_zhu_ren_kou_ren_wai_lai AS people FROM population WHERE nian_du = (SELECT max(nian_du) FROM population)) AS p ON p.jie_dao = b.街道 ORDER BY b.街道, b.件数 DESC"}],
   "parameters": []},
  "after": ["relief_cases"]
})";

// The run that another pipeline's success has queued, or a new one.
Result<ingest::Run> run_once(System& s, const Actor& actor, std::string_view code) {
  QS_TRY(auto waiting, s.pipelines->runs(actor, {.pipeline = std::string(code), .state = "queued", .limit = 1}));
  if (waiting.empty()) {
    QS_TRY(auto made, s.pipelines->run(actor, code));
    waiting.push_back(made);
  }
  QS_TRY(auto job, s.jobs->run_now(waiting.front().job_id));
  QS_TRY(auto run, s.pipelines->find_run(actor, waiting.front().id));
  // One that waits for a decision has done what it should.
  if (job.error) return fail(*job.error);
  return run;
}

// Unless it is there.
Result<void> add_pipeline(System& s, const Actor& actor, std::string_view document) {
  QS_TRY(auto pipeline, ingest::pipeline_of(json::parse(document).as_object()));
  if (s.pipelines->find(actor, pipeline.code)) return {};
  QS_TRY(auto made, s.pipelines->add(actor, pipeline));
  return {};
}

}  // namespace

Result<void> name_demo_databases(const std::filesystem::path& data) {
  auto file = data / "qushu.toml";
  std::error_code failed;
  if (std::filesystem::exists(file, failed)) return {};
  std::filesystem::create_directories(data / "demo-files" / kFolder, failed);
  auto folder = std::filesystem::absolute(data, failed) / "demo-files" / kFolder;
  std::string quoted;
  for (char c : folder.string()) quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return write_whole_file(file.string(),
                          fmt::format("# Databases of the demo district's bureaus.\n[sources]\nfolder = \"{}\"\n", quoted),
                          "demo.toml");
}

Result<void> fill_gathering(System& s, std::uint64_t seed, Lang lang) {
  QS_TRY(auto actor, s.identity->actor_of(kKeeper));
  actor.via = "cli";
  actor.from = "local";
  auto folder = s.settings.text("sources.folder");
  // A data folder with settings of its own keeps them.
  if (folder.empty()) return {};
  QS_TRY(auto runs, s.pipelines->runs(actor, {.pipeline = "relief_cases", .state = {}, .before = {}, .limit = 1}));
  if (!runs.empty()) return {};
  auto file = std::filesystem::path(folder) / kFile;
  std::error_code failed;
  std::filesystem::remove(file, failed);
  auto now = system_clock().now();
  QS_CHECK(demo::write_relief(file, seed, now, demo::ReliefDay::first));
  if (!s.sources->find(actor, kSource))
    QS_CHECK(s.sources->add(actor, {.code = kSource,
                                    .name = "社会救助业务库",
                                    .kind = sources::Kind::sqlite,
                                    .department = "mzj",
                                    .settings = {{"file", kFile}}}));
  QS_CHECK(add_pipeline(s, actor, kCases));
  QS_CHECK(add_pipeline(s, actor, kByStreet));
  std::uint64_t read = 0;
  for (auto day : {demo::ReliefDay::first, demo::ReliefDay::next, demo::ReliefDay::released}) {
    if (day != demo::ReliefDay::first) QS_CHECK(demo::write_relief(file, seed, now, day));
    QS_TRY(auto run, run_once(s, actor, "relief_cases"));
    read += run.read;
    if (day != demo::ReliefDay::released) QS_CHECK(run_once(s, actor, "relief_by_street"));
  }
  auto rows = with_thousands(static_cast<std::int64_t>(read));
  std::cout << (lang == Lang::zh
                    ? fmt::format("  数据归集：1 个业务库，2 个归集任务，读取 {} 行，1 处结构变化待决定\n", rows)
                    : fmt::format("  Gathering: 1 database, 2 pipelines, {} rows read, 1 change of columns to decide\n", rows))
            << std::flush;
  return {};
}

}  // namespace qushu::app
