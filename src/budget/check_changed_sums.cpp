// What a whole is said to have changed by is what its parts have: "三公"经费比上年减少2万元, of which each of the three changed
// so much.
#include <array>
#include <map>

#include <fmt/format.h>

#include "checking.h"
#include "groups.h"

namespace qushu::budget {
namespace {

// What a change is against: the year before, or the budget of this one; `words`: whether that was a budget or an account.
enum class Base : std::uint8_t { unsaid, before, plan };

struct Changed {
  std::int64_t value = 0;  // in fen, with its sign
  std::int64_t slack = 0;
  Base base = Base::unsaid;
  bool of_plan = false, of_account = false;
  Mark mark;
};

struct Whole {
  std::string_view code;
  std::array<std::string_view, 4> parts;  // that make it up; empty: none
};
constexpr std::array kWholes{
    Whole{"sangong.total", {"sangong.abroad", "sangong.car", "sangong.reception"}},
    Whole{"sangong.total", {"sangong.abroad", "sangong.car_purchase", "sangong.car_run", "sangong.reception"}},
    Whole{"sangong.car", {"sangong.car_purchase", "sangong.car_run"}},
    Whole{"expenditure.basic", {"basic.personnel", "basic.public"}},
    Whole{"expenditure.any", {"expenditure.basic", "expenditure.project"}},
    Whole{"expenditure.year", {"expenditure.basic", "expenditure.project"}},
    Whole{"expenditure.grand", {"expenditure.basic", "expenditure.project"}}};

// The changes that a section tells, by what changed. A name that is told twice with different changes is not judged.
class Section {
 public:
  explicit Section(Checking& c) : c_(c) {}

  void take(const ParagraphView& view) {
    const auto& said = view.said;
    std::u32string_view text(said.paragraph->text);
    no_purchase_ = no_purchase_ || contains_any(text, {U"公务用车购置费为0，未安排", U"公务用车购置为0，未安排"});
    const Mention* level = nullptr;
    std::string subject;
    for (std::size_t k = 0; k < said.mentions.size(); ++k) {
      const auto& m = said.mentions[k];
      if (m.reason || m.measure == Measure::percent) continue;
      auto from = k == 0 ? std::size_t{0} : said.mentions[k - 1].end;
      from = std::max(from, sentence_begin(said, m.sentence));
      if (m.role == Role::level) {
        if (m.compared) continue;
        level = &m;
        subject = m.subject && !m.of_item ? m.subject->code : std::string();
        auto next = k + 1 < said.mentions.size() ? said.mentions[k + 1].begin : text.size();
        take_equal(m, subject, text.substr(m.end, next - m.end));
      } else if (m.role == Role::change && m.measure == Measure::money && m.direction != 0 && !m.chained) {
        auto words = text.substr(from, m.begin - from);
        auto named = named_in(words);
        if (named) subject = *named;
        if (!named && (level == nullptr || level->sentence != m.sentence)) continue;
        add(subject, {.value = m.direction * m.value,
                      .slack = c_.model().rounding(m.unit, m.printed.digits),
                      .base = base_of(words),
                      .of_plan = plan_in(words),
                      .of_account = words.contains(U"决算"),
                      .mark = m.mark});
        if (!unit_) unit_ = m.unit, digits_ = m.printed.digits;
      }
    }
  }

  void judge() {
    for (const auto& whole : kWholes)
      if (auto found = changes_.find(std::string(whole.code)); found != changes_.end())
        for (const auto& total : found->second) judge(whole, total);
  }

 private:
  [[nodiscard]] static bool plan_in(std::u32string_view words) {
    return without_fund_names(words).contains(U"预算") && !words.contains(U"决算");
  }

  [[nodiscard]] static Base base_of(std::u32string_view words) {
    if (year_in(words) != 0 || contains_any(words, {U"上年", U"去年", U"同比", U"上一年"})) return Base::before;
    return contains_any(words, {U"年初预算", U"预算数", U"全年预算", U"调整预算"}) ? Base::plan : Base::unsaid;
  }

  // "；公务接待费减少1万元": what stands before the change in its clause; nullopt where nothing does.
  [[nodiscard]] static std::optional<std::string> named_in(std::u32string_view words) {
    auto bare = last_clause(words, {U"比", U"较", U"与", U"同比", U"增加", U"减少", U"下降", U"增长"});
    constexpr std::size_t kShort = 2;
    if (bare.size() < kShort) return std::nullopt;
    auto subject = subject_of(bare);
    return subject ? subject->code : std::string();
  }

  // "与上年持平"
  void take_equal(const Mention& level, const std::string& subject, std::u32string_view after) {
    after = after.substr(0, after.find_first_of(U"；。"));
    auto at = std::min(after.find(U"持平"), after.find(U"无变化"));
    if (at == std::u32string_view::npos || !contains_any(after.substr(0, at), {U"与", U"比", U"较", U"和"})) return;
    auto words = after.substr(0, at);
    add(subject,
        {.base = base_of(words), .of_plan = plan_in(words), .of_account = words.contains(U"决算"), .mark = level.mark});
  }

  void add(const std::string& subject, const Changed& changed) {
    if (!subject.empty()) changes_[subject].push_back(changed);
  }

  // The one change of the part against what the whole is compared with.
  [[nodiscard]] const Changed* only(std::string_view code, const Changed& total) const {
    auto found = changes_.find(std::string(code));
    if (found == changes_.end()) return nullptr;
    const Changed* out = nullptr;
    for (const auto& c : found->second) {
      bool other = (c.base != total.base && c.base != Base::unsaid) || (c.of_plan && total.of_account) ||
                   (c.of_account && total.of_plan) || c.mark == total.mark;
      if (other) continue;
      if (out != nullptr) return nullptr;
      out = &c;
    }
    return out;
  }

  void judge(const Whole& whole, const Changed& total) {
    // Against one thing each whole is told to have changed once.
    if (total.base == Base::unsaid) return;
    for (const auto& other : changes_.find(std::string(whole.code))->second)
      if (other.base == total.base && other.value != total.value) return;
    std::int64_t sum = 0, slack = total.slack;
    std::vector<const Changed*> parts;
    for (auto code : whole.parts) {
      if (code.empty() || (code == "sangong.car_purchase" && no_purchase_)) continue;
      const auto* part = only(code, total);
      if (part == nullptr) return;
      parts.push_back(part);
      sum += part->value;
      slack += part->slack;
    }
    c_.counted();
    if (std::abs(sum - total.value) <= slack) return;
    Finding f{.kind = Kind::year_on_year, .confidence = 82};
    auto unit = unit_.value_or(Unit::wan);
    f.unit = name(unit);
    f.expected = amount_text(sum, unit, digits_);
    f.found = amount_text(total.value, unit, digits_);
    f.message = {fmt::format("各部分的增减相加为 {} {}，总的增减写作 {} {}。", f.expected, f.unit, f.found, f.unit),
                 fmt::format("The changes of the parts add up to {} {}, the whole is said to have changed by {} {}.",
                             f.expected, f.unit, f.found, f.unit)};
    f.places = {c_.place(total.mark)};
    for (const auto* part : parts) c_.quote(f, part->mark);
    c_.add(std::move(f));
  }

  Checking& c_;
  std::map<std::string, std::vector<Changed>> changes_;
  bool no_purchase_ = false;  // "公务用车购置费为0，未安排预算": neither this year nor before
  std::optional<Unit> unit_;
  int digits_ = 2;
};

}  // namespace

void check_changed_sums(Checking& c) {
  for (auto paragraphs : sections_of(c.model())) {
    Section section(c);
    for (const auto& view : paragraphs)
      if (view.project.empty() && view.said.unclear.empty()) section.take(view);
    section.judge();
  }
}

}  // namespace qushu::budget
