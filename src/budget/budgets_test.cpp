// Budgets in the store, on both databases: who sees, edits, decides; what blocks submission; versions; what was spent;
// workbooks.
#include "qushu/budget/budgets.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/budget/workbook.h"
#include "qushu/notify/notices.h"
#include "qushu/tabular/tabular.h"

#include "content_fixture.h"
#include "official.h"
#include "store_fixture.h"

namespace qushu::budget {
namespace {

using ::testing::IsEmpty;

class BudgetsTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    open_with(audit::migrations(), identity::migrations(), notify::notice_migrations(), migrations());
    for (auto specs : {audit::settings(), identity::settings(), engine::settings(), tabular::settings()})
      settings_.declare(specs);
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", clock_));
    (void)take(identity_->first_start("测试区"));
    for (auto code : {"mzj", "wjw"})
      (void)take(identity_->add_department(console_, {.code = code, .name = code, .parent_id = "root"}));
    li_ = person("li", "mzj", "budget_officer");
    wang_ = person("wang", "root", "budget_reviewer");
    zhao_ = person("zhao", "wjw", "data_user");
    budgets_ = std::make_unique<Budgets>(
        Budgets::Deps{.store = store(), .audit = *audit_, .identity = *identity_, .clock = clock_, .today = [] {
                        return std::string("2026-06-15");
                      }});
  }
  Actor person(const char* login, const char* department, const char* role) {
    (void)take(identity_->add_person(
        console_,
        {.login = login, .name = login, .department_id = department, .roles = {role}, .password = "Zhen-Shi-2026-kl"}));
    auto actor = take(identity_->actor_of(login));
    actor.via = "session";
    return actor;
  }
  template <class T>
  static T take(Result<T> r) {
    if (!r) throw std::runtime_error(r.error().text.zh + " " + r.error().detail);
    return *std::move(r);
  }
  std::string entered(unsigned seed = 1) {
    auto made = take(budgets_->create(li_, "mzj", 2026, ""));
    (void)take(budgets_->save(li_, made.budget.id, made.version.revision, generated(seed), {}));
    return made.budget.id;
  }
  std::string approved() {
    auto id = entered();
    (void)take(budgets_->submit(li_, id, ""));
    (void)take(budgets_->approve(wang_, id, "同意"));
    return id;
  }
  std::int64_t revision(const std::string& id) { return take(budgets_->find(li_, id)).version.revision; }

  ManualClock clock_{from_micros(1'780'000'000'000'000)};
  Settings settings_;
  Actor console_ = Actor::operator_on_console("root"), li_, wang_, zhao_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<Budgets> budgets_;
};
QUSHU_ON_BOTH_STORES(BudgetsTest);

TEST_P(BudgetsTest, WhatIsSavedIsReadAgain) {
  auto id = entered(9);
  auto d = take(budgets_->find(li_, id));
  EXPECT_EQ(d.content, generated(9));
  EXPECT_THAT(d.findings, IsEmpty());
  EXPECT_EQ(d.budget.versions.size(), 1U);
  EXPECT_EQ(take(budgets_->id_of("mzj", 2026)), id);
  EXPECT_EQ(budgets_->create(li_, "mzj", 2026, "").error().id, "budget.exists");
}

TEST_P(BudgetsTest, NobodyOverwritesWhatSheHasNotSeen) {
  auto id = entered();
  EXPECT_EQ(budgets_->save(li_, id, 1, generated(2), {}).error().id, "budget.changed");
  EXPECT_EQ(take(budgets_->find(li_, id)).content, generated(1));
}

TEST_P(BudgetsTest, ASecondPersonDecides) {
  auto id = entered();
  EXPECT_EQ(budgets_->approve(wang_, id, "").error().id, "budget.state") << "it was not submitted";
  (void)take(budgets_->submit(li_, id, "请审"));
  EXPECT_EQ(take(store().read([&](store::Session& s) { return notify::notices_of(s, wang_.person_id, 10); })).size(), 1U)
      << "who may decide is told";
  EXPECT_EQ(budgets_->approve(li_, id, "").error().code, Code::forbidden) << "no permission";
  auto both = li_;
  both.may = permissions({Permission::budget_use, Permission::budget_write, Permission::budget_approve});
  EXPECT_FALSE(take(budgets_->find(both, id)).may_decide);
  EXPECT_EQ(budgets_->approve(both, id, "").error().code, Code::forbidden)
      << "with every permission it is still the same person";
  EXPECT_EQ(budgets_->save(li_, id, revision(id), generated(2), {}).error().id, "budget.state") << "what waits is not edited";
  EXPECT_EQ(budgets_->send_back(wang_, id, " ").error().subject, "comment") << "a return says why";
  EXPECT_EQ(take(budgets_->send_back(wang_, id, "明细不全")).version.state, State::returned);
  (void)take(budgets_->submit(li_, id, ""));
  EXPECT_EQ(take(budgets_->approve(wang_, id, "同意")).version.state, State::approved);
  std::vector<std::string> actions;
  for (const auto& step : take(budgets_->history(li_, id))) actions.push_back(step.action);
  EXPECT_THAT(actions, ::testing::ElementsAre("approve", "submit", "return", "submit", "save", "create"));
  auto entries = take(audit_->search({.object_kind = "budget", .object_id = id}));
  EXPECT_EQ(entries.size(), 6U) << "every step is audited";
}

TEST_P(BudgetsTest, TheConsoleIsOnePersonToo) {
  auto made = take(budgets_->create(console_, "mzj", 2026, ""));
  (void)take(budgets_->save(console_, made.budget.id, 1, generated(1), {}));
  (void)take(budgets_->submit(console_, made.budget.id, ""));
  EXPECT_EQ(budgets_->approve(console_, made.budget.id, "").error().code, Code::forbidden);
  EXPECT_EQ(take(budgets_->approve(wang_, made.budget.id, "")).version.state, State::approved);
}

TEST_P(BudgetsTest, FindingsBlockSubmissionUnlessExplained) {
  auto id = entered();
  auto c = generated(1);
  c.totals[0].income += 1;
  (void)take(budgets_->save(li_, id, revision(id), c, {}));
  auto refused = budgets_->submit(li_, id, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "budget.findings");
  auto with_error = take(budgets_->find(li_, id));
  std::map<std::string, std::string> given;
  for (const auto& f : with_error.findings) given[f.discrepancy.key()] = "就是这样";
  auto saved = take(budgets_->save(li_, id, revision(id), c, given));
  EXPECT_TRUE(std::ranges::all_of(saved.findings, [](const Explained& e) { return e.explanation.empty(); }))
      << "an error is mended, not explained";
  // Only a warning: no indicator of satisfaction.
  c = generated(1);
  c.goals.clear();
  saved = take(budgets_->save(li_, id, revision(id), c, {}));
  ASSERT_FALSE(saved.findings.empty());
  EXPECT_EQ(budgets_->submit(li_, id, "").error().id, "budget.findings");
  given.clear();
  for (const auto& f : saved.findings) given[f.discrepancy.key()] = "一次性项目";
  (void)take(budgets_->save(li_, id, revision(id), c, given));
  EXPECT_EQ(take(budgets_->submit(li_, id, "")).version.state, State::submitted);
}

TEST_P(BudgetsTest, OthersSeeWhatIsPublishedAndNothingBefore) {
  auto id = approved();
  EXPECT_EQ(budgets_->find(zhao_, id).error().code, Code::not_found);
  EXPECT_THAT(take(budgets_->list(zhao_, {})), IsEmpty());
  EXPECT_THAT(take(budgets_->published()), IsEmpty());
  EXPECT_EQ(budgets_->published(id).error().code, Code::not_found);
  EXPECT_EQ(budgets_->publish(li_, id).error().code, Code::forbidden);
  (void)take(budgets_->publish(wang_, id));
  EXPECT_EQ(take(budgets_->find(zhao_, id)).content, generated(1));
  EXPECT_EQ(take(budgets_->list(zhao_, {})).size(), 1U);
  EXPECT_EQ(take(budgets_->published(id)).content, generated(1));
  // An adjustment that is being made is nobody else's.
  (void)take(budgets_->adjust(li_, id, "追加", "2026-06-10"));
  EXPECT_EQ(take(budgets_->find(zhao_, id)).budget.versions.size(), 1U);
  EXPECT_EQ(take(budgets_->published(id)).version.number, 1);
  EXPECT_EQ(budgets_->create(zhao_, "mzj", 2027, "").error().code, Code::forbidden);
  EXPECT_EQ(budgets_->create(li_, "wjw", 2027, "").error().code, Code::forbidden) << "another department's";
}

TEST_P(BudgetsTest, AnAdjustmentIsANewVersionWithItsDifference) {
  auto id = approved();
  EXPECT_EQ(budgets_->adjust(li_, id, "", "2026-06-10").error().subject, "reason");
  EXPECT_EQ(budgets_->adjust(li_, id, "追加", "2026-02-30").error().subject, "day");
  auto d = take(budgets_->adjust(li_, id, "追加运维费", "2026-06-10"));
  EXPECT_EQ(d.version.number, 2);
  EXPECT_EQ(d.version.adjusted_on, "2026-06-10");
  auto c = d.content;
  c.totals[0].operation += 1'000;
  (void)take(budgets_->save(li_, id, d.version.revision, c, {}));
  auto compared = take(budgets_->compare(li_, id, 2, id, 1));
  ASSERT_EQ(std::ranges::count_if(compared.lines, [](const Compared& l) { return l.before != l.now; }), 1);
  auto line = std::ranges::find_if(compared.lines, [](const Compared& l) { return l.before != l.now; });
  EXPECT_EQ(line->now.value_or(0) - line->before.value_or(0), 1'000);
  EXPECT_EQ(line->percent, std::nullopt) << "against nothing there is no percentage";
  EXPECT_EQ(take(budgets_->find(li_, id, 1)).content, generated(1)) << "what was approved stays";
  EXPECT_EQ(take(budgets_->find(li_, id)).budget.in_force()->number, 1);
}

TEST_P(BudgetsTest, WhatWasSpentIsKeptByMonth) {
  auto id = entered();
  EXPECT_EQ(budgets_->spend(li_, id, 1, {{"office", 5}}).error().id, "budget.state");
  (void)take(budgets_->submit(li_, id, ""));
  (void)take(budgets_->approve(wang_, id, ""));
  EXPECT_EQ(budgets_->spend(li_, id, 7, {{"office", 5}}).error().subject, "month") << "it is June";
  EXPECT_EQ(budgets_->spend(li_, id, 1, {{"parties", 5}}).error().subject, "parties");
  auto office = generated(1).totals[0].office;
  (void)take(budgets_->spend(li_, id, 1, {{"office", office / 4}, {"P1", 100}}));
  (void)take(budgets_->spend(li_, id, 2, {{"office", office / 5 + 1}}));
  auto d = take(budgets_->spend(li_, id, 1, {{"office", office / 5 + 1}}));
  auto of_office = std::ranges::find(d.execution, "office", &Execution::subject);
  EXPECT_EQ(of_office->spent, (office / 5 + 1) * 2);
  EXPECT_EQ(of_office->light, "green") << "40 % in half a year are 80 % of what is due";
  EXPECT_EQ(std::ranges::find(d.execution, "P1", &Execution::subject)->light, "red");
  EXPECT_THAT(take(budgets_->find(wang_, id)).spent.size(), 3U);
}

TEST_P(BudgetsTest, SpendingStaysWithinReason) {
  auto id = approved();
  auto office = generated(1).totals[0].office;
  auto below = budgets_->spend(li_, id, 1, {{"office", -1}});
  EXPECT_EQ(below.error().id, "budget.negative");
  EXPECT_EQ(below.error().subject, "office");
  (void)take(budgets_->spend(li_, id, 1, {{"office", 500}}));
  (void)take(budgets_->spend(li_, id, 3, {{"office", -500}}));
  EXPECT_EQ(budgets_->spend(li_, id, 3, {{"office", -501}}).error().id, "budget.negative");
  EXPECT_EQ(budgets_->spend(li_, id, 1, {{"office", 499}}).error().id, "budget.negative") << "the correction came after";
  for (const auto* said : {"", "  "}) {
    auto over = budgets_->spend(li_, id, 2, {{"office", office + 1}}, said);
    EXPECT_EQ(over.error().id, "budget.over");
    EXPECT_EQ(over.error().subject, "office");
  }
  EXPECT_EQ(take(budgets_->find(li_, id)).spent.size(), 2U) << "what is refused leaves nothing";
  auto d = take(budgets_->spend(li_, id, 2, {{"office", office + 1}}, "搬迁后的物业费"));
  EXPECT_EQ(std::ranges::find(d.execution, "office", &Execution::subject)->light, "over");
  EXPECT_EQ(std::ranges::find(d.spent, 2, &Spent::month)->explanation, "搬迁后的物业费");
  EXPECT_EQ(take(budgets_->history(li_, id)).front().comment, "搬迁后的物业费");
  (void)take(budgets_->spend(li_, id, 2, {{"office", office}}));
}

TEST_P(BudgetsTest, AnEmptyBudgetIsNotSubmitted) {
  auto made = take(budgets_->create(li_, "mzj", 2026, ""));
  auto refused = budgets_->submit(li_, made.budget.id, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "budget.findings");
  EXPECT_EQ(refused.error().subject, "totals.expenditure");
}

TEST_P(BudgetsTest, ABudgetBeginsAsTheYearBefore) {
  auto id = approved();
  auto d = take(budgets_->create(li_, "mzj", 2027, id));
  EXPECT_EQ(d.content.functions, generated(1).functions);
  EXPECT_EQ(d.content.projects[0].earlier, generated(1).projects[0].amount);
  EXPECT_THAT(d.content.changes, IsEmpty());
  EXPECT_EQ(take(budgets_->list(li_, {.year = 2027})).size(), 1U);
}

TEST(ExecutionTest, LightsByRateAndTime) {
  EXPECT_EQ(execution_light(100, 29, 6), "red");
  EXPECT_EQ(execution_light(100, 30, 6), "yellow");
  EXPECT_EQ(execution_light(100, 40, 6), "green");
  EXPECT_EQ(execution_light(100, 101, 6), "over");
  EXPECT_EQ(execution_light(100, 100, 1), "green");
  EXPECT_EQ(execution_light(0, 40, 6), "over");
  EXPECT_EQ(execution_light(0, 0, 6), "none");
  EXPECT_EQ(execution_light(100, 0, 0), "none");
}

// --- workbooks ---------------------------------------------------------------------------------------------------------------
class WorkbookTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (auto specs : {engine::settings(), tabular::settings()}) settings_.declare(specs);
    auto opened = engine::Engine::open(settings_, folder_.path() / "engine");
    ASSERT_TRUE(opened);
    engine_ = *std::move(opened);
  }
  Result<WorkbookRead> read(const std::string& bytes) {
    auto file = folder_.path() / "budget.xlsx";
    std::ofstream(file, std::ios::binary) << bytes;
    return read_workbook(file, "budget.xlsx", folder_.path(), *engine_, settings_);
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(WorkbookTest, WhatIsWrittenIsReadAgainUnchanged) {
  for (unsigned seed : {1U, 2U, 3U})
    for (auto unit : {MoneyUnit::wan, MoneyUnit::yuan}) {
      auto c = generated(seed);
      c.totals[0].text = "一、概况\n二、说明";
      auto bytes = write_workbook(c, unit, folder_.path());
      ASSERT_TRUE(bytes) << bytes.error().detail;
      auto again = read(*bytes);
      ASSERT_TRUE(again) << again.error().text.zh;
      ASSERT_THAT(again->errors, IsEmpty()) << again->errors[0].sheet << again->errors[0].row << again->errors[0].column
                                            << again->errors[0].value << again->errors[0].expected.zh;
      EXPECT_EQ(to_json(again->content), to_json(c));
    }
}

TEST_F(WorkbookTest, AnEmptyTemplateIsAnEmptyBudget) {
  auto again = read(*write_workbook(Content{}, MoneyUnit::wan, folder_.path()));
  ASSERT_TRUE(again) << again.error().text.zh;
  EXPECT_EQ(again->content, Content{});
}

TEST_F(WorkbookTest, WhatIsNoWorkbookIsToldSo) {
  EXPECT_FALSE(read("no workbook"));
}

TEST(OfficialTest, TheTablesAddUpAsTheyArePrinted) {
  auto c = generated(4);
  Detail d{.budget = {.id = "b",
                      .department_id = "d",
                      .department_code = "mzj",
                      .department_name = "民政局",
                      .year = 2026,
                      .versions = {}},
           .version = {},
           .content = c,
           .findings = {},
           .spent = {},
           .execution = {}};
  auto document = official_tables(d);
  std::vector<std::string> titles;
  for (const auto& t : document.tables) titles.push_back(t.title);
  for (const char* title : {"部门收支总表", "部门收入总表", "部门支出总表", "财政拨款收支总表", "一般公共预算支出表",
                            "一般公共预算基本支出表", "一般公共预算“三公”经费支出表", "政府性基金预算支出表",
                            "国有资本经营预算支出表", "项目支出表", "政府采购和政府购买服务预算表"})
    EXPECT_THAT(titles, ::testing::Contains(title));
  EXPECT_EQ(std::ranges::count(titles, "2026 年项目支出绩效目标申报表"), static_cast<std::ptrdiff_t>(c.projects.size()));
  const auto& expenditure = document.tables.at(2);
  EXPECT_EQ(expenditure.rows.back().at(1).text, published(c.totals[0].expenditure));
  // Every row has a cell for every column.
  for (const auto& t : document.tables) {
    auto cells = print::place(t.rows, t.columns.size());
    std::size_t area = 0, given = 0;
    for (const auto& row : t.rows) given += row.size();
    EXPECT_EQ(cells.size(), given) << t.title;
    for (const auto& at : cells) area += static_cast<std::size_t>(at.cell->columns) * static_cast<std::size_t>(at.cell->rows);
    EXPECT_EQ(area, t.rows.size() * t.columns.size()) << t.title;
  }
  EXPECT_FALSE(project_form(d, "nowhere").has_value());
}

}  // namespace
}  // namespace qushu::budget
