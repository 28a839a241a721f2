#include "qushu/sharing/desk.h"

#include <gmock/gmock.h>

#include "qushu/tabular/tabular.h"

#include "store_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DeskTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), identity::migrations(), catalog::migrations());
    for (auto specs : {audit::settings(), identity::settings(), engine::settings(), catalog::settings(), tabular::settings()})
      settings_.declare(specs);
    const auto& clock = system_clock();
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock));
    blobs_ = take(blob::BlobStore::open_local(folder() / "blobs"));
    engine_ = take(engine::Engine::open(settings_, folder() / "scratch"));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", clock));
    take(identity_->first_start("测试区"));
    auto console = Actor::operator_on_console("root");
    mzj_ = take(identity_->add_department(console, {.code = "mzj", .name = "民政局", .parent_id = "root"})).id;
    wjw_ = take(identity_->add_department(console, {.code = "wjw", .name = "卫健委", .parent_id = "root"})).id;
    catalog_ = take(catalog::Catalog::open(store(), *audit_, [this] { return names(); }, clock));
    classification_ = catalog::Classification::open(store(), *audit_);
    entries_ = catalog::Entries::open(store(), *audit_, *catalog_, settings_, clock);
    policy_ = std::make_unique<Policy>(*catalog_, *blobs_);
    desk_ = std::make_unique<Desk>(DeskDeps{.settings = settings_,
                                            .store = store(),
                                            .audit = *audit_,
                                            .engine = *engine_,
                                            .blobs = *blobs_,
                                            .identity = *identity_,
                                            .catalog = *catalog_,
                                            .classification = *classification_,
                                            .entries = *entries_,
                                            .policy = *policy_,
                                            .clock = clock});
    steward_ = who("s", mzj_, {Permission::dataset_read, Permission::dataset_write});
    stranger_ = who("x", wjw_, {Permission::dataset_read});
    reviewer_ = who("r", wjw_, {Permission::dataset_read, Permission::catalog_review});
  }
  Result<std::map<std::string, std::string>> names() const {
    QS_TRY(auto list, identity_->departments());
    std::map<std::string, std::string> out;
    for (const auto& d : list) out.emplace(d.id, d.name);
    return out;
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  static Actor who(std::string id, const std::string& department, std::initializer_list<Permission> may) {
    Actor actor;
    actor.person_id = actor.name = std::move(id);
    actor.department_id = department;
    actor.departments = {department};
    actor.may = permissions(may);
    actor.via = "session";
    return actor;
  }
  // A dataset of people with two columns, whose values have check digits.
  catalog::Dataset people() {
    auto d = take(desk_->add(steward_, {.code = "people", .title = "困难群众"}));
    auto part = blobs_->temporary_folder() / "p.parquet";
    take(engine_->execute({.sql = "COPY (SELECT i AS _id, '11010519491231002X' AS a, '张三' AS b FROM range(5) t(i)) TO " +
                                  engine::quote_text(part.string()) + " (FORMAT parquet)"}));
    auto blob = take(blobs_->adopt(part));
    catalog::Version v;
    v.fields = {{.id = "a", .name = "编号"}, {.id = "b", .name = "户主"}};
    v.parts = {{.blob = blob.sha256, .rows = 5, .bytes = blob.size}};
    v.read = v.published = v.added = 5;
    take(store().write([&](store::Transaction& t) { return catalog_->publish(t, steward_, d.id, v); }));
    return take(catalog_->find({.all = true}, "people"));
  }
  static catalog::EntryChange complete() {
    catalog::EntryChange c;
    c.texts = {{"abstract", "名册"},  {"provider_code", "X"},     {"format", "database"},
               {"open_type", "none"}, {"sharing_condition", "c"}, {"sharing_method", "service"}};
    c.classifications = {"203"};
    c.secrecy = catalog::Assessment{.conclusion = "pass", .by = "a", .on = "2026-11-20", .note = {}};
    c.personal = c.secrecy;
    c.approval = catalog::Approval{.by = "b", .on = "2026-11-20", .note = {}};
    return c;
  }
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<blob::BlobStore> blobs_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::Classification> classification_;
  std::unique_ptr<catalog::Entries> entries_;
  std::unique_ptr<Policy> policy_;
  std::unique_ptr<Desk> desk_;
  std::string mzj_, wjw_;
  Actor steward_, stranger_, reviewer_;
};
QUSHU_ON_BOTH_STORES(DeskTest);

TEST_P(DeskTest, WhoMayDoWhat) {
  people();
  EXPECT_EQ(desk_->standing(stranger_, "people").error().code, Code::not_found);
  EXPECT_TRUE(desk_->standing(reviewer_, "people"));
  EXPECT_FALSE(policy_->compile(reviewer_, "people")) << "a reviewer sees no data";
  EXPECT_EQ(desk_->change(reviewer_, "people", complete()).error().code, Code::forbidden);
  take(desk_->change(steward_, "people", complete()));
  take(desk_->grade(steward_, "people", {{"a", "3"}, {"b", "2"}}));
  EXPECT_EQ(desk_->step(steward_, "people", "register", "").error().code, Code::forbidden);
  EXPECT_EQ(desk_->step(steward_, "people", "nosuch", "").error().subject, "action");
  take(desk_->step(steward_, "people", "submit", ""));
  EXPECT_EQ(desk_->reviews(steward_).error().code, Code::forbidden);
  EXPECT_THAT(take(desk_->reviews(reviewer_)), SizeIs(1));
  take(desk_->step(reviewer_, "people", "register", ""));
  EXPECT_THAT(take(catalog_->search(knowledge(stranger_), {.text = "困难"})).datasets, IsEmpty());
  take(desk_->step(steward_, "people", "submit", ""));
  take(desk_->step(reviewer_, "people", "publish", ""));
  // Known by its entry now, and by that alone.
  EXPECT_TRUE(take(desk_->dataset(stranger_, "people")).by_entry);
  EXPECT_EQ(desk_->standing(stranger_, "people").error().id, "entry.published_only");
  EXPECT_EQ(take(desk_->published(stranger_, "people")).entry.items.size(), 2U);
  EXPECT_FALSE(policy_->compile(stranger_, "people"));
  auto found = take(catalog_->search(knowledge(stranger_), {.text = "knqz"}));
  ASSERT_THAT(found.datasets, SizeIs(1));
  EXPECT_EQ(found.datasets[0].rows, 0U);
  EXPECT_EQ(found.total, 1);
  EXPECT_THAT(take(catalog_->search(visibility(stranger_), {.text = "困难"})).datasets, IsEmpty());
  // A revision that is not published yet is nobody else's.
  take(desk_->change(steward_, "people", {.texts = {{"title", "秘密新名"}}}));
  EXPECT_THAT(take(catalog_->search(knowledge(stranger_), {.text = "秘密新名"})).datasets, IsEmpty());
  EXPECT_EQ(take(catalog_->search(knowledge(stranger_), {.text = "困难"})).total, 1);
  EXPECT_EQ(take(catalog_->search(knowledge(steward_), {.text = "秘密新名"})).total, 1);
}

TEST_P(DeskTest, GradesAreProposedFromNamesAndCheckDigits) {
  people();
  auto list = take(desk_->grading(steward_, "people"));
  ASSERT_THAT(list, SizeIs(2));
  EXPECT_EQ(list[0].proposal.category, "citizen_id");
  EXPECT_EQ(list[0].proposal.matched, 5U);
  EXPECT_EQ(list[0].length, 18);
  EXPECT_EQ(list[1].proposal.category, "person_name");
  EXPECT_FALSE(desk_->grading(stranger_, "people"));
  auto now = take(desk_->grade(steward_, "people", {{"a", "3"}}));
  EXPECT_EQ(now.entry.level, "3");
  EXPECT_EQ(now.entry.items[0].level_by, "s");
  EXPECT_FALSE(desk_->change(steward_, "people", {.texts = {{"level", "1"}}}));
}

TEST_P(DeskTest, TheSpreadsheetGoesOutAndComesBack) {
  people();
  take(desk_->change(steward_, "people", complete()));
  take(desk_->change(steward_, "people", {.items = {{.id = {}, .name = "救助金额", .texts = {{"type", "Y"}}, .length = 12}}}));
  auto file = folder() / "out.xlsx";
  EXPECT_EQ(take(desk_->export_sheet(steward_, {}, false, file)), 1U);
  auto before = take(desk_->entry(steward_, "people", 0));
  auto back = take(desk_->import_sheet(steward_, file, "out.xlsx"));
  EXPECT_THAT(back.errors, IsEmpty()) << back.errors[0].column << back.errors[0].expected.zh << back.errors[0].value;
  ASSERT_THAT(back.taken, SizeIs(1));
  EXPECT_FALSE(back.taken[0].added);
  auto after = take(desk_->entry(steward_, "people", 0));
  for (const auto& d : catalog::differences(before, after, Lang::zh))
    EXPECT_TRUE(d.member.ends_with(".level_by")) << d.member << " " << d.before << " → " << d.after;
  EXPECT_EQ(take(desk_->imports(steward_, 5)).size(), 1U);
  EXPECT_FALSE(desk_->import_outcome(stranger_, back.id));
  // Another department's steward may not bring it in.
  auto rival = who("v", wjw_, {Permission::dataset_read, Permission::dataset_write});
  auto refused = take(desk_->import_sheet(rival, file, "out.xlsx"));
  EXPECT_THAT(refused.taken, IsEmpty());
  ASSERT_THAT(refused.errors, SizeIs(1));
  EXPECT_THAT(refused.errors[0].expected.zh, HasSubstr("本部门"));
}

}  // namespace
}  // namespace qushu::sharing
