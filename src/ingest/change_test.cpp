#include <random>

#include <gmock/gmock.h>

#include "change_fixture.h"

namespace qushu::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

QUSHU_ON_BOTH_STORES(ChangeTest);

struct Told {
  std::uint64_t read, added, changed, deleted, unchanged, rejected, published;
  friend bool operator==(const Told&, const Told&) = default;
};
std::ostream& operator<<(std::ostream& out, const Told& t) {
  return out << fmt::format("read {} added {} changed {} deleted {} unchanged {} rejected {} rows {}", t.read, t.added,
                            t.changed, t.deleted, t.unchanged, t.rejected, t.published);
}
Told told(const catalog::Version& v) {
  return {v.read, v.added, v.changed, v.deleted, v.unchanged, v.rejected, v.published};
}

TEST_P(ChangeTest, UpsertWritesOnlyWhatIsNewOrDiffers) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}, {"c", "丙", {}}, {"d", {}, 4}}));
  auto first = version();
  auto v = apply(Mode::upsert, incoming({{"b", "乙", 2}, {"c", "丙", 3}, {"d", {}, {}}, {"e", "戊", 5}}));
  EXPECT_EQ(told(v), (Told{4, 1, 2, 0, 1, 0, 5}));
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "b|乙|2", "c|丙|3", "d|-|-", "e|戊|5"));
  ASSERT_EQ(v.parts.size(), 2U);
  EXPECT_EQ(v.parts[0].blob, first.parts[0].blob);
  EXPECT_EQ(v.parts[1].rows, 3U);
  ASSERT_EQ(v.deletes.size(), 1U);
  EXPECT_EQ(v.deletes[0].rows, 2U);
  expect_ids(v);
  EXPECT_EQ(dataset().rows, 5U);
  // The line in the source can be told from the `_id`; a row that stays keeps its own.
  auto select = take(sharing::rows_of(v, *blobs_)).select;
  EXPECT_THAT(lines(fmt::format("SELECT _id - {} FROM ({}) AS r WHERE code = 'e'", v.parts[1].first_id, select)),
              ElementsAre("4"));
  EXPECT_THAT(lines(fmt::format("SELECT _id FROM ({}) AS r WHERE code = 'b'", select)), ElementsAre("2"));
  // What was before is still there.
  EXPECT_THAT(rows(version(1)), ElementsAre("a|甲|1", "b|乙|2", "c|丙|-", "d|-|4"));
  // Nothing new: nothing is written.
  auto same = apply(Mode::upsert, incoming({{"a", "甲", 1}, {"e", "戊", 5}}));
  EXPECT_EQ(told(same), (Told{2, 0, 0, 0, 2, 0, 5}));
  EXPECT_EQ(same.parts.size(), 2U);
}

TEST_P(ChangeTest, KeysThatAreEmptyOrComeTwiceAreRejectedWithTheirReason) {
  apply(Mode::full, incoming({{"a", "甲", 1}}));
  auto in = incoming({{"b", "一", 1}, {{}, "无", 2}, {"b", "二", 3}, {"", "空", 4}, {"a", "新", 5}});
  auto v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{5, 1, 1, 0, 0, 3, 2}));
  EXPECT_THAT(rows(), ElementsAre("a|新|5", "b|二|3"));
  EXPECT_THAT(rejects(v), ElementsAre("1|code|the key comes again in line 3, which counts|b,一,1",
                                      "2|code|the key is empty|,无,2", "4|code|the key is empty|,空,4"));
  in.repeated = Repeated::reject;
  v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{5, 0, 0, 0, 1, 4, 2}));
  in.repeated = Repeated::apply;
  v = apply(Mode::upsert, incoming({{"z", "零", 0}, {"z", "零", 1}}));
  EXPECT_EQ(v.rejected, 1U);
  in = incoming({{"y", "零", 0}, {"y", "零", 1}, {"y", "零", 2}});
  in.repeated = Repeated::apply;
  v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 1, 2, 0, 0, 0, 4}));
  EXPECT_THAT(rejects(v), IsEmpty());
}

TEST_P(ChangeTest, AppendAddsLeavesOutWhatIsThereAndRefusesTakenKeys) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}}));
  auto v = apply(Mode::append, incoming({{"b", "乙", 2}, {"a", "别", 9}, {"c", "丙", 3}}));
  EXPECT_EQ(told(v), (Told{3, 1, 0, 0, 1, 1, 3}));
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "b|乙|2", "c|丙|3"));
  EXPECT_THAT(rejects(v), ElementsAre(HasSubstr("the key exists with other values")));
  expect_ids(v);
}

TEST_P(ChangeTest, ADraftThatStandsAsItCameIsNotWrittenAgain) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}}));
  auto draft = [&](std::int64_t first_id, const std::string& rows) {
    auto in = incoming({});
    in.select.clear();
    auto file = blobs_->temporary_folder() / "draft.parquet";
    take(engine_->execute(
        {.sql = fmt::format("COPY (SELECT CAST(_id + {} AS BIGINT) AS _id, code, name, CAST(number AS BIGINT) AS "
                            "number FROM (VALUES {}) t(_id, code, name, number)) TO {} (FORMAT parquet)",
                            first_id, rows, engine::quote_text(file.string()))}));
    auto blob = take(blobs_->adopt(file));
    in.parts = {{.blob = blob.sha256, .rows = 3, .bytes = blob.size, .first_id = first_id}};
    return in;
  };
  auto told_parts = [&](const catalog::Version& v) {
    expect_ids(v);
    return std::pair(v.parts.back().blob, v.parts.back().first_id);
  };
  auto next = version().next_id;
  auto in = draft(next, "(1, 'c', '丙', 3), (2, 'd', '丁', 4), (3, 'a', '新', 1)");
  auto v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 2, 1, 0, 0, 0, 4}));
  EXPECT_EQ(told_parts(v), std::pair(in.parts[0].blob, next));
  EXPECT_THAT(rows(), ElementsAre("a|新|1", "b|乙|2", "c|丙|3", "d|丁|4"));
  // A row that is there already, one that is left out, or another version meanwhile: written again, and numbered anew.
  in = draft(v.next_id, "(1, 'c', '丙', 3), (2, 'e', '戊', 5), (3, 'f', '己', 6)");
  auto behind = v.next_id;
  v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 2, 0, 0, 1, 0, 6}));
  EXPECT_NE(told_parts(v).first, in.parts[0].blob);
  EXPECT_EQ(v.parts.back().first_id, behind);
  in = draft(v.next_id, "(1, 'g', '庚', 3), (2, '', '空', 5), (3, 'h', '辛', 6)");
  v = apply(Mode::append, in);
  EXPECT_EQ(told(v), (Told{3, 2, 0, 0, 0, 1, 8}));
  EXPECT_NE(told_parts(v).first, in.parts[0].blob);
  EXPECT_THAT(rejects(v), ElementsAre("2|code|the key is empty|,空,5"));
  in = draft(next, "(1, 'i', '壬', 3), (2, 'j', '癸', 5), (3, 'k', '子', 6)");
  behind = v.next_id;
  v = apply(Mode::append, in);
  EXPECT_NE(told_parts(v).first, in.parts[0].blob);
  EXPECT_EQ(v.parts.back().first_id, behind);
  in = draft(v.next_id, "(1, 'l', '丑', 3), (2, 'm', '寅', 5), (3, 'n', '卯', 6)");
  v = apply(Mode::append, in);
  EXPECT_EQ(told_parts(v).first, in.parts[0].blob);
  EXPECT_EQ(v.published, 14U);
  // In a full load it stands by itself, wherever its numbers begin.
  v = apply(Mode::full, draft(v.next_id, "(1, 'a', '甲', 3), (2, 'b', '乙', 5), (3, 'c', '丙', 6)"));
  expect_ids(v);
  EXPECT_THAT(rows(), ElementsAre("a|甲|3", "b|乙|5", "c|丙|6"));
}

// Files of one delivery: what one does not have is empty in new rows and stays as it was in those that are there.
TEST_P(ChangeTest, PartsMayDifferInTheirColumns) {
  auto part = [&](std::int64_t first_id, const std::string& columns, const std::string& rows, std::uint64_t count) {
    auto file = blobs_->temporary_folder() / "part.parquet";
    take(engine_->execute(
        {.sql = fmt::format("COPY (SELECT CAST(_id + {} AS BIGINT) AS _id, {} FROM (VALUES {}) t(_id, {})) TO {} "
                            "(FORMAT parquet)",
                            first_id, columns, rows, columns, engine::quote_text(file.string()))}));
    auto blob = take(blobs_->adopt(file));
    return catalog::Part{.blob = blob.sha256, .rows = count, .bytes = blob.size, .first_id = first_id};
  };
  auto both = [&] {
    auto in = incoming({});
    in.select.clear();
    std::erase_if(in.fields, [](const catalog::Field& f) { return f.id == "number"; });
    const std::vector<catalog::PartColumn> known = catalog::columns_of(in.fields);
    in.parts = {part(0, "code, name", "(1, 'a', '变'), (2, 'b', '乙'), (3, 'x', '新')", 3)};
    in.parts[0].columns = known;
    in.fields = incoming({}).fields;
    in.parts.push_back(part(3, "number, code", "(1, CAST(7 AS BIGINT), 'c'), (2, 8, 'y'), (3, 4, 'd')", 3));
    in.parts[1].columns = {{.id = "number", .type = engine::Type::integer}, known[0]};
    return in;
  };
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}, {"c", "丙", 3}, {"d", "丁", 4}}));
  auto v = apply(Mode::upsert, both());
  EXPECT_EQ(told(v), (Told{6, 2, 2, 0, 2, 0, 6}));
  EXPECT_THAT(rows(), ElementsAre("a|变|1", "b|乙|2", "c|丙|7", "d|丁|4", "x|新|-", "y|-|8"));
  expect_ids(v);
  v = apply(Mode::full, both());
  EXPECT_EQ(told(v), (Told{6, 0, 4, 0, 2, 0, 6}));
  EXPECT_THAT(rows(), ElementsAre("a|变|-", "b|乙|-", "c|-|7", "d|-|4", "x|新|-", "y|-|8"));
  // Appending: those whose values are there as they came are left out.
  apply(Mode::full, incoming({{"a", "变", 9}, {"z", "尾", 1}}));
  v = apply(Mode::append, both());
  EXPECT_EQ(told(v), (Told{6, 5, 0, 0, 1, 0, 7}));
  EXPECT_THAT(rows(), ElementsAre("a|变|9", "b|乙|-", "c|-|7", "d|-|4", "x|新|-", "y|-|8", "z|尾|1"));
}

TEST_P(ChangeTest, AppendWithoutAKeyAddsEverything) {
  apply(Mode::append, incoming({{"a", "甲", 1}}, false));
  auto v = apply(Mode::append, incoming({{"a", "甲", 1}, {{}, {}, {}}}, false));
  EXPECT_EQ(told(v), (Told{2, 2, 0, 0, 0, 0, 3}));
  EXPECT_THAT(rows(), ElementsAre("-|-|-", "a|甲|1", "a|甲|1"));
  expect_ids(v);
  EXPECT_EQ(prepare(Mode::upsert, incoming({{"a", "甲", 1}}, false)).error().id, "dataset.no_key");
}

TEST_P(ChangeTest, WhatDoesNotComeIsDeletedWhenAskedFor) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}, {"c", "丙", 3}}));
  auto in = incoming({{"a", "甲", 1}, {"c", "变", 3}, {"d", "丁", 4}});
  in.delete_missing = true;
  auto v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 1, 1, 1, 1, 0, 3}));
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "c|变|3", "d|丁|4"));
  expect_ids(v);
}

TEST_P(ChangeTest, RowsAreRemovedByTheirKey) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}}));
  auto in = incoming({{"a", {}, {}, true}, {"x", {}, {}, true}, {"c", "丙", 3}});
  in.removals = true;
  auto v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 1, 0, 1, 1, 0, 2}));
  EXPECT_THAT(rows(), ElementsAre("b|乙|2", "c|丙|3"));
}

TEST_P(ChangeTest, AFullLoadTellsWhatItChanged) {
  EXPECT_EQ(told(apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}, {"c", {}, 3}}))), (Told{3, 3, 0, 0, 0, 0, 3}));
  EXPECT_EQ(told(apply(Mode::full, incoming({{"a", "甲", 1}, {"c", "丙", 3}, {"d", "丁", 4}}))), (Told{3, 1, 1, 1, 1, 0, 3}));
  // Of several rows with one key the last one counts.
  auto repeated = incoming({{"a", "甲", 1}, {"a", "甲", 1}, {"a", "乙", 1}, {"d", "丁", 4}});
  EXPECT_EQ(told(apply(Mode::full, repeated)), (Told{4, 0, 1, 1, 1, 2, 2}));
  EXPECT_THAT(rows(), ElementsAre("a|乙|1", "d|丁|4"));
  // Where publication does not wait for the keys, that is no reason to fail, nor to count a row twice.
  settings_.set("ingest.key_check_rows", "3").value();
  auto v = apply(Mode::full, repeated);
  EXPECT_EQ(v.added + v.changed + v.unchanged, 4U);
  EXPECT_EQ(v.rejected, 0U);
  settings_.set("ingest.compare_full", "false").value();
  EXPECT_EQ(told(apply(Mode::full, incoming({{"a", "甲", 1}}))), (Told{1, 1, 0, 0, 0, 0, 1}));
  EXPECT_TRUE(version().deletes.empty());
}

TEST_P(ChangeTest, FieldsComeGoAndWiden) {
  apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 2}}));
  Incoming in{.fields = {field("code", engine::Type::text, true), field("number"), field("added", engine::Type::date)}};
  in.select =
      "SELECT CAST(_id AS BIGINT) AS _id, code, number, added FROM (VALUES (1, 'b', 'zwei', DATE '2024-02-01'), (2, 'c', '3', "
      "NULL)) t(_id, code, number, added)";
  auto v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{2, 1, 1, 0, 0, 0, 3}));
  // What the load does not have stays as it was; what is new is empty in older rows; a number that became text is text.
  EXPECT_THAT(rows(), ElementsAre("a|甲|1|-", "b|乙|zwei|2024-02-01", "c|-|3|-"));
  EXPECT_EQ(v.fields.at(2).type, engine::Type::text);
  EXPECT_THAT(rows(version(1)), ElementsAre("a|甲|1", "b|乙|2"));
  in.fields = {field("name")};
  EXPECT_EQ(prepare(Mode::upsert, in).error().id, "change.key_missing");
}

TEST_P(ChangeTest, AnotherVersionMeanwhileIsNoticed) {
  apply(Mode::full, incoming({{"a", "甲", 1}}));
  auto late = take(prepare(Mode::upsert, incoming({{"b", "乙", 2}})));
  apply(Mode::upsert, incoming({{"c", "丙", 3}}));
  EXPECT_EQ(publish(late).error().id, "dataset.moved");
  apply(Mode::upsert, incoming({{"b", "乙", 2}}));
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "b|乙|2", "c|丙|3"));
}

TEST_P(ChangeTest, QualityRejectsRowsAndStopsChanges) {
  std::vector<std::string> seen;
  std::uint64_t whole = 0;
  bool stop = false;
  std::int64_t kept = 0;
  changes_->on_examine([&](const Candidate& c) -> Result<Verdict> {
    seen = lines("SELECT code FROM (" + c.rows + ") AS r");
    whole = lines("SELECT code FROM (" + c.whole + ") AS r").size();
    EXPECT_EQ(whole, c.whole_count);
    EXPECT_EQ(seen.size(), c.row_count);
    Verdict v{.keep = [&](store::Transaction&, const catalog::Dataset&, std::int64_t number) -> Result<void> {
      kept = number;
      return {};
    }};
    if (stop) v.stop = Error{.code = Code::invalid, .id = "quality.stop", .text = {"停", "stop"}};
    v.rejects = folder() / fmt::format("q{}.parquet", seen.size() + whole);
    take(engine_->execute(
        {.sql = fmt::format("COPY (SELECT _id, 'number' AS field, CAST(number AS VARCHAR) AS value, '太大' AS reason_zh, "
                            "'too large' AS reason_en FROM ({}) AS r WHERE number > 100) TO {} (FORMAT parquet)",
                            c.rows, engine::quote_text(v.rejects.string()))}));
    return v;
  });
  auto v = apply(Mode::full, incoming({{"a", "甲", 1}, {"b", "乙", 200}, {"c", "丙", 3}}));
  EXPECT_EQ(told(v), (Told{3, 2, 0, 0, 0, 1, 2}));
  EXPECT_EQ(kept, 1);
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "c|丙|3"));
  EXPECT_THAT(rejects(v), ElementsAre("2|number|too large|b,乙,200"));
  expect_ids(v);
  v = apply(Mode::upsert, incoming({{"a", "甲", 500}, {"c", "丙", 4}, {"d", "丁", 600}, {"e", "戊", 5}}));
  EXPECT_THAT(seen, ElementsAre("a", "c", "d", "e"));
  EXPECT_EQ(whole, 4U);
  EXPECT_EQ(told(v), (Told{4, 1, 1, 0, 0, 2, 3}));
  EXPECT_THAT(rows(), ElementsAre("a|甲|1", "c|丙|4", "e|戊|5"));
  expect_ids(v);
  stop = true;
  EXPECT_EQ(prepare(Mode::upsert, incoming({{"f", "己", 6}})).error().id, "quality.stop");
}

TEST_P(ChangeTest, TheCountsOfTheWayAddUpOrNothingIsPublished) {
  auto in = incoming({{"a", "甲", 1}});
  in.counts = []() -> Result<Incoming::Counts> { return Incoming::Counts{.read = 3, .rejected = 1}; };
  EXPECT_EQ(prepare(Mode::full, in).error().code, Code::internal);
  in.counts = []() -> Result<Incoming::Counts> { return Incoming::Counts{.read = 3, .rejected = 2}; };
  EXPECT_EQ(told(apply(Mode::full, in)), (Told{3, 1, 0, 0, 0, 2, 1}));
}

// Looking rows up instead of reading the version's parts changes nothing but the way.
TEST_P(ChangeTest, WhatIsLookedUpCountsLikeWhatIsRead) {
  std::vector<Row> many;
  for (int i = 0; i < 200; ++i) many.push_back({fmt::format("k{}", i), "n", i});
  apply(Mode::full, incoming(many));
  int asked = 0;
  changes_->on_find([&](const catalog::Version& base, const std::vector<catalog::Field>& of, const std::string& rows,
                        const Cancelled&) -> Result<std::optional<std::vector<Found>>> {
    ++asked;
    EXPECT_EQ(of.size(), 3U);
    std::vector<Found> found;
    auto cursor = take(
        engine_->run({.sql = fmt::format("SELECT r._id, b._id, r.name IS DISTINCT FROM b.name OR r.number IS DISTINCT FROM "
                                         "b.number FROM ({}) AS r JOIN ({}) AS b ON r.code = b.code",
                                         rows, take(sharing::rows_of(base, *blobs_)).select)}));
    while (const auto* chunk = take(cursor->next()))
      for (std::size_t r = 0; r < chunk->rows(); ++r)
        found.push_back({.new_id = chunk->integer(0, r), .old_id = chunk->integer(1, r), .differs = chunk->integer(2, r) != 0});
    return found;
  });
  auto v = apply(Mode::upsert, incoming({{"k1", "n", 1}, {"k2", "neu", 2}, {"x", "n", 1}, {"k3", "n", 3}, {"k3", "n", 4}}));
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(told(v), (Told{5, 1, 2, 0, 1, 1, 201}));
  auto in = incoming({{"k1", {}, {}, true}, {"k2", "neu", 2}, {"none", {}, {}, true}});
  in.removals = true;
  v = apply(Mode::upsert, in);
  EXPECT_EQ(told(v), (Told{3, 0, 0, 1, 2, 0, 200}));
  v = apply(Mode::append, incoming({{"k4", "n", 4}, {"k5", "anders", 5}, {"neu", "n", 1}}));
  EXPECT_EQ(told(v), (Told{3, 1, 0, 0, 1, 1, 201}));
  EXPECT_EQ(asked, 3);
  expect_ids(v);
  // A load that is large beside the version is joined with it.
  apply(Mode::upsert, incoming(many));
  EXPECT_EQ(asked, 3);
}

// Any sequence of changes leaves what the same sequence leaves in a map.
TEST_P(ChangeTest, IsWhatAPlainMapWouldBe) {
  std::mt19937 random(20261125);
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::map<std::string, std::string> model;
  std::map<std::int64_t, std::map<std::string, std::string>> history;
  auto shown = [](const Row& r) {
    return fmt::format("{}|{}|{}", *r.code, r.name.value_or("-"), r.number ? fmt::format("{}", *r.number) : "-");
  };
  for (int step = 0; step < 40; ++step) {
    std::vector<Row> batch;
    for (int i = pick(12); i > 0; --i) {
      Row row{.code = fmt::format("k{}", pick(25)), .name = std::nullopt, .number = std::nullopt};
      if (pick(4) > 0) row.name = fmt::format("n{}", pick(3));
      if (pick(4) > 0) row.number = pick(3);
      batch.push_back(std::move(row));
    }
    std::map<std::string, std::string> last;
    for (const auto& row : batch) last[*row.code] = shown(row);
    auto before = model;
    auto action = pick(10);
    catalog::Version v;
    if (action == 0) {
      std::vector<Row> unique;
      for (auto& row : batch)
        if (last.at(*row.code) == shown(row) && last.erase(*row.code) > 0) unique.push_back(row);
      v = apply(Mode::full, incoming(unique));
      model.clear();
      for (const auto& row : unique) model[*row.code] = shown(row);
    } else if (action <= 2) {
      v = apply(Mode::append, incoming(batch));
      for (const auto& [code, row] : last) model.emplace(code, row);
    } else if (action == 3 && history.size() > 1) {
      auto to = std::next(history.begin(), pick(static_cast<int>(history.size())));
      if (to->first == version().number) continue;
      take(catalog_->roll_back(Actor::system(), dataset().id, to->first));
      model = to->second;
      v = version();
    } else {
      auto in = incoming(batch);
      in.delete_missing = action == 4;
      if (action >= 8) {
        in.removals = true;
        in.repeated = Repeated::apply;
        for (auto& row : batch) row.removed = pick(3) == 0;
        auto with = incoming(batch);
        in.select = with.select;
      }
      v = apply(Mode::upsert, in);
      if (in.delete_missing) std::erase_if(model, [&](const auto& entry) { return !last.contains(entry.first); });
      for (const auto& row : batch) {
        if (in.removals && row.removed)
          model.erase(*row.code);
        else if (in.removals)
          model[*row.code] = shown(row);
      }
      if (!in.removals)
        for (const auto& [code, row] : last) model[code] = row;
    }
    history[v.number] = model;
    std::vector<std::string> expected;
    for (const auto& [code, row] : model) expected.push_back(row);
    std::ranges::sort(expected);
    ASSERT_EQ(rows(v), expected) << "step " << step << " action " << action;
    expect_ids(v);
    if (HasFailure()) return;
  }
  for (const auto& [number, then] : history) {
    std::vector<std::string> expected;
    for (const auto& [code, row] : then) expected.push_back(row);
    std::ranges::sort(expected);
    EXPECT_EQ(rows(version(number)), expected) << number;
  }
}

}  // namespace
}  // namespace qushu::ingest
