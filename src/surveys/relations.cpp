#include "qushu/surveys/relations.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/sharing/table_file.h"

#include "stored.h"

namespace qushu::surveys {
namespace {

using engine::Type;

constexpr std::string_view kSurveys = "surveys";
constexpr std::string_view kAnswers = "survey_answers";

using sharing::Cell;
using sharing::Cells;
using Column = sharing::TableColumn;

const std::array kSurveyColumns{Column{"survey", {"调查", "Survey"}, Type::text},
                                Column{"survey__name", {"调查名称", "Survey (name)"}, Type::text},
                                Column{"mode", {"参与方式", "Mode"}, Type::text},
                                Column{"phase", {"状态", "State"}, Type::text},
                                Column{"department__name", {"部门名称", "Department (name)"}, Type::text},
                                Column{"opened_on", {"开始日期", "Opened on"}, Type::date},
                                Column{"closed_on", {"结束日期", "Closed on"}, Type::date},
                                Column{"invitations", {"一次性链接", "One-time links"}, Type::integer},
                                Column{"answers", {"答卷", "Answers"}, Type::integer},
                                Column{"response_rate", {"回收率", "Response rate"}, Type::number}};

const std::array kAnswerColumns{Column{"survey", {"调查", "Survey"}, Type::text},
                                Column{"survey__name", {"调查名称", "Survey (name)"}, Type::text},
                                Column{"question", {"题目", "Question"}, Type::text},
                                Column{"question__name", {"题目文字", "Question (text)"}, Type::text},
                                Column{"subject", {"评价对象", "What is judged"}, Type::text},
                                Column{"type", {"题型", "Type"}, Type::text},
                                Column{"counted_on", {"计入日期", "Counted on"}, Type::date},
                                Column{"value", {"选项", "Choice"}, Type::text},
                                Column{"value__name", {"选项名称", "Choice (name)"}, Type::text},
                                Column{"points", {"分值", "Points"}, Type::integer},
                                Column{"satisfied", {"计为满意", "Satisfied"}, Type::boolean},
                                Column{"answers", {"答复数", "Answers"}, Type::integer}};

// How often what was picked, by question, day and code.
using Counts = std::map<std::string, std::map<std::pair<std::string, std::string>, std::int64_t>, std::less<>>;

void add_answers(const Survey& survey, const std::vector<store::Row>& rows, std::int64_t minimum, Cells& out) {
  Counts counts;
  std::map<std::string, std::int64_t, std::less<>> answered;
  for (const auto& row : rows)
    for (const auto& [question, values] : answers_of(row.text(1))) {
      ++answered[question];
      for (const auto& value : values) ++counts[question][{row.text(0), value}];
    }
  const auto& d = survey.definition;
  for (const auto& section : d.sections)
    for (const auto& q : section.questions) {
      // Texts are for people to read, not for counting; and of too few answers nothing is told.
      if (q.kind == Kind::text || answered[q.code] < minimum) continue;
      for (const auto& [key, count] : counts[q.code]) {
        const auto& [day, value] = key;
        const auto* option = q.option(value);
        if (option == nullptr) continue;
        auto place = option - q.options.data() + 1;
        out.push_back({d.code, d.name.zh, q.code, q.title.zh, q.subject, std::string(name(q.kind)), day, value,
                       option->label.zh.empty() ? value : option->label.zh,
                       q.kind == Kind::scale ? Cell(static_cast<std::int64_t>(place)) : Cell(),
                       q.judges() ? Cell(option->satisfied) : Cell(), count});
      }
    }
}

}  // namespace

struct SurveyRelations::Snapshot {
  std::int64_t generation = -1;
  std::string what;  // it was made of; while that stays, so do the files
  std::vector<Survey> surveys;
  std::shared_ptr<const sharing::TableFile> about, answers;
};

SurveyRelations::SurveyRelations(const Surveys& surveys, engine::Engine& engine, std::filesystem::path scratch)
    : surveys_(surveys), engine_(engine), scratch_(std::move(scratch)) {}
SurveyRelations::~SurveyRelations() = default;

Result<std::vector<sharing::Relation>> SurveyRelations::relations(const Actor& actor) const {
  std::vector<sharing::Relation> out;
  if (!actor.signed_in() || !actor.can(Permission::register_use)) return out;
  out.push_back(sharing::describe(kSurveys, {"调查", "Surveys"}, kSurveyColumns));
  out.push_back(sharing::describe(kAnswers, {"调查答复", "Answers to surveys"}, kAnswerColumns));
  return out;
}

bool SurveyRelations::is_relation(std::string_view name) const {
  return name == kSurveys || name == kAnswers;
}

Result<sharing::RelationRows> SurveyRelations::rows(const Actor& actor, std::string_view name) const {
  if (!is_relation(name) || !actor.signed_in() || !actor.can(Permission::register_use)) return no_survey();
  QS_TRY(auto snapshot, this->snapshot());
  std::string hers;
  bool all = true;
  for (const auto& survey : snapshot->surveys)
    if (may_see(survey, actor))
      hers += (hers.empty() ? "" : ", ") + engine::quote_text(survey.definition.code);
    else
      all = false;
  const auto& file = name == kSurveys ? snapshot->about : snapshot->answers;
  auto shown = all ? std::string() : hers.empty() ? std::string("false") : fmt::format("survey IN ({})", hers);
  auto columns = name == kSurveys ? std::span<const Column>(kSurveyColumns) : std::span<const Column>(kAnswerColumns);
  return sharing::RelationRows{
      .select = sharing::select_where(*file, columns, shown), .files = {file->path}, .keep = snapshot, .all = all};
}

Result<std::shared_ptr<const SurveyRelations::Snapshot>> SurveyRelations::snapshot() const {
  std::scoped_lock lock(mutex_);
  auto& store = surveys_.deps_.store;
  // Asked before anything is read: what is committed in between is looked for next time.
  QS_TRY(auto generation, store.generation());
  if (snapshot_ && snapshot_->generation == generation) return snapshot_;
  auto fresh = std::make_shared<Snapshot>();
  fresh->generation = generation;
  Cells about, answers;
  const auto& zone = surveys_.deps_.calendar.zone();
  auto day = [&](const std::optional<Time>& at) {
    return at ? Cell(calendar::to_text(std::chrono::floor<std::chrono::days>(zone.local(*at)))) : Cell();
  };
  QS_CHECK(store.read([&](store::Session& s) -> Result<void> {
    QS_TRY(fresh->surveys, surveys_.load_all(s));
    QS_TRY(auto counted,
           s.query("SELECT survey, count(*) FROM survey_answer WHERE counted IS NOT NULL GROUP BY survey ORDER BY survey"));
    fresh->what = fmt::format("{}", surveys_.minimum());
    for (const auto& row : counted) fresh->what += fmt::format("\n{} {}", row.text(0), row.integer(1));
    for (const auto& one : fresh->surveys)
      fresh->what +=
          fmt::format("\n{} {} {} {} {}", one.definition.code, one.version, name(one.phase), one.invitations, one.answers);
    if (snapshot_ && snapshot_->what == fresh->what) return {};
    about.clear();
    answers.clear();
    for (const auto& survey : fresh->surveys) {
      const auto& d = survey.definition;
      bool links = d.mode == Mode::links && survey.invitations > 0;
      about.push_back(
          {d.code, d.name.zh, std::string(name(d.mode)), std::string(name(survey.phase)), survey.department_name,
           day(survey.opened), day(survey.closed), survey.invitations, survey.answers,
           links ? Cell(static_cast<double>(survey.answers) * 100.0 / static_cast<double>(survey.invitations)) : Cell()});
      QS_TRY(auto rows,
             s.query("SELECT counted, answers FROM survey_answer WHERE survey = ? AND counted IS NOT NULL", {d.code}));
      add_answers(survey, rows, surveys_.minimum(), answers);
    }
    return {};
  }));
  if (snapshot_ && snapshot_->what == fresh->what) {
    fresh->about = snapshot_->about;
    fresh->answers = snapshot_->answers;
    snapshot_ = fresh;
    return snapshot_;
  }
  QS_TRY(fresh->about, sharing::write_table(engine_, scratch_, kSurveys, kSurveyColumns, about));
  QS_TRY(fresh->answers, sharing::write_table(engine_, scratch_, kAnswers, kAnswerColumns, answers));
  snapshot_ = fresh;
  return snapshot_;
}

}  // namespace qushu::surveys
