// What the engine counts of classes, against a count by hand over generated people.
#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "qushu/insight/privacy.h"

#include "temp_folder.h"

namespace qushu::insight {
namespace {

using engine::Type;

struct Person {
  std::optional<std::string> area;
  std::optional<int> age;
  std::optional<int> year;  // of birth
  std::optional<std::string> illness;
};

std::vector<Person> generate(unsigned seed, std::size_t count) {
  std::mt19937 random(seed);
  auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::vector<Person> out;
  for (std::size_t i = 0; i < count; ++i) {
    Person p;
    if (below(10) != 0) p.area = fmt::format("35010{}", below(4));
    if (below(10) != 0) p.age = below(40) - 5;
    if (below(10) != 0) p.year = 1940 + below(60);
    if (below(8) != 0) p.illness = below(6) == 0 ? std::string() : fmt::format("病{}", below(3));
    out.push_back(std::move(p));
  }
  return out;
}

std::string select(const std::vector<Person>& people) {
  auto text = [](const std::optional<std::string>& v) { return v ? "'" + *v + "'" : std::string("NULL"); };
  std::string rows;
  for (const auto& p : people)
    rows += fmt::format("{}({}, {}, {}, {})", rows.empty() ? "" : ", ", text(p.area), p.age ? std::to_string(*p.age) : "NULL",
                        p.year ? fmt::format("'{}-06-15'", *p.year) : "NULL", text(p.illness));
  return "SELECT CAST(area AS VARCHAR) AS area, CAST(age AS BIGINT) AS age, CAST(born AS DATE) AS born, CAST(illness AS "
         "VARCHAR) AS illness FROM (VALUES " +
         (rows.empty() ? "(NULL, NULL, NULL, NULL)" : rows) + ") v(area, age, born, illness)" +
         (rows.empty() ? " WHERE false" : "");
}

catalog::Field field(std::string id, Type type = Type::text) {
  catalog::Field out;
  out.id = out.name = std::move(id);
  out.type = type;
  return out;
}

// A person's value of a chosen field as a text that is alike for those that are alike; "∅" for none.
std::string seen(const Person& p, const ChosenField& chosen) {
  const std::string none = "∅";
  if (chosen.coarsening == Coarsening::suppress) return none;
  if (chosen.field.id == "area") {
    if (!p.area) return none;
    return chosen.coarsening == Coarsening::prefix ? p.area->substr(0, static_cast<std::size_t>(chosen.parameter)) : *p.area;
  }
  if (chosen.field.id == "age") {
    if (!p.age) return none;
    return chosen.coarsening == Coarsening::range ? fmt::format("{}", std::floor(*p.age / chosen.parameter))
                                                  : std::to_string(*p.age);
  }
  if (!p.year) return none;
  return std::to_string(chosen.coarsening == Coarsening::decade ? *p.year / 10 : *p.year);
}

using Classes = std::map<std::vector<std::string>, std::vector<const Person*>>;

Classes classes_of(const std::vector<Person>& people, const std::vector<ChosenField>& chosen) {
  Classes out;
  for (const auto& p : people) {
    std::vector<std::string> values;
    for (const auto& c : chosen) values.push_back(seen(p, c));
    out[values].push_back(&p);
  }
  return out;
}

struct Counted {
  std::uint64_t k = 0, rows_below = 0, unique = 0;
  friend bool operator==(const Counted&, const Counted&) = default;
};

Counted count(const Classes& classes, std::uint64_t wanted) {
  Counted out;
  for (const auto& [values, people] : classes) {
    auto size = static_cast<std::uint64_t>(people.size());
    out.k = out.k == 0 ? size : std::min(out.k, size);
    if (size < wanted) out.rows_below += size;
    if (size == 1) ++out.unique;
  }
  return out;
}

std::vector<std::vector<ChosenField>> views() {
  auto area = field("area"), age = field("age", Type::integer), born = field("born", Type::date);
  return {{{.field = area}},
          {{.field = area}, {.field = age}},
          {{.field = area}, {.field = age}, {.field = born}},
          {{.field = area, .coarsening = Coarsening::prefix, .parameter = 5}, {.field = age}},
          {{.field = age, .coarsening = Coarsening::range, .parameter = 10}, {.field = born, .coarsening = Coarsening::decade}},
          {{.field = age, .coarsening = Coarsening::range, .parameter = 2.5}, {.field = area}},
          {{.field = area, .coarsening = Coarsening::suppress}, {.field = born, .coarsening = Coarsening::year}},
          {{.field = area, .coarsening = Coarsening::suppress}, {.field = age, .coarsening = Coarsening::suppress}}};
}

class PrivacyReference : public ::testing::Test {
 protected:
  void SetUp() override {
    settings_.declare(engine::settings());
    engine_ = *engine::Engine::open(settings_, folder_.path() / "scratch");
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  // Each with the people it is about.
  template <class Body>
  void each(Body body) {
    for (std::size_t size : {0U, 1U, 2U, 7U, 60U, 400U})
      for (unsigned seed = 1; seed <= 3; ++seed) {
        SCOPED_TRACE(fmt::format("{} people, seed {}", size, seed));
        body(generate(seed, size));
      }
  }
  testing::TempFolder folder_;
  Settings settings_;
  std::unique_ptr<engine::Engine> engine_;
};

TEST_F(PrivacyReference, Anonymity) {
  each([&](const std::vector<Person>& people) {
    for (const auto& view : views())
      for (std::uint64_t k : {2U, 5U, 50U}) {
        Question question{.fields = view};
        question.k = k;
        auto told = take(anonymity(*engine_, {.select = select(people)}, question));
        auto classes = classes_of(people, view);
        EXPECT_EQ((Counted{told.k, told.rows_below, told.unique}), count(classes, k));
        EXPECT_EQ(told.rows, people.size());
        EXPECT_EQ(told.classes, classes.size());
        // Every class stands in the bar of its size.
        for (const auto& bar : told.bars) {
          std::uint64_t found = 0, rows = 0;
          for (const auto& [values, in] : classes)
            if (in.size() >= bar.from && (bar.to == 0 || in.size() <= bar.to)) ++found, rows += in.size();
          EXPECT_EQ(bar.classes, found) << bar.from;
          EXPECT_EQ(bar.rows, rows) << bar.from;
        }
      }
  });
}

TEST_F(PrivacyReference, Diversity) {
  each([&](const std::vector<Person>& people) {
    for (const auto& view : views()) {
      Question question{.fields = view, .sensitive = field("illness")};
      question.l = 3;
      auto told = take(diversity(*engine_, {.select = select(people)}, question));
      std::uint64_t l = 0, single = 0, rows_below = 0;
      for (const auto& [values, in] : classes_of(people, view)) {
        std::set<std::string> different;
        for (const auto* p : in) different.insert(p->illness.value_or(""));  // empty and none say the same
        l = l == 0 ? different.size() : std::min<std::uint64_t>(l, different.size());
        if (different.size() == 1) ++single;
        if (different.size() < 3) rows_below += in.size();
      }
      EXPECT_EQ(told.l, l);
      EXPECT_EQ(told.classes, single);
      EXPECT_EQ(told.rows_below, rows_below);
    }
  });
}

TEST_F(PrivacyReference, Combinations) {
  each([&](const std::vector<Person>& people) {
    if (people.empty()) return;
    auto fields = views()[2];
    Question question{.fields = fields};
    auto told = take(combinations(*engine_, {.select = select(people)}, question));
    ASSERT_EQ(told.worst.size(), 7U);
    for (const auto& combination : told.worst) {
      std::vector<ChosenField> chosen;
      for (const auto& f : fields)
        if (std::ranges::find(combination.fields, f.field.id) != combination.fields.end()) chosen.push_back(f);
      EXPECT_EQ((Counted{combination.k, combination.rows_below, combination.unique}),
                count(classes_of(people, chosen), question.k))
          << combination.fields[0] << " of " << combination.fields.size();
    }
    for (std::size_t i = 1; i < told.worst.size(); ++i) EXPECT_GE(told.worst[i - 1].rows_below, told.worst[i].rows_below);
  });
}

TEST_F(PrivacyReference, AProposalHoldsWhatItSays) {
  each([&](const std::vector<Person>& people) {
    Question question{.fields = views()[2]};
    auto masking = take(propose_masking(*engine_, {.select = select(people), .rows = people.size()}, question));
    auto counted = count(classes_of(people, masking.fields), question.k);
    EXPECT_EQ((Counted{masking.after.k, masking.after.rows_below, masking.after.unique}), counted);
    EXPECT_EQ(masking.reached,
              static_cast<double>(counted.rows_below) <= question.may_drop * static_cast<double>(people.size()));
  });
}

}  // namespace
}  // namespace qushu::insight
