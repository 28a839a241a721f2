// What a grant shows, beside a reference that takes the grant row by row in plain code.
#include <cmath>
#include <random>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "qushu/crypto/crypto.h"

#include "policy_fixture.h"

namespace qushu::sharing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Cell = std::optional<std::string>;
using Cells = std::vector<Cell>;

struct ReferenceRow {
  std::string code;
  std::optional<std::string> name, born;
  std::optional<std::int64_t> amount;  // hundredths
  std::optional<std::int64_t> staff;
};

// --- the reference -----------------------------------------------------------------------------------------------------------

std::vector<std::string> letters(const std::string& text) {
  std::vector<std::string> out;
  for (char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) out.emplace_back();
    out.back() += c;
  }
  return out;
}

std::string hundredths(std::int64_t value) {
  auto text = fmt::format("{}.{:02}", std::abs(value) / 100, std::abs(value) % 100);
  return value < 0 ? "-" + text : text;
}

std::string in_band(std::int64_t value, std::int64_t unit, std::int64_t size) {
  auto low = value - (((value % (size * unit)) + size * unit) % (size * unit));
  return fmt::format("[{}, {})", low / unit, low / unit + size);
}

Cell reference_mask(const json::object& mask, const std::string& field, const ReferenceRow& row, const Cell& plain,
                    const std::string& key) {
  std::string kind(mask.at("kind").as_string());
  if (kind == "constant") return std::string(mask.at("value").as_string());
  if (!plain || kind == "none") return plain;
  auto all = letters(*plain);
  if (kind == "partial") {
    auto first = static_cast<std::size_t>(mask.at("first").as_int64()),
         last = static_cast<std::size_t>(mask.at("last").as_int64());
    bool whole = first + last >= all.size();
    std::string out;
    for (std::size_t i = 0; i < all.size(); ++i) out += !whole && (i < first || i >= all.size() - last) ? all[i] : "*";
    return out;
  }
  if (kind == "prefix") {
    std::string out;
    for (std::size_t i = 0; i < all.size() && i < static_cast<std::size_t>(mask.at("length").as_int64()); ++i) out += all[i];
    return out;
  }
  if (kind == "hash")
    return crypto::to_hex(
        crypto::hmac(key, *plain, mask.at("algorithm").as_string() == "hmac-sm3" ? crypto::Hash::sm3 : crypto::Hash::sha256));
  if (kind == "date") {
    auto to = mask.at("to").as_string();
    if (to == "year") return plain->substr(0, 4);
    if (to == "month") return plain->substr(0, 7);
    return fmt::format("{}-Q{}", plain->substr(0, 4), (std::stoi(plain->substr(5, 2)) - 1) / 3 + 1);
  }
  auto size = std::stoll(std::string(mask.at("size").as_string()));
  return field == "amount" ? in_band(*row.amount, 100, size) : in_band(*row.staff, 1, size);
}

struct Filter {
  std::string sql;
  std::function<bool(const ReferenceRow&)> lets;
};

class GrantTest : public PolicyTest {
 protected:
  void SetUp() override {
    PolicyTest::SetUp();
    std::mt19937 dice(7);
    const std::vector<std::string> names{"张三", "欧阳修远", "李", "王小明", "Ann", ""};
    std::string values;
    for (int n = 0; n < 300; ++n) {
      ReferenceRow row{.code = fmt::format("{:04d}", n), .name = {}, .born = {}, .amount = {}, .staff = {}};
      if (dice() % 8 != 0) row.name = names[dice() % names.size()];
      if (dice() % 8 != 0) row.born = fmt::format("{}-{:02d}-{:02d}", 1950 + dice() % 70, 1 + dice() % 12, 1 + dice() % 28);
      if (dice() % 8 != 0) row.amount = static_cast<std::int64_t>(dice() % 400'000) - 200'000;
      if (dice() % 8 != 0) row.staff = static_cast<std::int64_t>(dice() % 200) - 20;
      values += fmt::format("{}({}, '{}', {}, {}, {}, {})", n == 0 ? "" : ", ", n + 1, row.code,
                            row.name ? "'" + *row.name + "'" : "NULL", row.born ? "DATE '" + *row.born + "'" : "NULL",
                            row.amount ? hundredths(*row.amount) : "NULL", row.staff ? std::to_string(*row.staff) : "NULL");
      rows_.push_back(std::move(row));
    }
    make("staff", "从业人员", "d1",
         "SELECT CAST(_id AS BIGINT) AS _id, code, name, born, CAST(amount AS DECIMAL(12, 2)) AS amount, CAST(staff AS BIGINT) "
         "AS "
         "staff FROM (VALUES " +
             values + ") t(_id, code, name, born, amount, staff)",
         300,
         {{.id = "code", .name = "编号", .key = true},
          {.id = "name", .name = "姓名"},
          {.id = "born", .name = "出生日期", .type = engine::Type::date},
          {.id = "amount", .name = "金额", .type = engine::Type::decimal, .width = 12, .scale = 2},
          {.id = "staff", .name = "人数", .type = engine::Type::integer}});
    dataset_ = take(catalog_->find({.all = true}, "staff"));
    user_ = who("u", {"d2"}, {Permission::dataset_read, Permission::sql});
    user_.from = "10.1.2.3";
    steward_ = who("s", {"d1"}, {Permission::dataset_read, Permission::dataset_write});
  }

  Grant add(const json::object& terms) {
    auto checked = take(terms_of(*engine_, dataset_, terms, calendar_->zone()));
    return take(store().write([&](store::Transaction& t) {
      return grants_->add(t, steward_,
                          {.dataset_id = dataset_.id,
                           .dataset_code = "staff",
                           .dataset_title = "从业人员",
                           .provider_id = "d1",
                           .provider_name = "甲局",
                           .department_id = "d2",
                           .department_name = "乙局",
                           .terms = checked});
    }));
  }
  static json::object terms(const json::array& fields, const std::string& filter = "") {
    return {{"fields", fields}, {"row_filter", filter}, {"methods", json::array{"api", "sql"}}, {"purpose", "核对"}};
  }
  static json::array plain_fields() { return {json::object{{"id", "code"}}, json::object{{"id", "name"}}}; }
  std::vector<Cells> read(const std::string& sql, std::size_t columns) {
    auto cursor = take(engine_->run({.sql = sql}));
    std::vector<Cells> out;
    while (const auto* chunk = take(cursor->next()))
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        Cells row;
        for (std::size_t c = 0; c < columns; ++c) {
          row.emplace_back();
          if (!chunk->is_null(c, r)) chunk->append_text(c, r, row.back().emplace());
        }
        out.push_back(std::move(row));
      }
    return out;
  }
  static Cell plain_of(const ReferenceRow& row, const std::string& field) {
    if (field == "code") return row.code;
    if (field == "name") return row.name;
    if (field == "born") return row.born;
    if (field == "amount") return row.amount ? Cell(hundredths(*row.amount)) : Cell();
    return row.staff ? Cell(std::to_string(*row.staff)) : Cell();
  }

  std::vector<ReferenceRow> rows_;
  catalog::Dataset dataset_;
  Actor user_, steward_;
};
QUSHU_ON_BOTH_STORES(GrantTest);

TEST_P(GrantTest, ShowsWhatARowByRowReferenceShows) {
  std::mt19937 dice(11);
  auto pick = [&](const auto& list) { return list[dice() % list.size()]; };
  const std::vector<json::object> of_text{{{"kind", "none"}},
                                          {{"kind", "partial"}, {"first", 1}, {"last", 0}},
                                          {{"kind", "partial"}, {"first", 1}, {"last", 1}},
                                          {{"kind", "hash"}, {"algorithm", "hmac-sha256"}},
                                          {{"kind", "hash"}, {"algorithm", "hmac-sm3"}},
                                          {{"kind", "prefix"}, {"length", 2}},
                                          {{"kind", "constant"}, {"value", "o'已脱敏"}}};
  const std::vector<json::object> of_day{{{"kind", "none"}},
                                         {{"kind", "date"}, {"to", "month"}},
                                         {{"kind", "date"}, {"to", "quarter"}},
                                         {{"kind", "date"}, {"to", "year"}},
                                         {{"kind", "hash"}, {"algorithm", "hmac-sha256"}}};
  const std::vector<json::object> of_number{{{"kind", "none"}},
                                            {{"kind", "band"}, {"size", "50"}},
                                            {{"kind", "band"}, {"size", "7"}},
                                            {{"kind", "constant"}, {"value", ""}},
                                            {{"kind", "hash"}, {"algorithm", "hmac-sm3"}}};
  const std::vector<Filter> filters{
      {"", [](const ReferenceRow&) { return true; }},
      {"staff > 40", [](const ReferenceRow& r) { return r.staff && *r.staff > 40; }},
      {"name = '张三' OR born IS NULL", [](const ReferenceRow& r) { return (r.name && *r.name == "张三") || !r.born; }},
      {"amount BETWEEN -500 AND 700.5",
       [](const ReferenceRow& r) { return r.amount && *r.amount >= -50'000 && *r.amount <= 70'050; }},
      {"NOT (staff >= 100)", [](const ReferenceRow& r) { return r.staff && *r.staff < 100; }},
      // Cannot be evaluated for most rows: those are left out, without a word.
      {"CAST(name AS INTEGER) > 0 OR code < '0100'", [](const ReferenceRow& r) { return r.code < "0100" && !r.name; }},
      {"code LIKE '01%' AND born >= DATE '1990-01-01'",
       [](const ReferenceRow& r) { return r.code.starts_with("01") && r.born && *r.born >= "1990-01-01"; }}};
  const std::vector<std::string> all{"code", "name", "born", "amount", "staff"};
  for (int round = 0; round < 250; ++round) {
    json::array fields;
    std::vector<std::string> ids;
    std::vector<json::object> masks;
    for (const auto& id : all) {
      if (dice() % 4 == 0 && !(ids.empty() && id == "staff")) continue;
      auto mask = id == "born" ? pick(of_day) : id == "amount" || id == "staff" ? pick(of_number) : pick(of_text);
      fields.push_back(json::object{{"id", id}, {"mask", mask}});
      ids.push_back(id);
      masks.push_back(mask);
    }
    const auto& filter = filters[dice() % filters.size()];
    auto grant = add(terms(fields, filter.sql));
    auto key = crypto::hmac(take(crypto::load_or_create_key(folder() / "keys" / "sharing.key")), "grant:" + grant.id);
    std::vector<Cells> expected;
    for (const auto& row : rows_) {
      if (!filter.lets(row)) continue;
      Cells cells;
      for (std::size_t i = 0; i < ids.size(); ++i)
        cells.push_back(reference_mask(masks[i], ids[i], row, plain_of(row, ids[i]), key));
      expected.push_back(std::move(cells));
    }
    auto shown = take(policy_->compile_for(user_, Use::api, "staff"));
    ASSERT_EQ(shown.fields.size(), ids.size());
    std::string columns;
    for (const auto& id : ids) columns += (columns.empty() ? "" : ", ") + id;
    auto named = fmt::format("{} filter “{}”", json::serialize(fields), filter.sql);
    EXPECT_EQ(read(fmt::format("SELECT {} FROM ({}) ORDER BY _id", columns, shown.select), ids.size()), expected) << named;
    // Conditions, groups and counts are over what is shown.
    auto by = dice() % ids.size();
    std::map<Cell, std::int64_t> counts;
    for (const auto& cells : expected) ++counts[cells[by]];
    std::map<Cell, std::int64_t> found;
    for (const auto& row : read(fmt::format("SELECT {0}, count(*) FROM ({1}) GROUP BY 1", ids[by], shown.select), 2))
      found[row[0]] = std::stoll(*row[1]);
    EXPECT_EQ(found, counts) << named;
    EXPECT_EQ(shown.all_rows(), filter.sql.empty());
    take(grants_->move(steward_, grant.id, GrantState::terminated, "试毕"));
  }
}

TEST_P(GrantTest, NoExpressionMeetsWhatIsHidden) {
  auto grant = add(terms({json::object{{"id", "code"}}, json::object{{"id", "staff"}}}, "staff > 150"));
  auto run = [&](const std::string& sql) -> Result<std::vector<std::string>> {
    QS_TRY(auto allowed, policy_->sandbox(user_, sql));
    QS_TRY(auto sandbox, engine_->sandbox(std::move(allowed.spec)));
    QS_TRY(auto cursor, sandbox->run(sql, {}, {}));
    std::vector<std::string> out;
    for (;;) {
      QS_TRY(const auto* chunk, cursor->next());
      if (chunk == nullptr) return out;
      for (std::size_t r = 0; r < chunk->rows(); ++r) {
        std::string line;
        for (std::size_t c = 0; c < cursor->columns().size(); ++c) {
          line += c == 0 ? "" : "|";
          if (!chunk->is_null(c, r)) chunk->append_text(c, r, line);
        }
        out.push_back(std::move(line));
      }
    }
  };
  auto seen = take(run("SELECT code FROM staff"));
  std::size_t expected = 0;
  for (const auto& row : rows_) expected += row.staff && *row.staff > 150 ? 1 : 0;
  ASSERT_EQ(seen.size(), expected);
  ASSERT_GT(expected, 0U);
  EXPECT_EQ(take(run("SELECT count(*), min(staff) > 150, count(code) FROM staff")),
            std::vector{fmt::format("{}|true|{}", expected, expected)});
  // An expression that fails for a row that is left out is never asked about it, wherever it stands.
  for (const char* sql :
       {"SELECT code FROM staff WHERE CASE WHEN staff < 100 THEN CAST('hidden ' || code AS INTEGER) ELSE 1 END = 1",
        "SELECT sum(CASE WHEN staff < 0 THEN CAST(code || 'x' AS INTEGER) ELSE 0 END) FROM staff",
        "SELECT code FROM staff ORDER BY CASE WHEN staff = 42 THEN CAST('x' AS INTEGER) ELSE 0 END",
        "SELECT a.code FROM staff a JOIN staff b ON a.code = b.code AND CASE WHEN b.staff < 100 THEN CAST(b.code || '!' AS "
        "INTEGER) ELSE 0 END = 0"})
    EXPECT_TRUE(run(sql)) << sql << ": " << (run(sql) ? "" : run(sql).error().text.en);
  // What was not granted is not there, by any name, and neither is the mask or the table beneath.
  for (const char* sql :
       {"SELECT name FROM staff", "SELECT \"姓名\" FROM \"从业人员\"", "SELECT code FROM staff ORDER BY name",
        "SELECT code FROM staff WHERE born IS NULL", "SELECT _id FROM staff", "SELECT _shown FROM staff",
        "SELECT r.name FROM staff r", "SELECT qushu_rewrite('x', code) FROM staff",
        "SELECT a.code FROM staff a JOIN staff b ON a.name = b.name", "SELECT code FROM staff GROUP BY code, name"}) {
    auto refused = run(sql);
    ASSERT_FALSE(refused) << sql;
    EXPECT_THAT(refused.error().text.zh + refused.error().text.en + refused.error().detail, Not(HasSubstr("欧阳修远"))) << sql;
  }
}

TEST_P(GrantTest, TheNewestGrantForTheUseCountsAndOnlyWhileItHolds) {
  EXPECT_EQ(policy_->compile_for(user_, Use::api, "staff").error().code, Code::not_found);
  auto first = add(terms(plain_fields()));
  EXPECT_EQ(take(policy_->compile_for(user_, Use::api, "staff")).fields.size(), 2U);
  EXPECT_TRUE(take(policy_->compile_for(user_, Use::api, "staff")).fields[0].key);
  EXPECT_EQ(policy_->compile_for(user_, Use::file, "staff").error().id, "grant.method");
  // Read whole, by those who may: a grant is not that.
  EXPECT_FALSE(policy_->compile(user_, "staff"));
  EXPECT_THAT(take(policy_->readable(user_)), ::testing::SizeIs(1));  // her own department's
  EXPECT_EQ(take(policy_->queryable(user_)).size(), 2U);
  EXPECT_THAT(take(policy_->sandbox_whole(user_, "SELECT * FROM staff")).spec.views, IsEmpty());
  auto other = user_;
  other.department_id = "d3";
  other.departments = {"d3", "d2"};
  EXPECT_FALSE(policy_->compile_for(other, Use::api, "staff")) << "a department above the grantee holds no grant";

  auto second = add(terms({json::object{{"id", "code"}, {"mask", json::object{{"kind", "hash"}}}}}));
  auto shown = take(policy_->compile_for(user_, Use::api, "staff"));
  EXPECT_EQ(shown.grant->id, second.id);
  EXPECT_FALSE(shown.fields[0].key) << "a masked key finds nothing";
  EXPECT_TRUE(policy_->holds(shown));
  take(grants_->move(steward_, second.id, GrantState::suspended, "核查"));
  EXPECT_FALSE(policy_->holds(shown));
  EXPECT_EQ(take(policy_->compile_for(user_, Use::api, "staff")).grant->id, first.id);
  take(grants_->move(steward_, second.id, GrantState::active, ""));
  EXPECT_EQ(take(policy_->compile_for(user_, Use::api, "staff")).grant->id, second.id);
  // The grantee gives it up; nobody brings it back.
  EXPECT_EQ(grants_->move(user_, second.id, GrantState::suspended, "不用了").error().code, Code::forbidden);
  take(grants_->move(user_, second.id, GrantState::terminated, "不用了"));
  EXPECT_EQ(grants_->move(steward_, second.id, GrantState::active, "").error().code, Code::conflict);
  EXPECT_EQ(grants_->move(other, first.id, GrantState::terminated, "x").error().code, Code::not_found);
  EXPECT_EQ(grants_->move(steward_, first.id, GrantState::terminated, " ").error().id, "grant.reason");

  // Periods and addresses.
  auto limited = terms(plain_fields());
  limited["from"] = "2026-11-25T12:00:00Z";
  limited["until"] = "2026-11-26T00:00:00Z";
  limited["addresses"] = json::array{"10.1.0.0/16", "fd00::/8"};
  take(grants_->move(steward_, first.id, GrantState::terminated, "换"));
  auto third = add(limited);
  EXPECT_FALSE(policy_->compile_for(user_, Use::api, "staff"));
  clock_.advance(std::chrono::hours(3));
  auto now = take(policy_->compile_for(user_, Use::api, "staff"));
  auto elsewhere = user_;
  elsewhere.from = "10.2.0.1";
  EXPECT_FALSE(policy_->compile_for(elsewhere, Use::api, "staff"));
  elsewhere.from = "fd12::1";
  EXPECT_TRUE(policy_->compile_for(elsewhere, Use::api, "staff"));
  clock_.advance(std::chrono::hours(11));
  EXPECT_FALSE(policy_->holds(now)) << "it has run out while it was read";
  EXPECT_FALSE(policy_->compile_for(user_, Use::api, "staff"));
}

TEST_P(GrantTest, WrongTermsNameTheMember) {
  auto error = [&](const json::object& document) {
    auto checked = terms_of(*engine_, dataset_, document, calendar_->zone());
    return checked ? std::string("fine") : checked.error().subject;
  };
  auto with = [&](std::string_view member, json::value value) {
    auto document = terms(plain_fields());
    document[member] = std::move(value);
    return document;
  };
  auto mask = [&](const char* id, json::object m) {
    return with("fields", json::array{json::object{{"id", id}, {"mask", std::move(m)}}});
  };
  EXPECT_EQ(error(terms(plain_fields())), "fine");
  EXPECT_EQ(error(with("fields", json::array{})), "fields");
  EXPECT_EQ(error(with("fields", json::array{json::object{{"id", "nothing"}}})), "fields[0]");
  EXPECT_EQ(error(with("fields", json::array{json::object{{"id", "code"}}, json::object{{"id", "code"}}})), "fields[1]");
  EXPECT_EQ(error(mask("name", {{"kind", "band"}, {"size", "10"}})), "fields[0].mask");
  EXPECT_EQ(error(mask("name", {{"kind", "date"}})), "fields[0].mask");
  EXPECT_EQ(error(mask("staff", {{"kind", "band"}, {"size", "0"}})), "fields[0].mask");
  EXPECT_EQ(error(mask("staff", {{"kind", "band"}, {"size", "-5"}})), "fields[0].mask");
  EXPECT_EQ(error(mask("name", {{"kind", "partial"}, {"first", -1}})), "fields[0].mask");
  EXPECT_EQ(error(mask("name", {{"kind", "rot13"}})), "fields[0].mask");
  EXPECT_EQ(error(with("row_filter", "staff >")), "row_filter");
  EXPECT_EQ(error(with("row_filter", "staff > (SELECT max(staff) FROM staff)")), "row_filter");
  EXPECT_EQ(error(with("row_filter", "1 = 1) UNION (SELECT 1")), "row_filter");
  EXPECT_EQ(error(with("row_filter", "nothing = 1")), "row_filter");
  EXPECT_EQ(error(with("methods", json::array{})), "methods");
  EXPECT_EQ(error(with("methods", json::array{"telnet"})), "methods");
  EXPECT_EQ(error(with("addresses", json::array{"10.0.0.0/33"})), "addresses");
  EXPECT_EQ(error(with("addresses", json::array{"here"})), "addresses");
  EXPECT_EQ(error(with("purpose", " ")), "purpose");
  EXPECT_EQ(error(with("until", "tomorrow")), "until");
  auto backwards = with("until", "2026-01-01");
  backwards["from"] = "2026-02-01";
  EXPECT_EQ(error(backwards), "until");
}

TEST(MaskTest, BandsOfNumbersThatAreHardToWrite) {
  auto band = [](std::string_view value, const std::string& size) {
    std::string out;
    apply({.kind = MaskKind::band, .size = size, .value = {}}, value, "", out);
    return out;
  };
  EXPECT_EQ(band("-0.5", "1"), "[-1, 0)");
  EXPECT_EQ(band("0", "0.25"), "[0, 0.25)");
  EXPECT_EQ(band("0.26", "0.25"), "[0.25, 0.5)");
  EXPECT_EQ(band("1e3", "100"), "[1000, 1100)");
  EXPECT_EQ(band("1234567890123456789012345", "10"), "*");
  EXPECT_EQ(band("nan", "10"), "*");
  EXPECT_EQ(band("-9223372036854775808", "1000000"), "[-9223372036855000000, -9223372036854000000)");
}

}  // namespace
}  // namespace qushu::sharing
