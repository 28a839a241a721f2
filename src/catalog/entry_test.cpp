#include "qushu/catalog/entry.h"

#include <gmock/gmock.h>

#include "catalog_fixture.h"
#include "entry_rows.h"

namespace qushu::catalog {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EntryTest : public CatalogTest {
 protected:
  Result<void> change(const std::string& id, const EntryChange& c, const Actor& actor) {
    return store().write([&](store::Transaction& t) { return entries_->change(t, actor, id, c); });
  }
  static EntryChange complete() {
    EntryChange c;
    c.texts = {{"abstract", "登记的企业"},    {"provider_code", "11110000000000000A"},
               {"format", "database"},        {"sharing_condition", "办理许可时核验"},
               {"sharing_method", "service"}, {"open_type", "none"}};
    c.classifications = {"201", "102"};
    c.secrecy = Assessment{.conclusion = "pass", .by = "张三", .on = "2026-11-20", .note = {}};
    c.personal = Assessment{.conclusion = "measures", .by = "李四", .on = "2026-11-21", .note = "脱敏后提供"};
    c.approval = Approval{.by = "王五", .on = "2026-11-22", .note = {}};
    return c;
  }
  // A dataset with one field whose entry is ready to be submitted.
  Dataset ready(const std::string& code) {
    auto d = add(code, "企业登记");
    publish(d.id, 10);
    must(change(d.id, complete(), actor_));
    must(entries_->grade(actor_, d.id, {{"code", "2"}}));
    return take(catalog_->find(all_, code));
  }
  static void must(const Result<void>& result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.zh + result.error().detail);
  }
  void steps(const std::string& id, std::initializer_list<const char*> actions) {
    for (std::string action : actions) {
      bool review = action == "register" || action == "publish" || action == "return" || action == "refuse";
      must(entries_->step(review ? reviewer_ : actor_, id, action, "说明"));
    }
  }
  std::string state(const std::string& id) { return take(catalog_->find(all_, id)).entry_state; }
};
QUSHU_ON_BOTH_STORES(EntryTest);

TEST_P(EntryTest, TheWholeLifeOfAnEntry) {
  auto d = ready("firms");
  EXPECT_THAT(take(entries_->find(d.id)).missing, IsEmpty());
  steps(d.id, {"submit", "return"});
  EXPECT_EQ(state(d.id), "returned");
  steps(d.id, {"submit", "register"});
  auto registered = take(catalog_->find(all_, "firms"));
  EXPECT_EQ(registered.resource_code, "201000/000001");
  EXPECT_EQ(registered.face, 0);
  steps(d.id, {"submit", "publish"});
  auto now = take(entries_->find(d.id));
  EXPECT_EQ(now.dataset.entry_state, "published");
  EXPECT_EQ(now.dataset.face, 2);
  ASSERT_EQ(now.versions.size(), 2U);
  EXPECT_EQ(now.versions[0].kind, "published");
  EXPECT_EQ(take(entries_->version(d.id, 2)).entry.published_on.size(), 10U);
  ASSERT_EQ(now.steps.size(), 6U);
  EXPECT_EQ(now.steps[4].action, "return");
  EXPECT_EQ(now.steps[4].comment, "说明");
  EXPECT_EQ(now.steps[4].person_name, "审核员");
  EXPECT_EQ(take(audit_->search({.action = "entry.publish"})).size(), 1U);

  // The face stays while the entry is revised, and its code for ever.
  must(change(d.id, {.texts = {{"abstract", "改写"}}}, actor_));
  EXPECT_EQ(state(d.id), "draft");
  Visibility stranger{.person_id = "x", .departments = {"d2"}, .published_entries = true};
  EXPECT_EQ(take(catalog_->find(stranger, "firms")).abstract, "登记的企业");
  auto missing = take(entries_->find(d.id)).missing;
  EXPECT_THAT(missing, Contains(Field(&Missing::member, "secrecy")));
  auto again = complete();
  again.texts["abstract"] = "改写";
  again.classifications = {"202"};
  must(change(d.id, again, actor_));
  steps(d.id, {"submit", "register", "submit", "publish"});
  auto face = take(catalog_->find(stranger, "firms"));
  EXPECT_EQ(face.abstract, "改写");
  EXPECT_EQ(face.resource_code, "201000/000001");
  EXPECT_TRUE(face.by_entry);
  EXPECT_EQ(face.rows, 0U);
  auto lines = differences(take(entries_->version(d.id, 2)).entry, take(entries_->version(d.id, 4)).entry, Lang::zh);
  EXPECT_THAT(lines, Contains(Field(&Difference::member, "abstract")));
  EXPECT_THAT(lines, Contains(Field(&Difference::after, HasSubstr("健康保障"))));
  steps(d.id, {"unpublish"});
  EXPECT_EQ(state(d.id), "registered");
  EXPECT_FALSE(catalog_->find(stranger, "firms"));
}

TEST_P(EntryTest, WhatIsMissingIsToldAndNothingIsSubmitted) {
  auto d = add("firms", "企业登记");
  auto refused = entries_->step(actor_, d.id, "submit", "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "entry.incomplete");
  EXPECT_THAT(refused.error().text.zh, HasSubstr("摘要"));
  must(change(d.id, complete(), actor_));
  EXPECT_THAT(take(entries_->find(d.id)).missing, ElementsAre(Field(&Missing::member, "items")));
  must(change(d.id, {.items = {{.id = {}, .name = "身份证号", .texts = {{"type", "C"}}, .length = 18}}}, actor_));
  EXPECT_THAT(take(entries_->find(d.id)).missing, ElementsAre(Field(&Missing::member, "items.shen_fen_zheng_hao.level")));
  must(entries_->grade(actor_, d.id, {{"shen_fen_zheng_hao", "3"}}));
  EXPECT_EQ(take(catalog_->find(all_, "firms")).level, "3");
  EXPECT_TRUE(entries_->step(actor_, d.id, "submit", ""));
  // A failed assessment stops it.
  auto second = ready("second");
  must(change(second.id, {.secrecy = Assessment{.conclusion = "fail", .by = "张三", .on = "2026-11-20", .note = {}}}, actor_));
  EXPECT_THAT(take(entries_->find(second.id)).missing, ElementsAre(Field(&Missing::member, "secrecy")));
}

TEST_P(EntryTest, AnAnnouncedItemBecomesTheColumnOfItsName) {
  auto d = add("firms", "企业登记");
  must(change(d.id, {.items = {{.id = {}, .name = "身份证号", .texts = {{"type", "C"}, {"english", "id number"}}}}}, actor_));
  auto ids = take(catalog_->identifiers(d.id, {"身份证号"}));
  publish(d.id, 5,
          {{.id = ids[0], .name = "身份证号"},
           {.id = "sum", .name = "金额", .type = engine::Type::decimal, .width = 12, .scale = 2, .unit = "万元"}});
  auto items = take(entries_->find(d.id)).entry.items;
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].english, "id number");
  EXPECT_FALSE(items[0].planned);
  EXPECT_EQ(items[1].type, "Y");
  EXPECT_EQ(items[1].length, 12);
  EXPECT_FALSE(change(d.id, {.items = {{.id = ids[0], .name = {}, .texts = {}, .length = {}, .remove = true}}}, actor_));
}

TEST_P(EntryTest, TheProfileSuggestsTheLengthOfTexts) {
  auto d = add("firms", "企业登记");
  std::vector<catalog::Field> fields{{.id = "code", .name = "代码"},
                                     {.id = "name", .name = "名称"},
                                     {.id = "note", .name = "备注"},
                                     {.id = "staff", .name = "人数", .type = engine::Type::integer}};
  auto lengths = [&] {
    std::vector<std::int64_t> out;
    for (const auto& item : take(entries_->find(d.id)).entry.items) out.push_back(item.length);
    return out;
  };
  auto profile = [&](std::string_view text) {
    must(store().write([&](store::Transaction& t) {
      return catalog_->set_profile(t, d.id, take(catalog_->find(all_, "firms")).version, json::parse(text).as_object());
    }));
  };
  publish(d.id, 5, fields);
  EXPECT_THAT(lengths(), ElementsAre(0, 0, 0, 19));  // no profile yet
  profile(R"({"rows": 5, "fields": [{"id": "code", "min_length": 18, "max_length": 18}, {"id": "name", "min_length": 2,
              "max_length": 31}, {"id": "note", "min_length": 0, "max_length": 0}, {"id": "gone", "max_length": "x"}]})");
  EXPECT_THAT(lengths(), ElementsAre(18, 50, 0, 19));
  // What a person set stands, also when the data grow beyond it; taken back, the proposal is there again.
  must(change(d.id, {.items = {{.id = "name", .name = {}, .texts = {}, .length = 40}}}, actor_));
  publish(d.id, 6, fields);
  profile(R"({"rows": 6, "fields": [{"id": "code", "min_length": 9, "max_length": 18}, {"id": "name", "min_length": 2,
              "max_length": 60}]})");
  EXPECT_THAT(lengths(), ElementsAre(20, 40, 0, 19));
  must(change(d.id, {.items = {{.id = "name", .name = {}, .texts = {}, .length = 0}}}, actor_));
  EXPECT_THAT(lengths(), ElementsAre(20, 100, 0, 19));
}

TEST(ProposedLength, IsRoundAndNeverTooShort) {
  EXPECT_EQ(proposed_length(0, 0), 0);
  EXPECT_EQ(proposed_length(18, 18), 18);
  EXPECT_EQ(proposed_length(0, 1), 10);
  EXPECT_EQ(proposed_length(1, 10), 10);
  EXPECT_EQ(proposed_length(1, 11), 20);
  EXPECT_EQ(proposed_length(1, 50), 50);
  EXPECT_EQ(proposed_length(1, 501), 1000);
  for (std::int64_t longest = 2; longest < 100'000; longest += 7) EXPECT_GE(proposed_length(1, longest), longest);
}

TEST_P(EntryTest, StatesAreKept) {
  auto d = ready("firms");
  for (const auto* wrong : {"register", "publish", "return", "recall", "unpublish", "nosuch"}) {
    auto refused = entries_->step(reviewer_, d.id, wrong, "x");
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().code, Code::conflict) << wrong;
  }
  steps(d.id, {"submit"});
  EXPECT_EQ(change(d.id, {.texts = {{"abstract", "x"}}}, actor_).error().id, "entry.under_review");
  EXPECT_EQ(catalog_->change(actor_, d.id, {.title = "x"}).error().id, "entry.under_review");
  EXPECT_TRUE(catalog_->change(actor_, d.id, {.readers = std::vector<std::string>{"d2"}}));
  EXPECT_EQ(publish(d.id, 20), 2);  // the data do not wait
  EXPECT_EQ(entries_->step(actor_, d.id, "register", "").error().id, "entry.own");
  EXPECT_EQ(entries_->step(reviewer_, d.id, "return", " ").error().id, "entry.comment");
  EXPECT_EQ(take(entries_->reviews(actor_)).at(0).own, true);
  EXPECT_EQ(take(entries_->reviews(reviewer_)).at(0).own, false);
  steps(d.id, {"recall"});
  EXPECT_EQ(state(d.id), "draft");
  EXPECT_THAT(take(entries_->reviews(reviewer_)), IsEmpty());
  steps(d.id, {"submit", "refuse"});
  EXPECT_EQ(state(d.id), "refused");
  EXPECT_EQ(take(entries_->returned(all_, 10)).size(), 1U);
  steps(d.id, {"revise"});
  EXPECT_EQ(state(d.id), "draft");
}

TEST_P(EntryTest, BadMembersAreNamed) {
  auto d = ready("firms");
  struct Case {
    EntryChange change;
    const char* subject;
  };
  EntryChange classes, axis, late;
  classes.classifications = {"nosuch"};
  axis.classifications = {"2"};
  late.secrecy = Assessment{.conclusion = "pass", .by = "x", .on = "2026-02-30", .note = {}};
  for (const auto& c :
       std::vector<Case>{{{.texts = {{"format", "paper"}}}, "format"},
                         {{.texts = {{"resource_code", "1/1"}}}, "resource_code"},
                         {{.texts = {{"nosuch", ""}}}, "nosuch"},
                         {{.texts = {{"published_on", "昨天"}}}, "published_on"},
                         {{.texts = {{"title", ""}}}, "title"},
                         {classes, "classifications"},
                         {axis, "classifications"},
                         {late, "secrecy.on"},
                         {{.items = {{.id = "code", .name = {}, .texts = {{"type", "Q"}}}}}, "items.code.type"},
                         {{.items = {{.id = "nosuch", .name = {}, .texts = {{"type", "C"}}}}}, "items"},
                         {{.items = {{.id = "code", .name = {}, .texts = {}, .length = -1}}}, "items.code.length"}}) {
    auto done = change(d.id, c.change, actor_);
    ASSERT_FALSE(done) << c.subject;
    EXPECT_EQ(done.error().subject, c.subject);
    EXPECT_EQ(done.error().code, Code::invalid);
    EXPECT_FALSE(done.error().text.zh.empty() || done.error().text.en.empty());
  }
}

TEST_P(EntryTest, CodesAreCountedByClass) {
  for (const auto* code : {"a", "b"}) steps(ready(code).id, {"submit", "register"});
  EXPECT_EQ(take(catalog_->find(all_, "a")).resource_code, "201000/000001");
  EXPECT_EQ(take(catalog_->find(all_, "b")).resource_code, "201000/000002");
}

TEST_P(EntryTest, TheClassificationIsATable) {
  auto all = take(classification_->nodes());
  EXPECT_EQ(all.front().full_code, "1");
  auto head = take(classification_->add(actor_, "201", "001", "便民服务"));
  EXPECT_EQ(head.full_code, "201001");
  EXPECT_EQ(code_prefix(head), "201001");
  EXPECT_EQ(classification_->add(actor_, "201", "001", "别的").error().subject, "code");
  EXPECT_EQ(classification_->add(actor_, "201", "01", "别的").error().subject, "code");
  EXPECT_EQ(classification_->add(actor_, "201", "002", "便民服务").error().subject, "name");
  EXPECT_FALSE(classification_->add(actor_, "nosuch", "001", "x"));
  EXPECT_EQ(take(classification_->change(actor_, head.id, {.parent_id = "202"})).full_code, "202001");
  EXPECT_FALSE(classification_->change(actor_, head.id, {.parent_id = "1"}));
  EXPECT_EQ(classification_->remove(actor_, "202").error().code, Code::conflict);
  auto d = add("firms", "企业登记");
  EntryChange c;
  c.classifications = {head.id};
  must(change(d.id, c, actor_));
  c.classifications = std::vector<std::string>{};
  must(change(d.id, c, actor_));
  EXPECT_EQ(classification_->remove(actor_, head.id).error().id, "classification.used");
  EXPECT_TRUE(take(classification_->change(actor_, head.id, {.retired = true})).retired);
  c.classifications = {head.id};
  EXPECT_FALSE(change(d.id, c, actor_));
  auto unused = take(classification_->add(actor_, "203", "009", "暂存"));
  EXPECT_TRUE(classification_->remove(actor_, unused.id));
  EXPECT_THAT(with_below(take(classification_->nodes()), {"202"}), ElementsAre("202", head.id));
}

}  // namespace
}  // namespace qushu::catalog
