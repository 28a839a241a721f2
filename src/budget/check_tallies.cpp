// Things that are counted by kinds: "内设科室42个，其中临床科室26个、…", "…4台，共6台", scores and their mean. Parts may
// overlap and need not be all there is: only kinds that exclude each other are held against their total, and only a list that
// closes must reach it.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "checking.h"
#include "counts.h"

namespace qushu::budget {
namespace {

using Tally = std::vector<const Quantity*>;

constexpr std::size_t kMostKinds = 40;

std::int64_t sum_of(const Tally& parts) {
  std::int64_t out = 0;
  for (const auto* p : parts) out += p->value;
  return out;
}

bool is_thing(const Quantity& q) {
  static constexpr std::array<std::u32string_view, 19> kThings{U"个", U"人",   U"名",   U"辆", U"台", U"套", U"家",
                                                               U"项", U"件",   U"次",   U"场", U"期", U"户", U"所",
                                                               U"座", U"批次", U"人次", U"条", U"份"};
  return !q.bound && std::ranges::find(kThings, std::u32string_view(q.unit)) != kThings.end();
}

// Kinds of which one thing is at most one; a name says which by its front or its end.
bool of_one_set(const std::vector<std::u32string>& names) {
  using Set = std::vector<std::u32string_view>;
  static const std::array<Set, 6> kSets{
      Set{U"高一", U"高二", U"高三"},
      Set{U"七年级", U"八年级", U"九年级"},
      Set{U"小学", U"初中", U"高中", U"幼儿园", U"学前", U"职高", U"中职"},
      Set{U"国家级", U"部级", U"省级", U"市级", U"区级", U"县级", U"乡级", U"镇级", U"村级"},
      Set{U"“优”", U"“良”", U"“中”", U"“差”", U"“优秀”", U"“良好”", U"“合格”", U"“不合格”"},
      Set{U"男", U"女"},
  };
  return std::ranges::any_of(kSets, [&](const Set& set) {
    std::vector<std::size_t> seen;
    for (const auto& name : names) {
      auto found = std::ranges::find_if(set, [&](auto word) {
        return word.starts_with(U'“') ? name.contains(word) : (name.starts_with(word) || name.ends_with(word));
      });
      auto which = static_cast<std::size_t>(found - set.begin());
      if (found == set.end() || std::ranges::find(seen, which) != seen.end()) return false;
      seen.push_back(which);
    }
    return true;
  });
}

std::u32string common_end(const std::vector<std::u32string>& names) {
  std::u32string out = names.front();
  for (const auto& name : names) {
    std::size_t same = 0;
    while (same < out.size() && same < name.size() && out[out.size() - same - 1] == name[name.size() - same - 1]) ++same;
    out = out.substr(out.size() - same);
  }
  return out;
}

// What one and the same thing may be beside another kind.
bool may_overlap(const std::vector<std::u32string>& names) {
  for (auto name = names.begin(); name != names.end(); ++name) {
    if (contains_any(*name, {U"党员", U"团员", U"本科", U"研究生", U"硕士", U"博士", U"学历", U"大专", U"高级", U"中级",
                             U"初级", U"职称", U"民族", U"岁",     U"退役", U"残疾", U"重点", U"新增", U"新建", U"在建",
                             U"完成", U"已",   U"未",   U"兼",     U"获",   U"参加", U"累计", U"涉及", U"含"}))
      return true;
    if (std::find(std::next(name), names.end(), *name) != names.end()) return true;
  }
  return false;
}

// Kinds whose names tell them apart for good.
bool exclude_each_other(const std::vector<std::u32string>& names) {
  if (may_overlap(names)) return false;
  if (of_one_set(names)) return true;
  return ends_with_any(common_end(names), {U"用车", U"科室", U"股室", U"检查组", U"编制", U"社区", U"事业单位"});
}

bool is_rest(std::u32string_view name) {
  return name.starts_with(U"其他") || name.starts_with(U"其它") || name.starts_with(U"其余");
}

bool are_all(const std::vector<std::u32string>& names) {
  if (may_overlap(names)) return false;
  // The three years of a school.
  if (names.size() == 3 && of_one_set(names) && contains_any(names[0], {U"高一", U"七年级"})) return true;
  if (names.size() >= 3 && is_rest(names.back())) return true;
  return names.size() == 2 && of_one_set(names) && names[0].size() <= 2 &&
         (names[0].contains(U'男') || names[0].contains(U'女'));
}

// The parts of a score, each of them once: what is reached is their sum.
bool are_scores(const std::vector<std::u32string>& names) {
  static constexpr std::array<std::u32string_view, 6> kParts{U"执行", U"产出", U"效益", U"满意", U"成本", U"过程"};
  std::array<int, 6> seen{};
  for (const auto& name : names) {
    auto found = std::ranges::find_if(kParts, [&](auto word) { return name.contains(word); });
    if (found == kParts.end() || name.contains(U'扣') || name.contains(U"满分")) return false;
    if (++seen.at(static_cast<std::size_t>(found - kParts.begin())) > 1) return false;
  }
  return seen[0] == 1 && seen[1] == 1 && seen[2] == 1 && seen[3] == 1;
}

class Tallies : ParagraphCheck {
 public:
  Tallies(Checking& c, std::size_t index) : ParagraphCheck(c, index), all_(view_.quantities) {}

  void check() {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      check_kinds(i);
      check_scores(i);
      check_closed_by(i);
      check_bands(i);
      check_grades(i);
      check_all_of_one(i);
      check_mean(i);
    }
  }

 private:
  [[nodiscard]] std::u32string_view since(std::size_t i) const {
    auto from = std::max(sentence_begin(view_.said, all_[i].sentence), i == 0 ? 0 : all_[i - 1].end);
    return text(from, all_[i].begin);
  }
  [[nodiscard]] bool opens(std::size_t i) const {
    auto words = since(i);
    auto at = words.rfind(U"其中");
    return at != std::u32string_view::npos && words.find_first_of(U"；。", at) == std::u32string_view::npos;
  }
  // "按单位分：甲5个、乙2个": what is divided is told in full.
  [[nodiscard]] bool divides(std::size_t i) const {
    auto words = since(i);
    auto colon = words.rfind(U':');
    if (colon == std::u32string_view::npos || colon == 0 || words[colon - 1] != U'分') return false;
    auto by = words.substr(0, colon).rfind(U'按');
    constexpr std::size_t kLongest = 8;
    return by != std::u32string_view::npos && colon - by <= kLongest;
  }
  // What part i is called; empty where it is not called by words alone.
  [[nodiscard]] std::u32string name_of(std::size_t from, const Quantity& q) const {
    auto bare = without_brackets(text(from, q.begin));
    if (auto at = bare.rfind(U"其中"); at != std::u32string::npos) bare.erase(0, at + 2);
    if (auto at = bare.rfind(U"分:"); at != std::u32string::npos && bare.contains(U'按')) bare.erase(0, at + 2);
    while (!bare.empty() && std::u32string_view(U"、，；:和及与").contains(bare.front())) bare.erase(0, 1);
    for (auto tail : {U"为", U"共", U"有"})
      if (bare.ends_with(tail)) bare.pop_back();
    bool words = bare.find_first_of(U"、，；:。") == std::u32string::npos;
    return words ? bare : std::u32string{};
  }

  // The parts that follow each other from the i-th quantity on, in one manner of parting them.
  struct List {
    Tally parts;
    std::vector<std::u32string> names;
    std::size_t next = 0;
    bool cut = false;  // what follows may be one more of them
  };
  [[nodiscard]] List list_from(std::size_t i) const {
    const auto& first = all_[i];
    List out{.parts = {&first},
             .names = {name_of(i == 0 ? sentence_begin(view_.said, first.sentence)
                                      : std::max(sentence_begin(view_.said, first.sentence), all_[i - 1].end),
                               first)},
             .next = i + 1};
    char32_t stop = 0;
    for (; out.next < all_.size() && out.parts.size() < kMostKinds; ++out.next) {
      const auto& q = all_[out.next];
      if (q.depth > first.depth) continue;
      auto gap = without_brackets(text(out.parts.back()->end, q.begin));
      bool listed = q.depth == first.depth && q.sentence == first.sentence && !gap.empty() &&
                    std::u32string_view(U"、，；和及").contains(gap.front()) && !gap.contains(U"其中");
      // "；" after a list that is parted by 、 or ， ends it.
      bool ends = stop != 0 && stop != U'；' && gap.starts_with(U'；');
      if (!listed || ends) break;
      auto name = name_of(out.parts.back()->end, q);
      if (name.empty() || q.unit != first.unit || q.bound) {
        out.cut = true;
        break;
      }
      if (stop == 0) stop = gap.front();
      out.parts.push_back(&q);
      out.names.push_back(std::move(name));
    }
    auto behind = text(out.parts.back()->end, std::min(text_.size(), out.parts.back()->end + 3));
    out.cut = out.cut || behind.contains(U'等');
    return out;
  }

  // What may be the total of a list at the i-th quantity: of its sentence, or of the one before where the list begins its own.
  [[nodiscard]] Tally totals_before(std::size_t i) const {
    Tally out;
    auto own = sentence_text(view_.said, all_[i].sentence);
    bool begins = own.starts_with(U"其中");
    for (auto k = i; k-- > 0;) {
      const auto& q = all_[k];
      if (q.sentence < all_[i].sentence - (begins ? 1 : 0)) break;
      bool changed =
          contains_any(clause_before(text_, sentence_begin(view_.said, q.sentence), q.begin), {U"增", U"减", U"上年"});
      if (q.unit == all_[i].unit && !q.bound && !changed && q.depth <= all_[i].depth) out.push_back(&q);
    }
    return out;
  }

  // Of several numbers the one that is named as the parts are, or stands right before them in a clause of its own.
  [[nodiscard]] const Quantity* total_among(const Tally& totals, const std::vector<std::u32string>& names,
                                            std::size_t i) const {
    if (totals.size() == 1) return totals.front();
    constexpr std::size_t kNoun = 2;
    auto end = common_end(names);
    end = end.substr(end.size() - std::min(end.size(), kNoun));
    auto named = std::ranges::find_if(totals, [&](const auto* t) {
      return end.size() == kNoun && clause_before(text_, sentence_begin(view_.said, t->sentence), t->begin).ends_with(end);
    });
    if (named != totals.end()) return *named;
    const auto& nearest = *totals.front();
    bool beside = since(i).starts_with(U"，其中") && &nearest + 1 == &all_[i];
    auto clause = clause_before(text_, sentence_begin(view_.said, nearest.sentence), nearest.begin);
    auto stop = nearest.begin - clause.size();
    return beside && of_one_set(names) && stop > 0 && text_[stop - 1] == U'，' ? &nearest : nullptr;
  }

  void check_kinds(std::size_t i) {
    bool divided = divides(i);
    if (!is_thing(all_[i]) || !(divided || opens(i))) return;
    auto list = list_from(i);
    auto totals = totals_before(i);
    if (list.parts.size() < 2 || totals.empty()) return;
    if (std::ranges::any_of(list.names, [](const auto& name) { return name.empty(); })) return;
    c_.counted();
    auto sum = sum_of(list.parts);
    if (std::ranges::any_of(totals, [&](const auto* t) { return t->value == sum; })) return;
    const auto* total = total_among(totals, list.names, i);
    if (total == nullptr) return;
    bool exceeds = sum > total->value && exclude_each_other(list.names);
    // A part as large as all of it is another number.
    bool odd = std::ranges::any_of(list.parts, [&](const auto* p) { return p->value > total->value; });
    if (odd || !(exceeds || (!list.cut && (divided || are_all(list.names))))) return;
    report(*total, list.parts, sum);
  }

  void check_scores(std::size_t i) {
    if (all_[i].unit != U"分" || all_[i].bound || i == 0 || !opens(i)) return;
    auto list = list_from(i);
    auto totals = totals_before(i);
    if (totals.size() != 1 || list.cut || list.parts.size() < 4 || !are_scores(list.names)) return;
    c_.counted();
    auto sum = sum_of(list.parts);
    int digits = totals[0]->printed.digits;
    for (const auto* p : list.parts) digits = std::max(digits, p->printed.digits);
    auto slack = last_place(digits) / 2 * static_cast<std::int64_t>(list.parts.size() + 1);
    if (std::abs(sum - totals[0]->value) > slack) report(*totals[0], list.parts, sum);
  }

  // "A1台、B1台、C4台，共6台"
  void check_closed_by(std::size_t i) {
    static constexpr std::array<std::u32string_view, 7> kCloses{U"，共", U"，共计", U"，合计", U"，总计",
                                                                U"共",   U"共计",   U"合计"};
    if (i < 2 || !is_thing(all_[i]) || std::ranges::find(kCloses, since(i)) == kCloses.end()) return;
    // Back over the parts, each a 、 from the one before.
    auto first = i - 1;
    while (first > 0 && all_[first].unit == all_[i].unit && all_[first].sentence == all_[i].sentence &&
           text(all_[first - 1].end, all_[first].begin).starts_with(U'、'))
      --first;
    auto list = list_from(first);
    bool whole = list.parts.size() == i - first && list.next == i && all_[first].unit == all_[i].unit;
    // `list_from` takes the total for one more part, which has no name.
    if (!whole && !(list.cut && list.next == i && list.parts.size() == i - first)) return;
    if (list.parts.size() < 2 || may_overlap(list.names)) return;
    // Another number of the kind in the sentence may be of the list.
    for (std::size_t k = 0; k < first; ++k)
      if (all_[k].sentence == all_[i].sentence && all_[k].unit == all_[i].unit) return;
    auto begin =
        all_[first].begin - clause_before(text_, sentence_begin(view_.said, all_[first].sentence), all_[first].begin).size();
    auto before = text(begin, all_[i].begin);
    if (contains_any(before, {U"等", U"其中", U"以上", U"累计"})) return;
    auto behind = std::u32string_view(text_).substr(all_[i].end, 1);
    if (!behind.empty() && !std::u32string_view(U"。，；、)").contains(behind[0])) return;
    c_.counted();
    auto sum = sum_of(list.parts);
    if (sum != all_[i].value) report(all_[i], list.parts, sum);
  }

  // "90分以上的15个、80-90分的3个、…、60分以下的0个" of so many as the paragraph says were judged.
  void check_bands(std::size_t i) {
    const auto& first = all_[i];
    if (!is_thing(first) || !contains_any(since_part(i), {U"分(含)以上", U"分以上", U"分(含90分)以上"})) return;
    Tally parts{&first};
    bool closed = false;
    for (auto k = i + 1; k < all_.size() && all_[k].sentence == first.sentence && !closed; ++k) {
      const auto& q = all_[k];
      if (q.depth > 0 || q.unit == U"分" || q.unit == U"-") continue;
      auto gap = text(parts.back()->end, q.begin);
      if (q.unit != first.unit || !std::u32string_view(U"、，；").contains(gap.front()) || !gap.contains(U'分')) return;
      parts.push_back(&q);
      closed = gap.contains(U"分以下") || gap.contains(U"分(不含)以下");
    }
    if (!closed || parts.size() < 3) return;
    auto totals = judged_before(i);
    if (totals.empty()) return;
    c_.counted();
    auto sum = sum_of(parts);
    if (std::ranges::any_of(totals, [&](const auto* t) { return t->value == sum; })) return;
    report(*std::ranges::max(totals, {}, [](const auto* t) { return t->value; }), parts, sum);
  }
  // How many projects or units the paragraph says there are before its i-th number.
  [[nodiscard]] Tally judged_before(std::size_t i) const {
    constexpr std::size_t kNear = 6;
    Tally out;
    for (std::size_t k = 0; k < i; ++k)
      if (all_[k].unit == all_[i].unit && !all_[k].bound &&
          contains_any(text(all_[k].begin - std::min(all_[k].begin, kNear), std::min(text_.size(), all_[k].end + kNear)),
                       {U"项目", U"单位"}))
        out.push_back(&all_[k]);
    return out;
  }

  // The grade that the words before the i-th number name; empty where they name none, or more.
  [[nodiscard]] std::u32string_view grade_of(std::size_t i) const {
    std::u32string_view out;
    auto words = since(i);
    for (std::u32string_view grade : {U"“优”", U"“良”", U"“中”", U"“差”", U"“优秀”", U"“良好”", U"“合格”", U"“不合格”"}) {
      if (!words.contains(grade)) continue;
      if (!out.empty()) return {};
      out = grade;
    }
    return out;
  }

  // "项目共8个。自评结果为“优”的6个、“良”的2个": of each of the projects one grade.
  void check_grades(std::size_t i) {
    auto best = grade_of(i);
    if (all_[i].unit != U"个" || (best != U"“优”" && best != U"“优秀”")) return;
    Tally parts{&all_[i]};
    for (auto k = i + 1; k < all_.size() && all_[k].sentence == all_[i].sentence && all_[k].unit == U"个"; ++k) {
      if (grade_of(k).empty()) break;
      parts.push_back(&all_[k]);
    }
    auto totals = judged_before(i);
    if (parts.size() < 2 || totals.empty()) return;
    c_.counted();
    auto sum = sum_of(parts);
    bool one = std::ranges::all_of(totals, [&](const auto* t) { return t->value == totals.front()->value; });
    bool fits = std::ranges::any_of(totals, [&](const auto* t) { return t->value == sum; });
    if (one && !fits) report(*totals.front(), parts, sum);
  }

  // "共有车辆3辆，全部为特种专业技术用车3辆"
  void check_all_of_one(std::size_t i) {
    if (i == 0 || !is_thing(all_[i])) return;
    const auto &total = all_[i - 1], &part = all_[i];
    auto words = since(i);
    bool all = total.unit == part.unit && !total.bound && total.sentence == part.sentence && total.depth == part.depth &&
               (words.starts_with(U"，全部为") || words.starts_with(U"，均为") || words.starts_with(U"，全部是"));
    if (!all || without_brackets(words).find_first_of(U"，；:", 1) != std::u32string::npos) return;
    c_.counted();
    if (total.value != part.value) report(total, {&part}, part.value);
  }

  // The words before it since the number that is no bound.
  [[nodiscard]] std::u32string_view since_part(std::size_t i) const {
    auto from = sentence_begin(view_.said, all_[i].sentence);
    for (std::size_t k = 0; k < i; ++k)
      if (all_[k].unit == all_[i].unit) from = std::max(from, all_[k].end);
    return text(from, all_[i].begin);
  }

  // "甲95分、乙97分、丙93分，平均95分"
  void check_mean(std::size_t i) {
    const auto& mean = all_[i];
    auto clause = clause_before(text_, sentence_begin(view_.said, mean.sentence), mean.begin);
    static constexpr std::array<std::u32string_view, 8> kMeans{U"平均",     U"平均分",     U"平均得分",     U"平均为",
                                                               U"平均分为", U"平均得分为", U"平均自评得分", U"平均自评得分为"};
    if (i < 2 || mean.unit != U"分" || std::ranges::find(kMeans, clause) == kMeans.end()) return;
    std::size_t first = i;
    while (first > 0 && all_[first - 1].sentence == mean.sentence && all_[first - 1].unit == U"分" && !all_[first - 1].bound)
      --first;
    auto count = static_cast<std::int64_t>(i - first);
    if (count < 2 || contains_any(sentence_text(view_.said, mean.sentence), {U"其中", U"等", U"加权", U"权重", U"如"})) return;
    for (auto k = first; k < i; ++k)
      if (all_[k].depth != mean.depth || (k > first && !std::u32string_view(U"、，；").contains(text_[all_[k - 1].end])))
        return;
    // As many as the paragraph says there are.
    bool counts = false, fits = false;
    for (std::size_t k = 0; k < first; ++k)
      if (all_[k].unit == U"个" || all_[k].unit == U"项") counts = true, fits = fits || all_[k].value == count * kMicro;
    if (counts && !fits) return;
    std::int64_t sum = 0;
    Tally parts;
    for (auto k = first; k < i; ++k) sum += all_[k].value, parts.push_back(&all_[k]);
    c_.counted();
    if (std::abs(mean.value * count - sum) < last_place(mean.printed.digits) * count) return;
    Finding f{.kind = Kind::sum, .confidence = 88};
    f.unit = "分";
    f.expected = to_text(scaled(sum, 1, count * last_place(2)) * last_place(2), mean.printed.digits);
    f.found = to_text(mean.value, mean.printed.digits);
    f.message = {fmt::format("所列 {} 项得分的平均数为 {} 分，文中为 {} 分。", count, f.expected, f.found),
                 fmt::format("The mean of the {} scores is {}, the text says {}.", count, f.expected, f.found)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, mean))};
    for (const auto* p : parts) c_.quote(f, mark_of(*view_.said.paragraph, *p));
    c_.add(std::move(f));
  }

  void report(const Quantity& total, const Tally& parts, std::int64_t sum) {
    Finding f{.kind = Kind::sum, .confidence = 88};
    int digits = total.printed.digits;
    f.unit = encoded(total.unit);
    f.expected = to_text(sum, digits);
    f.found = to_text(total.value, digits);
    f.message = {fmt::format("合计 {} {}，所列各项相加为 {} {}。", f.found, f.unit, f.expected, f.unit),
                 fmt::format("The total is {}, what is listed of it adds up to {}.", f.found, f.expected)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, total))};
    for (const auto* p : parts) c_.quote(f, mark_of(*view_.said.paragraph, *p));
    // What check_statements() has found in the list already.
    if (std::ranges::none_of(c_.findings(), [&](const Finding& known) {
          return known.kind == Kind::sum && known.found == f.found && known.expected == f.expected &&
                 known.places.front().line == f.places.front().line;
        }))
      c_.add(std::move(f));
  }

  const std::vector<Quantity>& all_;
};

}  // namespace

void check_tallies(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Tallies(c, i).check();
}

}  // namespace qushu::budget
