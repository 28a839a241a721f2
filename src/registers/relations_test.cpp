// Records read by people's SQL through the policy: what is there, that it is fresh, and that nobody learns what she may not.
#include "qushu/registers/relations.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "records_fixture.h"

namespace qushu::registers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kLoan = R"(register: loan
name: {zh: 借用登记, en: Loans}
number: JY-{seq:3}
fields:
  - {name: item, label: {zh: 物品, en: Item}, type: text, required: true, level: "3"}
  - {name: price, label: 单价, type: money}
  - {name: weight, label: 重量, type: number, decimals: 3}
  - {name: count, label: 数量, type: number}
  - {name: size, label: 大小, type: choice, choices: [{code: small, label: 小}, {code: large, label: 大}]}
  - {name: keeper, label: 保管人, type: person}
  - {name: back, label: 归还, type: date}
  - {name: seen, label: 查看, type: datetime}
  - {name: place, label: 地点, type: location}
  - {name: due, label: 应还, type: date}
states:
  - {name: out, label: {zh: 借出, en: Out}}
  - {name: done, label: {zh: 已还, en: Returned}, final: true}
transitions:
  - {name: return, label: 归还, from: [out], to: done, who: [everyone]}
permissions: {see: [own, department, "field:keeper"], edit: [own], create: [everyone], remove: [own]}
)";

class RelationsTest : public testing::RecordsTest {
 protected:
  void SetUp() override {
    RecordsTest::SetUp();
    open_records({});
    li_ = person("li", "mzj", "data_user");
    wang_ = person("wang", "mzj", "data_steward");
    zhao_ = person("zhao", "wjw", "data_user");
    (void)take(registers_->apply(console_, kLoan, ""));
  }
  std::string add(const Actor& actor, json::object values) { return take(registers_->create(actor, "loan", values)).id; }
  // All cells of the answer, row by row, or "id: text" of the error.
  std::vector<std::string> ask(const Actor& actor, std::string_view sql) {
    auto answer = [&]() -> Result<std::vector<std::string>> {
      QS_TRY(auto allowed, policy_->sandbox(actor, sql));
      QS_TRY(auto sandbox, engine_->sandbox(std::move(allowed.spec)));
      QS_TRY(auto cursor, sandbox->run(sql, {}, {}));
      std::vector<std::string> out;
      for (;;) {
        QS_TRY(const auto* chunk, cursor->next());
        if (chunk == nullptr) return out;
        for (std::size_t r = 0; r < chunk->rows(); ++r)
          for (std::size_t c = 0; c < cursor->columns().size(); ++c) {
            std::string text = chunk->is_null(c, r) ? "NULL" : "";
            if (text.empty()) chunk->append_text(c, r, text);
            out.push_back(std::move(text));
          }
      }
    }();
    if (answer) return *std::move(answer);
    return {answer.error().id + ": " + answer.error().text.en};
  }

  Actor li_, wang_, zhao_;
};
QUSHU_ON_BOTH_STORES(RelationsTest);

TEST_P(RelationsTest, FieldsAreColumnsOfTheirTypes) {
  (void)add(li_, {{"item", "投影仪"},
                  {"price", "1250.5"},
                  {"weight", "2.125"},
                  {"count", 3},
                  {"size", "large"},
                  {"keeper", "wang"},
                  {"back", "2026-11-20"},
                  {"seen", "2026-11-25T02:03:04Z"},
                  {"due", "2026-12-01"},
                  {"place", json::object{{"address", "政府街"}, {"lon", 116.5}, {"lat", 40.25}}}});
  (void)add(li_, {{"item", "空"}});
  EXPECT_THAT(
      ask(li_,
          "SELECT number, state, state__name, department__name, creator__name, item, price, weight, count, size, size__name, "
          "keeper__name, back, seen, place, place__lon, place__lat, field__due, due, revision FROM register_loan ORDER BY "
          "number"),
      ElementsAre("JY-001", "out", "借出", "民政局", "li", "投影仪", "1250.50", "2.125", "3", "large", "大", "wang",
                  "2026-11-20", "2026-11-25T10:03:04", "政府街", "116.5", "40.25", "2026-12-01", "NULL", "1", "JY-002", "out",
                  "借出", "民政局", "li", "空", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL", "NULL",
                  "NULL", "NULL", "NULL", "1"));
  auto all = take(policy_->relations(li_));
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "register_loan");
  for (const auto& c : all[0].columns)
    if (c.id == "item") EXPECT_EQ(c.level, "3");
}

TEST_P(RelationsTest, EveryChangeIsSeenAtOnce) {
  auto id = add(li_, {{"item", "一"}, {"price", "1"}});
  constexpr auto kSum = "SELECT count(*), sum(price) FROM register_loan";
  EXPECT_THAT(ask(li_, kSum), ElementsAre("1", "1.00"));
  (void)add(li_, {{"item", "二"}, {"price", "2"}});
  EXPECT_THAT(ask(li_, kSum), ElementsAre("2", "3.00"));
  (void)take(registers_->edit(li_, "loan", id, 0, {{"price", "10"}}));
  EXPECT_THAT(ask(li_, kSum), ElementsAre("2", "12.00"));
  (void)take(registers_->move(li_, "loan", id, 0, "return", "", {}));
  EXPECT_THAT(ask(li_, "SELECT state FROM register_loan ORDER BY number"), ElementsAre("done", "out"));
  ASSERT_TRUE(registers_->remove(li_, "loan", id, 0, ""));
  EXPECT_THAT(ask(li_, kSum), ElementsAre("1", "2.00"));
  // A definition that changes: a field renamed keeps its values, a new one is there.
  auto yaml = std::string(kLoan);
  yaml.replace(yaml.find("{name: price,"), 13, "{name: cost, was: price,");
  (void)take(registers_->apply(console_, yaml, ""));
  EXPECT_THAT(ask(li_, "SELECT cost FROM register_loan"), ElementsAre("2.00"));
  EXPECT_THAT(ask(li_, "SELECT price FROM register_loan")[0], HasSubstr("price"));
}

// A large register is patched rather than read again.
TEST_P(RelationsTest, ALargeOneIsPatched) {
  auto first = add(li_, {{"item", "原来"}, {"count", 1}});
  ASSERT_TRUE(store().write([&](store::Transaction& t) -> Result<void> {
    // As many as it takes, written as one statement on both databases.
    QS_CHECK(t.exec(
        "INSERT INTO \"reg_loan\" (id, number, state, revision, department_id, department_name, created_by, created_by_name, "
        "changed_by_name, created, changed, since, \"f_item\", \"f_count\") WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT "
        "i + 1 "
        "FROM n WHERE i < 25000) SELECT 'x' || i, 'N' || i, 'out', 1, r.department_id, r.department_name, r.created_by, "
        "r.created_by_name, '', 1, 1, 1, 'bulk', 1 FROM n, \"reg_loan\" r WHERE r.id = ?",
        {first}));
    return {};
  }));
  constexpr auto kSum = "SELECT count(*), sum(count), count(DISTINCT id) FROM register_loan";
  EXPECT_THAT(ask(li_, kSum), ElementsAre("25001", "25001", "25001"));
  auto files = [&] {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / "relations")) n += entry.is_regular_file() ? 1 : 0;
    return n;
  };
  EXPECT_EQ(files(), 1U);
  (void)take(registers_->edit(li_, "loan", first, 0, {{"count", "100"}}));
  auto second = add(li_, {{"item", "新的"}, {"count", 1000}});
  EXPECT_THAT(ask(li_, kSum), ElementsAre("25002", "26100", "25002"));
  EXPECT_EQ(files(), 2U);
  ASSERT_TRUE(registers_->remove(li_, "loan", second, 0, ""));
  ASSERT_TRUE(registers_->remove(li_, "loan", first, 0, ""));
  EXPECT_THAT(ask(li_, kSum), ElementsAre("25000", "25000", "25000"));
  EXPECT_THAT(ask(zhao_, kSum), ElementsAre("0", "NULL", "0"));
  EXPECT_EQ(files(), 2U);
}

TEST_P(RelationsTest, NobodyLearnsWhatSheMayNot) {
  (void)add(li_, {{"item", "秘密甲"}, {"price", "4321"}, {"keeper", "zhao"}});
  (void)add(li_, {{"item", "秘密乙"}, {"price", "8765"}});
  EXPECT_THAT(ask(wang_, "SELECT count(*) FROM register_loan"), ElementsAre("2"));   // of her department
  EXPECT_THAT(ask(zhao_, "SELECT item FROM register_loan"), ElementsAre("秘密甲"));  // as its keeper
  EXPECT_THAT(ask(console_, "SELECT count(*) FROM register_loan"), ElementsAre("2"));
  // Neither by counts, nor by errors that would tell of a hidden value, in whatever order the engine evaluates.
  EXPECT_THAT(ask(zhao_, "SELECT count(*) FROM register_loan WHERE price = 8765"), ElementsAre("0"));
  for (auto trick : {"SELECT count(*) FROM register_loan WHERE CAST(item AS INTEGER) > 0 AND item <> '秘密甲'",
                     "SELECT sum(CASE WHEN price = 8765 THEN CAST(item AS INTEGER) ELSE 0 END) FROM register_loan",
                     "SELECT count(*) FROM register_loan WHERE price > 5000 AND CAST(item AS DATE) IS NOT NULL",
                     "SELECT max(item) FROM register_loan WHERE number = 'JY-002'"}) {
    auto answer = ask(zhao_, trick);
    for (const auto& cell : answer) EXPECT_THAT(cell, Not(HasSubstr("秘密乙"))) << trick;
  }
  // Not by the tables and files behind it either.
  for (auto door : {"SELECT * FROM reg_loan", "SELECT * FROM \"reg_loan\"", "SELECT * FROM main.register_loan_base",
                    "SELECT * FROM read_parquet('*.parquet')", "SELECT * FROM duckdb_views()", "SELECT sql FROM sqlite_master"})
    EXPECT_THAT(ask(zhao_, door)[0], ::testing::StartsWith("sql.")) << door;
  // Who may not use registers, or is nobody, is not told that there is one.
  auto auditor = person("auditor", "mzj", "audit_admin");
  for (const auto& actor : {auditor, Actor{}}) {
    EXPECT_TRUE(take(policy_->relations(actor)).empty());
    EXPECT_THAT(ask(actor, "SELECT * FROM register_loan")[0], HasSubstr("sql.table"));
    EXPECT_FALSE(relations_->rows(actor, "register_loan"));
  }
  // A register that only some roles may see.
  auto closed = std::string(kLoan);
  closed.replace(closed.find("see: [own, department, \"field:keeper\"]"), 38, "see: [\"role:data_steward\"]            ");
  (void)take(registers_->apply(console_, closed, ""));
  EXPECT_THAT(ask(wang_, "SELECT count(*) FROM register_loan"), ElementsAre("2"));
  EXPECT_THAT(ask(zhao_, "SELECT count(*) FROM register_loan")[0], HasSubstr("sql.table"));
}

TEST_P(RelationsTest, NoDatasetPassesForARegister) {
  ASSERT_TRUE(store().write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(catalog_->add(t, Actor::system(), {.code = "register_loan", .title = "假的", .department_id = "mzj"}));
    return {};
  }));
  (void)add(li_, {{"item", "真的"}});
  EXPECT_THAT(ask(li_, "SELECT item FROM register_loan"), ElementsAre("真的"));
}

TEST_P(RelationsTest, SeenTellsOfRecordsOneByOne) {
  auto mine = add(li_, {{"item", "一"}});
  auto kept = add(li_, {{"item", "二"}, {"keeper", "zhao"}});
  EXPECT_EQ(take(relations_->seen(zhao_, "loan", {mine, kept, "no such id"})), (std::set<std::string>{kept}));
  EXPECT_EQ(take(relations_->seen(wang_, "loan", {mine, kept})), (std::set<std::string>{mine, kept}));
  EXPECT_TRUE(take(relations_->seen(Actor{}, "loan", {mine})).empty());
  EXPECT_TRUE(take(relations_->seen(li_, "nothing", {mine})).empty());
  EXPECT_FALSE(take(relations_->sees_all(wang_, "register_loan")));
  EXPECT_TRUE(take(relations_->sees_all(console_, "register_loan")));
}

}  // namespace
}  // namespace qushu::registers
