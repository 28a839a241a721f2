#include "qushu/registers/registers.h"

#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/tabular/tabular.h"

#include "loaded.h"
#include "records_fixture.h"

namespace qushu::registers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kDay = std::chrono::hours(24);

constexpr std::string_view kLoan = R"(register: loan
name: {zh: 借用登记, en: Loans}
number: JY-{year}-{seq:3}
fields:
  - {name: item, label: {zh: 物品, en: Item}, type: text, required: true}
  - {name: serial, label: 序列号, type: text, unique: true}
  - {name: count, label: 数量, type: number, min: 1, initial: "1"}
  - {name: price, label: 单价, type: money}
  - {name: total, label: 总价, type: computed, as: money, formula: count * price}
  - {name: size, label: 大小, type: choice, choices: [{code: small, label: 小}, {code: large, label: 大}]}
  - {name: keeper, label: 保管人, type: person}
  - {name: unit, label: 所在部门, type: department}
  - {name: back, label: 归还, type: date}
  - {name: previous, label: 上一次, type: reference, target: loan}
  - {name: place, label: 地点, type: location}
  - {name: photo, label: 照片, type: attachment}
states:
  - {name: out, label: {zh: 借出, en: Out}, deadline: 3}
  - {name: done, label: {zh: 已还, en: Returned}, final: true, locked: true}
transitions:
  - {name: return, label: {zh: 归还, en: Return}, from: [out], to: done, who: [own, "field:keeper"], require: [back], comment: true}
checks: [{formula: price <= 100000, message: {zh: 单价太高。, en: The price is too high.}}]
reminders: [{field: back, days: [7]}]
permissions: {see: [own, department, "field:keeper"], edit: [own], create: ["role:data_user", "role:data_steward"]}
)";

class RegistersTest : public testing::RecordsTest {
 protected:
  void SetUp() override {
    RecordsTest::SetUp();
    open_records({tabular::settings()});
    li_ = person("li", "mzj", "data_user", "李");
    wang_ = person("wang", "mzj", "data_steward", "王");
    zhao_ = person("zhao", "wjw", "data_user", "赵");
    (void)take(registers_->apply(console_, kLoan, "第一版"));
  }
  Record add(const Actor& actor, json::object values) { return take(registers_->create(actor, "loan", values)); }
  json::value value(const Record& r, std::string_view field, std::string_view code = "loan") {
    return registers_->to_json(take(registers_->find(console_, code)).definition, r).at("values").at(field);
  }
  std::vector<std::string> numbers(const Actor& actor, const Pairs& query) {
    std::vector<std::string> out;
    for (const auto& r : take(registers_->page(actor, "loan", query)).records) out.push_back(r.number);
    return out;
  }
  static std::string changed(std::string_view what, std::string_view to) {
    std::string text(kLoan);
    auto at = text.find(what);
    if (at == std::string::npos) throw std::runtime_error("not in the definition: " + std::string(what));
    return text.replace(at, what.size(), to);
  }

  Actor li_, wang_, zhao_;
};
QUSHU_ON_BOTH_STORES(RegistersTest);

TEST_P(RegistersTest, ARecordIsWorkedThroughItsStates) {
  auto r = add(li_, {{"item", "投影仪"},
                     {"price", "1250.5"},
                     {"count", 2},
                     {"keeper", "wang"},
                     {"unit", "民政局"},
                     {"place", json::object{{"address", "政府街"}, {"lon", 116.2}, {"lat", 40.2}}}});
  EXPECT_EQ(r.number, "JY-2026-001");
  EXPECT_EQ(r.state, "out");
  EXPECT_EQ(value(r, "total"), "2501.00");
  EXPECT_EQ(value(r, "keeper").at("name"), "王");
  EXPECT_EQ(value(r, "place").at("lat"), 40.2);
  ASSERT_TRUE(r.due);
  EXPECT_EQ(to_iso(*r.due).substr(0, 10), "2026-11-30");  // the end of Monday in Shanghai, the weekend not counted
  r = take(registers_->edit(li_, "loan", r.id, 1, {{"count", "3"}}));
  EXPECT_EQ(r.revision, 2);
  EXPECT_EQ(value(r, "total"), "3751.50");
  EXPECT_EQ(wrong(registers_->edit(li_, "loan", r.id, 1, {{"count", "4"}})).id, "record.changed");
  EXPECT_EQ(wrong(registers_->edit(wang_, "loan", r.id, 2, {{"count", "4"}})).code, Code::forbidden);
  // Nothing changed: nothing is kept.
  EXPECT_EQ(take(registers_->edit(li_, "loan", r.id, 2, {{"count", "3"}})).revision, 2);

  auto early = wrong(registers_->move(wang_, "loan", r.id, 2, "return", "好", {}));
  EXPECT_EQ(early.id, "record.required");
  EXPECT_EQ(early.subject, "back");
  EXPECT_EQ(wrong(registers_->move(wang_, "loan", r.id, 2, "return", " ", {{"back", "2026-11-26"}})).id, "record.comment");
  // Who keeps it may return it, but change nothing else.
  EXPECT_EQ(wrong(registers_->move(wang_, "loan", r.id, 2, "return", "好", {{"back", "2026-11-26"}, {"count", 9}})).code,
            Code::forbidden);
  clock_.advance(kDay);
  r = take(registers_->move(wang_, "loan", r.id, 2, "return", "完好", {{"back", "2026年11月26日"}}));
  EXPECT_EQ(r.state, "done");
  EXPECT_FALSE(r.due);
  EXPECT_EQ(wrong(registers_->move(wang_, "loan", r.id, 0, "return", "好", {})).id, "record.state");
  EXPECT_EQ(wrong(registers_->edit(li_, "loan", r.id, 0, {{"count", 1}})).id, "record.locked");
  EXPECT_EQ(wrong(registers_->remove(li_, "loan", r.id, 0, "")).id, "record.locked");
  EXPECT_TRUE(registers_->comment(wang_, "loan", r.id, "已入库"));

  std::vector<std::string> steps;
  for (const auto& c : take(registers_->changes(li_, "loan", r.id)))
    steps.push_back(fmt::format("{} {} {} {}>{} {}", c.revision, c.action, c.person_name, c.from_state, c.to_state, c.comment));
  EXPECT_THAT(steps, ElementsAre("1 create 李 >out ", "2 edit 李 out>out ", "3 move 王 out>done 完好",
                                 "3 comment 王 done>done 已入库"));
  auto edit = take(registers_->changes(li_, "loan", r.id)).at(1).differences;
  EXPECT_EQ(json::serialize(edit),
            R"([{"field":"count","before":"2","after":"3"},{"field":"total","before":"2501.00","after":"3751.50"}])");
  EXPECT_EQ(take(audit_->search({.action = "record.", .object_id = r.id})).size(), 4U);
}

TEST_P(RegistersTest, WhoMaySeeSees) {
  auto r = add(li_, {{"item", "投影仪"}});
  auto kept = add(zhao_, {{"item", "相机"}, {"keeper", "li"}});
  EXPECT_THAT(numbers(li_, {}), ElementsAre("JY-2026-002", "JY-2026-001"));
  EXPECT_THAT(numbers(wang_, {}), ElementsAre("JY-2026-001"));  // of her department
  EXPECT_THAT(numbers(zhao_, {}), ElementsAre("JY-2026-002"));
  EXPECT_EQ(wrong(registers_->record(zhao_, "loan", r.id)).code, Code::not_found);
  EXPECT_EQ(wrong(registers_->record(zhao_, "loan", r.number)).code, Code::not_found);
  EXPECT_EQ(wrong(registers_->edit(zhao_, "loan", r.id, 1, {})).code, Code::not_found);
  // A reference to what she may not see does not tell that it is there.
  EXPECT_EQ(wrong(registers_->create(zhao_, "loan", {{"item", "三脚架"}, {"previous", r.number}})).id, "record.value");
  EXPECT_EQ(value(add(li_, {{"item", "三脚架"}, {"previous", r.number}}), "previous").at("name"), "JY-2026-001 投影仪");
  Actor editor = person("sun", "wjw", "editor", "孙");
  EXPECT_EQ(wrong(registers_->create(editor, "loan", {{"item", "x"}})).code, Code::forbidden);
  EXPECT_EQ(wrong(registers_->plan(li_, kLoan)).code, Code::forbidden);
}

TEST_P(RegistersTest, WrongValuesAreToldTogether) {
  auto e = wrong(registers_->create(
      li_, "loan", {{"item", "投影仪"}, {"price", "12.345"}, {"size", "huge"}, {"keeper", "nobody"}, {"back", "2026-02-30"}}));
  EXPECT_EQ(e.subject, "price, size, keeper, back");
  EXPECT_THAT(e.text.zh, HasSubstr("2 位小数"));
  EXPECT_THAT(e.text.zh, HasSubstr("小、大"));
  EXPECT_EQ(wrong(registers_->create(li_, "loan", {})).subject, "item");
  EXPECT_EQ(wrong(registers_->create(li_, "loan", {{"item", "a"}, {"colour", "red"}})).subject, "colour");
  EXPECT_EQ(wrong(registers_->create(li_, "loan", {{"item", "a"}, {"total", "1"}})).id, "record.value");
  EXPECT_EQ(wrong(registers_->create(li_, "loan", {{"item", "a"}, {"count", "0"}})).subject, "count");
  auto high = wrong(registers_->create(li_, "loan", {{"item", "a"}, {"price", "100000.01"}}));
  EXPECT_EQ(high.id, "record.check");
  EXPECT_EQ(high.subject, "price");
  (void)add(li_, {{"item", "a"}, {"serial", "S1"}});
  auto twice = wrong(registers_->create(li_, "loan", {{"item", "b"}, {"serial", "S1"}}));
  EXPECT_EQ(twice.id, "record.duplicate") << twice.detail;
  EXPECT_EQ(twice.subject, "serial");
}

TEST_P(RegistersTest, ListsFilterSortAndPage) {
  for (int i = 1; i <= 25; ++i) {
    json::object values{{"item", fmt::format("物品 {:02}", i)}, {"count", i}};
    if (i % 5 != 0) values["price"] = fmt::format("{}.50", (i * 7) % 10);
    if (i % 2 == 0) values["size"] = i % 4 == 0 ? "small" : "large";
    (void)add(li_, values);
  }
  EXPECT_EQ(numbers(li_, {{"count__gte", "10"}, {"count__lt", "13"}}).size(), 3U);
  EXPECT_EQ(numbers(li_, {{"price", "3.50"}}).size(), numbers(li_, {{"price__between", "3.5,3.5"}}).size());
  EXPECT_EQ(numbers(li_, {{"price__isnull", ""}}).size(), 5U);
  EXPECT_EQ(numbers(li_, {{"size__in", "small,large"}}).size(), 12U);
  EXPECT_EQ(numbers(li_, {{"size__notin", "small"}}).size(), 19U);
  EXPECT_THAT(numbers(li_, {{"item__contains", "07"}}), ElementsAre("JY-2026-007"));
  EXPECT_THAT(numbers(li_, {{"_search", "物品 jy-2026-011"}}), ElementsAre("JY-2026-011"));
  EXPECT_EQ(numbers(li_, {{"_search", "100%"}}).size(), 0U);
  EXPECT_EQ(numbers(li_, {{"creator", "me"}, {"created__gte", "2026-11-25 10:00"}}).size(), 25U);
  EXPECT_EQ(take(registers_->page(li_, "loan", {{"_count", "exact"}, {"_size", "1"}})).total, 25);
  for (const auto* sort : {"", "price", "count", "item", "number", "size", "changed"})
    for (const auto* way : {"_sort", "_sort_desc"}) {
      std::set<std::string> seen;
      std::vector<std::string> order;
      Pairs query{{"_size", "4"}};
      if (*sort != '\0') query.emplace_back(way, sort);
      for (int pages = 0; pages < 10; ++pages) {
        auto page = take(registers_->page(li_, "loan", query));
        for (const auto& r : page.records) {
          seen.insert(r.number);
          order.push_back(r.number);
        }
        if (page.next.empty()) break;
        std::erase_if(query, [](const auto& pair) { return pair.first == "_next"; });
        query.emplace_back("_next", page.next);
      }
      EXPECT_EQ(order.size(), 25U) << sort << way;
      EXPECT_EQ(seen.size(), 25U) << sort << way;
    }
  for (const auto& [name, text] : Pairs{{"colour", "x"},
                                        {"count", "x"},
                                        {"count__like", "1"},
                                        {"_sort", "colour"},
                                        {"_size", "0"},
                                        {"_next", "x"},
                                        {"_view", "x"},
                                        {"back", "soon"},
                                        {"_x", "1"}})
    EXPECT_EQ(wrong(registers_->page(li_, "loan", {{name, text}})).code, Code::invalid) << name;
  auto next = take(registers_->page(li_, "loan", {{"_size", "2"}, {"_sort", "price"}})).next;
  EXPECT_EQ(wrong(registers_->page(li_, "loan", {{"_sort", "count"}, {"_next", next}})).subject, "_next");
}

TEST_P(RegistersTest, WhatWaitsAndWhatComesNear) {
  auto first = add(li_, {{"item", "甲"}, {"keeper", "zhao"}});
  clock_.advance(kDay);
  (void)add(li_, {{"item", "乙"}, {"back", "2026-12-01"}});
  (void)add(li_, {{"item", "丙"}, {"back", "2027-01-01"}});
  std::vector<std::string> mine, hers;
  for (const auto& t : take(registers_->tasks(li_, 10)).list) mine.push_back(t.title + " " + t.reason);
  EXPECT_THAT(mine, ElementsAre("甲 move", "乙 remind", "乙 move", "丙 move"));
  auto some = take(registers_->tasks(li_, 2));
  EXPECT_EQ(some.list.size(), 2U);
  EXPECT_EQ(some.moves, 3) << "all that wait are counted, not only what was asked for";
  EXPECT_EQ(some.reminders, 1);
  for (const auto& t : take(registers_->tasks(zhao_, 10)).list) hers.push_back(t.title + " " + t.transitions.at(0));
  EXPECT_THAT(hers, ElementsAre("甲 return"));
  EXPECT_TRUE(take(registers_->tasks(wang_, 10)).list.empty());
  auto list = take(registers_->list(li_));
  clock_.advance(10 * kDay);
  list = take(registers_->list(li_));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].open, 3);
  EXPECT_EQ(list[0].late, 3);
  EXPECT_TRUE(list[0].may_create);
}

TEST_P(RegistersTest, ADefinitionChangesAndNoRecordIsLost) {
  auto r = add(li_, {{"item", "投影仪"}, {"price", "12.50"}, {"count", 2}, {"size", "large"}, {"serial", "S1"}});
  // Renamed, added, widened, dropped, its formula changed.
  auto text = changed("name: item, label: {zh: 物品, en: Item}", "name: thing, was: item, label: {zh: 物品, en: Thing}");
  auto replace = [&](std::string_view what, std::string_view to) { text.replace(text.find(what), what.size(), to); };
  replace("type: number, min: 1, initial: \"1\"}",
          "type: number, decimals: 2}\n  - {name: colour, label: 颜色, type: text, required: true}");
  replace("formula: count * price", "formula: count * price * 2");
  replace("  - {name: serial, label: 序列号, type: text, unique: true}\n", "");
  auto plan = take(registers_->plan(console_, text));
  std::vector<std::string> kinds;
  for (const auto& s : plan.steps) kinds.push_back(s.kind + " " + s.field + " " + std::to_string(s.records));
  EXPECT_THAT(kinds, ElementsAre("rename thing 1", "convert count 1", "add colour 1", "recompute total 1", "retire serial 1"));
  EXPECT_EQ(take(registers_->find(li_, "loan")).version, 1);  // a plan changes nothing
  EXPECT_EQ(take(registers_->apply(console_, text, "")).version, 2);
  r = take(registers_->record(li_, "loan", r.id));
  EXPECT_EQ(value(r, "thing"), "投影仪");
  EXPECT_EQ(value(r, "count"), "2.00");
  EXPECT_EQ(value(r, "total"), "50.00");
  EXPECT_EQ(wrong(registers_->edit(li_, "loan", r.id, 0, {{"count", "1.5"}})).subject, "colour");
  EXPECT_EQ(value(take(registers_->edit(li_, "loan", r.id, 0, {{"count", "1.5"}, {"colour", "黑"}})), "total"), "37.50");
  // What was dropped comes back with its values.
  text.replace(text.find("  - {name: price"), 0, "  - {name: serial, label: 序列号, type: text, unique: true}\n");
  EXPECT_EQ(take(registers_->apply(console_, text, "")).steps.at(0).kind, "restore");
  EXPECT_EQ(value(take(registers_->record(li_, "loan", r.id)), "serial"), "S1");
  EXPECT_EQ(wrong(registers_->create(li_, "loan", {{"thing", "b"}, {"colour", "白"}, {"serial", "S1"}})).id,
            "record.duplicate");
  EXPECT_TRUE(take(registers_->apply(console_, text, "")).unchanged);
  EXPECT_EQ(take(registers_->versions(li_, "loan")).size(), 3U);
  EXPECT_EQ(take(registers_->yaml(li_, "loan", 1)), kLoan);
}

TEST_P(RegistersTest, AChangeThatWouldLoseSomethingIsRefused) {
  (void)add(li_, {{"item", "投影仪"}, {"price", "12.50"}, {"size", "large"}});
  (void)add(li_, {{"item", "投影仪"}});
  for (const auto& [what, to] :
       Pairs{{"label: 单价, type: money", "label: 单价, type: date"},
             {", {code: large, label: 大}", ""},
             {"name: out,", "name: lent,"},
             {"label: {zh: 物品, en: Item}, type: text", "label: {zh: 物品, en: Item}, unique: true, type: text"}}) {
    auto text = changed(what, to);
    if (to == "name: lent,") text = text.replace(text.find("from: [out]"), 11, "from: [lent]");
    EXPECT_TRUE(take(registers_->plan(console_, text)).blocked()) << what;
    EXPECT_EQ(wrong(registers_->apply(console_, text, "")).id, "register.blocked") << what;
  }
  EXPECT_EQ(wrong(registers_->apply(console_, changed("role:data_user", "role:boss"), "")).id, "register.role");
  EXPECT_EQ(wrong(registers_->apply(console_, changed("target: loan", "target: nothing"), "")).id, "register.target");
  EXPECT_EQ(take(registers_->find(li_, "loan")).version, 1);
}

TEST_P(RegistersTest, RemovedRecordsKeepTheirHistoryAndTheirNumber) {
  auto r = add(li_, {{"item", "投影仪"}, {"serial", "S1"}});
  EXPECT_TRUE(registers_->remove(li_, "loan", r.id, 1, "登记错了"));
  EXPECT_TRUE(numbers(li_, {}).empty());
  EXPECT_EQ(wrong(registers_->record(li_, "loan", r.id)).code, Code::not_found);
  EXPECT_EQ(add(li_, {{"item", "投影仪"}, {"serial", "S1"}}).number, "JY-2026-002");
  auto rows = store().read([&](store::Session& s) {
    return s.query("SELECT action, comment FROM register_change WHERE record_id = ? ORDER BY id", {r.id});
  });
  ASSERT_EQ(take(rows).size(), 2U);
  EXPECT_EQ(take(rows)[1].text(1), "登记错了");
}

TEST_P(RegistersTest, TheBuiltInOnesAreMadeOnceAndFollowTheProgramUntilTheyAreChanged) {
  EXPECT_TRUE(registers_->install_builtins());
  auto before = take(registers_->list(console_)).size();
  EXPECT_GT(before, 1U);
  EXPECT_TRUE(registers_->install_builtins());
  EXPECT_EQ(take(registers_->list(console_)).size(), before);
  EXPECT_EQ(take(registers_->find(console_, "contracts")).origin, "builtin");
  auto yaml = take(registers_->yaml(console_, "contracts"));
  (void)take(registers_->apply(console_, yaml + "\n# ours\n", ""));
  EXPECT_TRUE(registers_->install_builtins());
  EXPECT_EQ(take(registers_->find(console_, "contracts")).version, 2);
  EXPECT_EQ(take(registers_->find(console_, "contracts")).origin, "local");
  auto made = take(registers_->create(
      li_, "contracts",
      {{"name", "机房维保"}, {"kind", "operation"}, {"party", "甲公司"}, {"amount", "100000"}, {"paid", "25000"}}));
  EXPECT_EQ(value(made, "paid_share", "contracts"), "25.0");
}

TEST_P(RegistersTest, FilesGoWithTheirRecord) {
  auto r = add(li_, {{"item", "投影仪"}, {"keeper", "wang"}});
  auto writer = take(blobs_->create());
  ASSERT_TRUE(writer->write("照片"));
  auto content = take(writer->commit());
  EXPECT_EQ(wrong(registers_->attach(li_, "loan", r.id, "item", "a.jpg", content)).subject, "field");
  EXPECT_EQ(wrong(registers_->attach(wang_, "loan", r.id, "photo", "a.jpg", content)).code, Code::forbidden);
  EXPECT_EQ(wrong(registers_->attach(zhao_, "loan", r.id, "photo", "a.jpg", content)).code, Code::not_found);
  auto file = take(registers_->attach(li_, "loan", r.id, "photo", "../机身 1.jpg", content));
  EXPECT_EQ(file.name, "机身 1.jpg");
  EXPECT_EQ(value(take(registers_->record(wang_, "loan", r.id)), "photo"), 1);
  EXPECT_EQ(take(registers_->files(wang_, "loan", r.id)).at(0).blob, content.sha256);
  EXPECT_EQ(wrong(registers_->file(zhao_, "loan", r.id, file.id)).code, Code::not_found);
  EXPECT_TRUE(take(registers_->uses_blob(content.sha256)));
  ASSERT_TRUE(registers_->detach(li_, "loan", r.id, file.id));
  EXPECT_EQ(value(take(registers_->record(li_, "loan", r.id)), "photo"), 0);
  EXPECT_EQ(take(registers_->changes(li_, "loan", r.id)).back().action, "detach");
  // It is part of the history.
  EXPECT_TRUE(take(registers_->uses_blob(content.sha256)));
}

TEST_P(RegistersTest, SheetsGoOutAndComeBack) {
  auto read = [&](const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  };
  auto write = [&](std::string_view text) {
    auto path = folder() / "in.csv";
    std::ofstream(path, std::ios::binary) << text;
    return path;
  };
  (void)add(li_, {{"item", "=1+1"}, {"price", "1250.50"}, {"size", "small"}, {"back", "2026-12-01"}});
  auto file = take(registers_->write_sheet(li_, "loan", {}, SheetFormat::csv, Lang::zh));
  EXPECT_THAT(read(file.path), HasSubstr("\nJY-2026-001,借出,\"'=1+1\",,1,1250.50,1250.50,小,,,2026-12-01,,,0,民政局,李,"));
  for (auto format : {SheetFormat::csv, SheetFormat::xlsx}) {
    auto out = take(registers_->write_sheet(li_, "loan", {}, format, Lang::zh));
    auto again = take(registers_->read_sheet(li_, "loan", out.path, format == SheetFormat::csv ? "a.csv" : "a.xlsx", true));
    EXPECT_EQ(again.rows, 1);
    EXPECT_EQ(again.changed, 0);  // as it went out
    EXPECT_TRUE(again.errors.empty()) << again.errors[0].text.zh;
  }
  auto rows = write(
      "借用登记\n编号,物品,单价（元）,归还,保管人\n,相机,99.9,2026/12/3,王\nJY-2026-001,投影仪,1250.5,2026-12-01,wang\n,,,,\n");
  auto trial = take(registers_->read_sheet(li_, "loan", rows, "in.csv", true));
  EXPECT_EQ(trial.added, 1);
  EXPECT_EQ(trial.changed, 1);
  EXPECT_EQ(numbers(li_, {}).size(), 1U);
  auto done = take(registers_->read_sheet(li_, "loan", rows, "in.csv", false));
  EXPECT_EQ(done.added, 1);
  EXPECT_EQ(done.changed, 1);
  EXPECT_EQ(value(take(registers_->record(li_, "loan", "JY-2026-001")), "item"), "投影仪");
  EXPECT_EQ(value(take(registers_->record(li_, "loan", "JY-2026-002")), "keeper").at("name"), "王");
  // One wrong row keeps all of them out.
  auto wrong_rows =
      take(registers_->read_sheet(li_, "loan", write("物品,单价,大小\n甲,1,小\n乙,一元,小\n,3,中\n"), "in.csv", false));
  ASSERT_EQ(wrong_rows.errors.size(), 2U);
  EXPECT_EQ(wrong_rows.errors[0].row, 3U);
  EXPECT_EQ(wrong_rows.errors[0].column, "单价");
  EXPECT_EQ(wrong_rows.errors[1].row, 4U);
  EXPECT_EQ(numbers(li_, {}).size(), 2U);
  EXPECT_EQ(wrong(registers_->read_sheet(li_, "loan", write("甲,乙\n1,2\n"), "in.csv", false)).id, "register.import_head");
}

TEST_P(RegistersTest, RecordsAreWrittenAtOnceByMany) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 10; ++n) (void)registers_->create(li_, "loan", {{"item", "并发"}});
    });
  for (auto& t : threads) t.join();
  auto all = numbers(li_, {{"_size", "100"}, {"_sort", "number"}});
  ASSERT_EQ(all.size(), 40U);  // no number twice, none left out
  EXPECT_EQ(all.front(), "JY-2026-001");
  EXPECT_EQ(all.back(), "JY-2026-040");
}

}  // namespace
}  // namespace qushu::registers
