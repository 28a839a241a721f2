#include "qushu/ingest/steps.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/engine/chain.h"

#include "document.h"

namespace qushu::ingest {
namespace {

constexpr std::size_t kSteps = 50;
constexpr std::size_t kSqlText = std::size_t{256} << 10U;

Failure bad(std::string subject, std::string id, std::string zh, std::string en) {
  return fail(
      Error{.code = Code::invalid, .id = std::move(id), .text = {std::move(zh), std::move(en)}, .subject = std::move(subject)});
}

Result<void> check_step(const Step& step, std::size_t at, std::set<std::string>& taken) {
  auto subject = fmt::format("steps[{}].name", at);
  if (!catalog::is_code(step.name))
    return bad(
        subject, "steps.name",
        fmt::format("步骤名“{}”应以小写字母开头，只含小写字母、数字和下划线，最长 63 个字符。", step.name),
        fmt::format("The step's name “{}” must begin with a small letter and hold small letters, digits and _ only, 63 at "
                    "most.",
                    step.name));
  if (!taken.insert(step.name).second)
    return bad(subject, "steps.name", fmt::format("名称“{}”已被输入、别的步骤或数据集占用，请换一个。", step.name),
               fmt::format("The name “{}” is taken by the input, another step or a dataset; choose another.", step.name));
  if (trim(step.sql).empty())
    return bad(fmt::format("steps[{}].sql", at), "steps.sql", fmt::format("步骤“{}”还没有写 SQL。", step.name),
               fmt::format("The step “{}” has no SQL yet.", step.name));
  if (step.sql.size() > kSqlText)
    return bad(fmt::format("steps[{}].sql", at), "sql.length", fmt::format("步骤“{}”的语句太长，最多 256 KiB。", step.name),
               fmt::format("The statement of the step “{}” is too long, 256 KiB at most.", step.name));
  return {};
}

// `named`: what else the steps could mean: titles and codes of datasets, in lower case.
Result<void> check_plan(const StepPlan& plan, const std::set<std::string>& named) {
  if (plan.steps.empty()) return bad("steps", "steps.none", "至少要有一个步骤。", "There must be at least one step.");
  if (plan.steps.size() > kSteps)
    return bad("steps", "steps.count", fmt::format("步骤最多 {} 个，现在有 {} 个。", kSteps, plan.steps.size()),
               fmt::format("There may be {} steps at most; there are {}.", kSteps, plan.steps.size()));
  auto taken = named;
  taken.emplace(kInput);
  for (std::size_t i = 0; i < plan.steps.size(); ++i) QS_CHECK(check_step(plan.steps[i], i, taken));
  std::set<std::string> parameters;
  for (std::size_t i = 0; i < plan.parameters.size(); ++i) {
    const auto& name = plan.parameters[i].name;
    if (catalog::is_code(name) && parameters.insert(name).second) continue;
    return bad(fmt::format("parameters[{}].name", i), "steps.parameter",
               fmt::format("参数名“{}”不合规则或重复：应以小写字母开头，只含小写字母、数字和下划线。", name),
               fmt::format("The parameter's name “{}” is malformed or used twice: small letters, digits and _ only, beginning "
                           "with a letter.",
                           name));
  }
  return {};
}

Result<std::vector<engine::ChainParameter>> parameters_of(const StepPlan& plan, const StepRun& run) {
  std::vector<engine::ChainParameter> out;
  for (const auto& parameter : plan.parameters) {
    auto given = run.values.find(parameter.name);
    out.push_back({.name = parameter.name,
                   .type = parameter.type,
                   .value = given != run.values.end() ? std::optional(given->second) : parameter.otherwise});
  }
  for (const auto& [name, value] : run.values)
    if (std::ranges::none_of(plan.parameters, [&](const StepParameter& p) { return p.name == name; }))
      return bad("values." + name, "steps.parameter", fmt::format("没有声明参数 {}。", name),
                 fmt::format("The parameter {} is not declared.", name));
  auto offer = [&](std::string name, engine::Type type, std::string value) {
    if (std::ranges::none_of(plan.parameters, [&](const StepParameter& p) { return p.name == name; }))
      out.push_back({.name = std::move(name), .type = type, .value = std::move(value)});
  };
  auto moment = to_iso(run.at);
  offer("run_time", engine::Type::datetime, moment);
  offer("run_date", engine::Type::date, run.date.empty() ? moment.substr(0, 10) : run.date);
  return out;
}

// What the steps read besides the input and each other, in lower case.
std::set<std::string> names_read(const StepPlan& plan, const StepReport& report) {
  std::set<std::string> out;
  for (const auto& facts : report.steps)
    for (const auto& [name, places] : facts.lineage.relations) out.insert(lower_ascii(name));
  out.erase(std::string(kInput));
  for (const auto& step : plan.steps) out.erase(step.name);
  return out;
}

json::value shown(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

}  // namespace

struct Steps::Opened {
  std::unique_ptr<engine::Chain> chain;
  engine::Limits limits;
  StepReport report;
  std::vector<std::shared_ptr<const void>> keep;  // of relations, as long as the chain reads them
};

std::span<const SettingSpec> step_settings() {
  static const std::array kSpecs{
      SettingSpec{.key = "ingest.step_memory",
                  .kind = SettingKind::bytes,
                  .default_value = "512MiB",
                  .label = {"归集任务的 SQL 步骤可用的内存", "Memory that the SQL steps of a pipeline may use"},
                  .min = 64LL << 20U},
      SettingSpec{.key = "ingest.step_spill",
                  .kind = SettingKind::bytes,
                  .default_value = "20GiB",
                  .label = {"内存不够时，SQL 步骤可用的临时磁盘空间", "Disk that the SQL steps may use when memory is short"}},
      SettingSpec{.key = "ingest.step_time",
                  .kind = SettingKind::seconds,
                  .default_value = "1h",
                  .label = {"一次运行中 SQL 步骤的时限", "Longest time of the SQL steps of a run"},
                  .min = 1,
                  .max = 86'400,
                  .runtime = true},
      SettingSpec{.key = "ingest.step_sample",
                  .kind = SettingKind::integer,
                  .default_value = "1000",
                  .label = {"试运行 SQL 步骤时取来源的前多少行", "Rows of the source on which SQL steps are tried"},
                  .min = 1,
                  .max = 1'000'000,
                  .runtime = true}};
  return kSpecs;
}

Result<Steps::Opened> Steps::open(const StepPlan& plan, const StepInput& input, const StepRun& run, std::uint64_t sample,
                                  std::filesystem::path output) const {
  std::string all;
  for (const auto& step : plan.steps) all += step.sql + "\n";
  QS_TRY(auto sandboxed, policy_.sandbox_whole(run.owner, all));
  auto& datasets = sandboxed.spec;
  std::set<std::string> named;
  for (const auto& view : datasets.views) named.insert(lower_ascii(view.name));
  // A plan that runs already goes on when a dataset comes to be called like one of its steps: it never meant that dataset.
  bool runs = !output.empty();
  QS_CHECK(check_plan(plan, runs ? std::set<std::string>() : named));
  engine::ChainSpec spec{.views = std::move(datasets.views),
                         .files = std::move(datasets.files),
                         .names = std::move(datasets.names),
                         .labels = std::move(datasets.labels)};
  spec.labels.insert(spec.labels.end(), input.labels.begin(), input.labels.end());
  std::erase_if(spec.views, [&](const engine::View& view) {
    auto name = lower_ascii(view.name);
    return name == kInput || std::ranges::any_of(plan.steps, [&](const Step& step) { return step.name == name; });
  });
  if (input.source != nullptr)
    spec.tables.push_back({.name = std::string(kInput), .source = input.source});
  else
    spec.views.push_back({.name = std::string(kInput), .sql = input.select});
  spec.files.insert(spec.files.end(), input.files.begin(), input.files.end());
  for (const auto& step : plan.steps) spec.steps.push_back({.name = step.name, .sql = step.sql, .title = step.title});
  QS_TRY(spec.parameters, parameters_of(plan, run));
  spec.sampled = kInput;
  spec.sample = sample;
  spec.output = std::move(output);
  spec.memory = static_cast<std::uint64_t>(settings_.integer("ingest.step_memory"));
  spec.spill = static_cast<std::uint64_t>(settings_.integer("ingest.step_spill"));
  Opened opened;
  opened.keep = std::move(sandboxed.keep);
  opened.limits = {.time = std::chrono::seconds(settings_.integer("ingest.step_time")), .cancelled = run.cancelled};
  spec.limits = opened.limits;
  QS_TRY(opened.chain, engine_.chain(std::move(spec)));
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    StepFacts facts{.name = plan.steps[i].name,
                    .title = plan.steps[i].title,
                    .columns = opened.chain->columns(i),
                    .lineage = opened.chain->lineage(i)};
    for (const auto& [name, places] : facts.lineage.relations) facts.reads.push_back({.name = name, .rows = std::nullopt});
    opened.report.steps.push_back(std::move(facts));
  }
  QS_TRY(auto readable, policy_.readable(run.owner));
  auto named_in = names_read(plan, opened.report);
  for (auto& dataset : readable)
    if (named_in.contains(lower_ascii(dataset.code)) || named_in.contains(lower_ascii(dataset.title)))
      opened.report.datasets.push_back(std::move(dataset));
  QS_TRY(auto relations, policy_.relations(run.owner));
  for (auto& relation : relations)
    if (named_in.contains(relation.name)) opened.report.relations.push_back(std::move(relation));
  return opened;
}

Result<StepReport> Steps::check(const StepPlan& plan, const StepInput& input, const StepRun& run) const {
  QS_TRY(auto opened, open(plan, input, run, 0, {}));
  return std::move(opened.report);
}

Result<StepReport> Steps::sample(const StepPlan& plan, const StepInput& input, const StepRun& run, std::uint64_t rows,
                                 std::uint64_t shown) const {
  QS_TRY(auto opened, open(plan, input, run, rows, {}));
  std::map<std::string, std::uint64_t> made;
  if (input.source == nullptr) {
    QS_TRY(auto cursor,
           engine_.run({.sql = fmt::format("SELECT count(*) FROM (SELECT 1 FROM ({}) LIMIT {})", input.select, rows),
                        .limits = opened.limits}));
    QS_TRY(const auto* chunk, cursor->next());
    if (chunk != nullptr) made[std::string(kInput)] = static_cast<std::uint64_t>(chunk->integer(0, 0));
  }
  for (std::size_t i = 0; i < opened.report.steps.size(); ++i) {
    auto& facts = opened.report.steps[i];
    QS_TRY(facts.rows, opened.chain->count(i, opened.limits));
    made[facts.name] = facts.rows;
    for (auto& read : facts.reads)
      if (auto known = made.find(read.name); known != made.end()) read.rows = known->second;
    QS_TRY(auto cursor, opened.chain->rows(i, shown, opened.limits));
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) break;
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        auto& row = facts.first.emplace_back();
        for (std::size_t c = 0; c < facts.columns.size(); ++c) {
          row.emplace_back();
          if (!chunk->is_null(c, r)) chunk->append_text(c, r, row.back().emplace());
        }
      }
    }
  }
  return std::move(opened.report);
}

Result<StepResult> Steps::run(const StepPlan& plan, const StepInput& input, const StepRun& run, std::int64_t first_id) const {
  StepResult out;
  out.file = blobs_.temporary_folder() / (new_id() + ".parquet");
  QS_TRY(auto opened, open(plan, input, run, 0, out.file));
  auto written = opened.chain->write(first_id, opened.limits);
  if (!written) {
    std::error_code ignored;  // the folder is emptied at the next start
    std::filesystem::remove(out.file, ignored);
    return Failure(std::move(written).error());
  }
  out.rows = *written;
  out.report = std::move(opened.report);
  return out;
}

// --- as JSON -----------------------------------------------------------------------------------------------------------------

StepPlan step_plan_of(const json::value& value) {
  StepPlan plan;
  const auto* object = value.if_object();
  if (object == nullptr) return plan;
  auto each = [&](std::string_view key, auto&& take) {
    const auto* list = object->if_contains(key);
    if (list == nullptr || !list->is_array()) return;
    for (const auto& item : list->get_array())
      if (const auto* entry = item.if_object()) take(*entry);
  };
  each("steps", [&](const json::object& entry) {
    plan.steps.push_back({.name = text_at(entry, "name"), .sql = text_at(entry, "sql"), .title = text_at(entry, "title")});
  });
  each("parameters", [&](const json::object& entry) {
    StepParameter parameter{.name = text_at(entry, "name"), .title = text_at(entry, "title")};
    (void)engine::parse(text_at(entry, "type"), parameter.type);  // what is no type stays text
    if (const auto* otherwise = entry.if_contains("default"); otherwise != nullptr && otherwise->is_string())
      parameter.otherwise = std::string(otherwise->get_string());
    plan.parameters.push_back(std::move(parameter));
  });
  return plan;
}

json::object to_json(const StepPlan& plan) {
  json::array steps, parameters;
  for (const auto& step : plan.steps)
    steps.emplace_back(json::object{{"name", step.name}, {"title", step.title}, {"sql", step.sql}});
  for (const auto& parameter : plan.parameters)
    parameters.emplace_back(json::object{{"name", parameter.name},
                                         {"title", parameter.title},
                                         {"type", engine::name(parameter.type)},
                                         {"default", shown(parameter.otherwise)}});
  return {{"steps", std::move(steps)}, {"parameters", std::move(parameters)}};
}

namespace {

json::array to_json(const std::set<engine::Origin>& origins) {
  json::array out;
  for (const auto& origin : origins) out.emplace_back(json::object{{"relation", origin.relation}, {"column", origin.column}});
  return out;
}

json::object to_json(const StepFacts& facts) {
  json::array columns, reads, rows;
  for (std::size_t i = 0; i < facts.columns.size(); ++i) {
    const auto& column = facts.columns[i];
    json::object out{{"name", column.name}, {"type", engine::name(column.type)}};
    if (i < facts.lineage.columns.size()) {
      const auto& known = facts.lineage.columns[i];
      out["from"] = to_json(known.from);
      out["copied"] = known.copied;
      out["certain"] = known.certain;
    }
    columns.emplace_back(std::move(out));
  }
  for (const auto& read : facts.reads)
    reads.emplace_back(json::object{{"name", read.name}, {"rows", read.rows ? json::value(*read.rows) : json::value(nullptr)}});
  for (const auto& row : facts.first) {
    json::array cells;
    for (const auto& cell : row) cells.emplace_back(shown(cell));
    rows.emplace_back(std::move(cells));
  }
  return {{"name", facts.name},
          {"title", facts.title},
          {"columns", std::move(columns)},
          {"conditions", to_json(facts.lineage.conditions)},
          {"reads", std::move(reads)},
          {"rows", facts.rows},
          {"first", std::move(rows)}};
}

}  // namespace

json::object to_json(const StepReport& report) {
  json::array steps, datasets, relations;
  for (const auto& facts : report.steps) steps.emplace_back(to_json(facts));
  for (const auto& dataset : report.datasets)
    datasets.emplace_back(json::object{{"id", dataset.id}, {"code", dataset.code}, {"title", dataset.title}});
  for (const auto& relation : report.relations)
    relations.emplace_back(json::object{{"name", relation.name}, {"title", relation.title.zh}});
  return {{"steps", std::move(steps)}, {"datasets", std::move(datasets)}, {"relations", std::move(relations)}};
}

}  // namespace qushu::ingest
