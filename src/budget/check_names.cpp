// "设立6个内设机构，分别是…", "共4个项目": a number of things, and their names beside it. How many names there are is known
// within bounds, for a name may hold a 、 and a 和 may part two; only what lies outside of them is reported.
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "checking.h"
#include "counts.h"

namespace qushu::budget {
namespace {

constexpr int kMostNamed = 60;
constexpr std::size_t kLinesBelow = 60, kLongestItem = 60, kLongestNoun = 24;

struct Named {
  int fewest = 0, most = 0;  // names there are
  bool closed = false;       // no more of them can follow
};

// --- names parted by 、 ---------------------------------------------------------------------------------------------------

std::vector<std::u32string_view> parted(std::u32string_view text, std::u32string_view at) {
  std::vector<std::u32string_view> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find_first_of(at, begin), text.size());
    out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

// Without brackets, and with nothing that parts within quotation marks.
std::u32string plain(std::u32string_view text) {
  std::u32string out;
  bool quoted = false;
  for (char32_t c : without_brackets(text)) {
    if (c == U'“' || c == U'《') quoted = true;
    if (c == U'”' || c == U'》') quoted = false;
    bool parts = std::u32string_view(U"、，；和及与").contains(c);
    if (!(quoted && parts)) out += c;
  }
  return out;
}

bool is_unit_name(std::u32string_view name) {
  return name.size() >= 2 &&
         ends_with_any(name, {U"室", U"科", U"股", U"处", U"局", U"院", U"站", U"所",   U"队",   U"部",   U"厅",  U"中心",
                              U"委", U"会", U"校", U"园", U"馆", U"组", U"庭", U"中学", U"小学", U"大学", U"本级"}) &&
         !name.ends_with(U"机构组");
}

bool is_project_name(std::u32string_view name) {
  return name.size() >= 4 && ends_with_any(name, {U"购置", U"维修", U"改造", U"推广", U"建设", U"运维", U"运行", U"维护",
                                                  U"采购", U"整治", U"经费", U"工程", U"项目", U"培训", U"宣传", U"补助",
                                                  U"补贴", U"奖补", U"服务", U"保障", U"外包", U"计划", U"升级"});
}

int conjunctions(std::u32string_view text) {
  return static_cast<int>(
      std::ranges::count_if(text, [](char32_t c) { return std::u32string_view(U"和及与暨兼或并").contains(c); }));
}

bool is_open(std::u32string_view text) {
  return contains_any(text,
                      {U"等", U"其中", U"下设", U"分别", U"一是", U"各", U"其他", U"其余", U"及其", U"至", U"……", U"..."});
}

// What goes on behind the names when they are at their end.
bool goes_on_elsewhere(std::u32string_view rest) {
  static constexpr std::array<std::u32string_view, 17> kOpenings{U"核定", U"编制", U"现有",   U"共有", U"主要", U"年末",
                                                                 U"在职", U"人员", U"均为",   U"均",   U"另",   U"本",
                                                                 U"涉及", U"实有", U"共涉及", U"下辖", U"所属"};
  return std::ranges::any_of(kOpenings, [&](auto word) { return rest.starts_with(word); });
}

// "A86.20万元、B41.40万元": each name with its amount, of which there are as many.
std::optional<Named> names_with_amounts(std::u32string_view text) {
  int count = 0;
  for (auto piece : parted(text, U"、，；")) {
    auto digits = piece.find_first_of(U"0123456789");
    if (digits == std::u32string_view::npos || digits < 2 || !piece.ends_with(U"元")) return std::nullopt;
    std::size_t length = 0;
    auto value = read_decimal(piece.substr(digits), length);
    auto unit = piece.substr(digits + length);
    if (!value || (unit != U"万元" && unit != U"元" && unit != U"亿元")) return std::nullopt;
    if (contains_any(piece.substr(0, digits),
                     {U"共", U"合计", U"小计", U"其中", U"占", U"比", U"较", U"完成", U"预算数", U"决算", U"执行"}))
      return std::nullopt;
    ++count;
  }
  return count < 2 ? std::nullopt : std::optional(Named{.fewest = count, .most = count, .closed = true});
}

// One of the names may be that of another, too.
bool shares_a_door(std::u32string_view text) {
  return contains_any(text, {U"合署", U"挂", U"合并", U"牌子"});
}

// The names at the front of `text`, which ends with its sentence.
std::optional<Named> names_in(std::u32string_view text, bool units, bool ended) {
  auto bare = plain(text);
  auto all = std::u32string_view(bare);
  // "A、B、C，共涉及资金9万元", "A、B；下辖0个单位": what follows is none of them, whatever it counts.
  if (auto stop = all.find_first_of(U"，；"); stop != std::u32string_view::npos && goes_on_elsewhere(all.substr(stop + 1)) &&
                                              std::ranges::any_of(all.substr(stop), is_digit)) {
    auto named = names_in(all.substr(0, stop), units, true);
    if (named && shares_a_door(text)) named->fewest = 0;
    return named;
  }
  if (is_open(text)) return std::nullopt;
  if (std::ranges::any_of(all, is_digit)) return units || !ended ? std::nullopt : names_with_amounts(all);
  auto stop = all.find_first_of(U"，；:");
  auto names = all.substr(0, stop);
  if (!names.contains(U'、')) return std::nullopt;
  Named out{.closed = ended};
  if (stop != std::u32string_view::npos) out.closed = all[stop] == U'，' && goes_on_elsewhere(all.substr(stop + 1));
  for (auto name : parted(names, U"、")) {
    ++out.most;
    if (units ? is_unit_name(name) : is_project_name(name)) ++out.fewest;
  }
  out.most += conjunctions(names);
  if (shares_a_door(text)) out.fewest = 0;
  return out;
}

// --- names with numbers ---------------------------------------------------------------------------------------------------

// Where item `ordinal` of that level begins in `text` at `from` or behind it, within the length of an item.
std::size_t next_item(std::u32string_view text, std::size_t from, int level, int ordinal, std::size_t reach) {
  for (auto at = from; at < text.size() && at - from <= reach; ++at) {
    if (at > 0 && (is_digit(text[at - 1]) || text[at - 1] == U'.')) continue;
    auto number = numbering(text.substr(at, 12));
    if (number.level == level && number.ordinal == ordinal) return at;
  }
  return std::u32string_view::npos;
}

// Whether the list is at its end behind its last item, which `text` begins with.
bool ends_with_item(std::u32string_view text, int level, int ordinal) {
  auto stop = text.find_first_of(U"。；\n");
  if (stop > kLongestItem || text[stop] == U'；') return false;
  for (int further : {1, 2})
    if (next_item(text, stop, level, ordinal + further, 600) != std::u32string_view::npos) return false;
  if (text[stop] == U'。') return true;
  auto below = text.substr(stop);
  while (!below.empty() && below.front() == U'\n') below.remove_prefix(1);
  auto number = numbering(below);
  return (number.level > 0 && number.level <= 2) || (below.starts_with(U"第") && below.substr(0, 6).contains(U"部分"));
}

struct Numbered {
  Named named;
  int own = 0;  // of them the publishing unit itself
};

std::optional<Numbered> numbered_in(std::u32string_view text) {
  while (!text.empty() && (text.front() == U'\n' || text.front() == U':')) text.remove_prefix(1);
  auto first = numbering(text);
  if (first.level < 3 || first.ordinal != 1) return std::nullopt;
  Numbered out;
  auto at = first.length;
  for (int ordinal = 1;; ++ordinal) {
    auto next = next_item(text, at, first.level, ordinal + 1, kLongestItem);
    auto end = std::min({next, text.find(U'\n', at), text.find(U'。', at), text.size()});
    auto item = plain(text.substr(at, end - at));
    if (is_open(item)) return std::nullopt;
    if (item.contains(U"本级") || item.ends_with(U"机关")) ++out.own;
    ++out.named.fewest;
    out.named.most += 1 + conjunctions(item) + static_cast<int>(std::ranges::count(item, U'、'));
    // Items that go on for sentences are no names.
    if (next != std::u32string_view::npos) {
      auto between = text.substr(at, next - at);
      if (auto full = between.find(U'。'); full != std::u32string_view::npos && full + 2 < between.size()) return std::nullopt;
      at = next + numbering(text.substr(next)).length;
      continue;
    }
    out.named.closed = ends_with_item(text.substr(at), first.level, ordinal);
    return out;
  }
}

// --- where they are announced ---------------------------------------------------------------------------------------------

class Announced : ParagraphCheck {
 public:
  Announced(Checking& c, std::size_t index) : ParagraphCheck(c, index) {}

  void check() {
    const std::u32string_view text = text_;
    for (auto at = view_.said.paragraph->number.length; at < text.size(); ++at) {
      std::size_t length = 0;
      int number = at > 0 && (is_digit(text[at - 1]) || std::u32string_view(U"第等.-十约近超每余").contains(text[at - 1]))
                       ? 0
                       : small_number(text.substr(at), length);
      if (number == 0) continue;
      auto counter = at + length;
      bool counts = number >= 2 && number <= kMostNamed && counter < text.size() &&
                    std::u32string_view(U"个家所项").contains(text[counter]);
      if (counts) {
        behind(at, counter + 1, number);
        before(at, counter + 1, number);
        composed(at, counter + 1, number);
      }
      at = counter - 1;
    }
  }

 private:
  // What is counted: the words before the number in its clause, and those behind it.
  [[nodiscard]] std::u32string thing(std::size_t at, std::u32string_view noun) const {
    return std::u32string(clause_before(text_, 0, at)) + std::u32string(noun);
  }
  [[nodiscard]] static bool is_unit_thing(std::u32string_view thing) {
    return contains_any(thing, {U"机构", U"科室", U"办公室", U"股室", U"处室", U"部室", U"部门", U"单位", U"职能科", U"中心",
                                U"学校", U"站所", U"大队"}) &&
           !thing.contains(U"项目");
  }

  // The rest of the paragraph, and the lines below it.
  [[nodiscard]] std::u32string from(std::size_t begin) const {
    auto out = text_.substr(begin);
    const auto& lines = c_.model().layout.lines;
    auto line = view_.said.paragraph->spots.back().line + 1;
    for (auto last = std::min(lines.size(), line + kLinesBelow); line < last; ++line) {
      auto bare = without_spaces(lines[line]);
      if (!bare.empty() && !std::ranges::all_of(bare, [](char32_t c) { return is_digit(c) || c == U'-'; })) out += U'\n' + bare;
    }
    return out;
  }

  struct Marker {
    std::size_t end = std::u32string_view::npos;
    bool loose = false;  // 包括: perhaps not all of them
  };
  [[nodiscard]] static Marker marker_in(std::u32string_view text, bool units) {
    struct Word {
      std::u32string_view word;
      bool loose;
    };
    static constexpr std::array kWords{Word{U"分别是", false},   Word{U"分别为", false},   Word{U"分别包括", false},
                                       Word{U"具体是", false},   Word{U"具体为", false},   Word{U"具体包括", false},
                                       Word{U"具体如下", false}, Word{U"名单如下", false}, Word{U"依次是", false},
                                       Word{U"依次为", false},   Word{U"包括", true},      Word{U"即", false}};
    Marker out;
    std::size_t first = text.size();
    for (const auto& w : kWords)
      if (auto at = text.find(w.word); at < first) {
        first = at;
        out = {.end = at + w.word.size(), .loose = w.loose};
      }
    if (auto colon = text.find(U':'); units && colon < first) out = {.end = colon + 1};
    return out;
  }

  // "N个…，分别是…"
  void behind(std::size_t at, std::size_t noun, int number) {
    auto rest = std::u32string_view(text_).substr(noun, kLongestNoun);
    auto sentence = rest.find_first_of(U"。；");
    rest = rest.substr(0, sentence);
    bool likely_units = is_unit_thing(thing(at, rest.substr(0, rest.find_first_of(U"，:"))));
    auto marker = marker_in(rest, likely_units);
    if (marker.end == std::u32string_view::npos) return;
    auto words = rest.substr(0, marker.end);
    auto what = thing(at, words);
    bool units = likely_units, projects = what.contains(U"项目");
    if (!units && !projects) return;
    if (counts_before(at, text_[noun - 1])) return;
    if (contains_any(words, {U"主要", U"不包括", U"其中", U"余", U"、"}) || what.contains(U"等")) return;
    if (!only_amounts(words)) return;
    auto begin = noun + marker.end;
    auto stream = from(begin);
    if (auto numbered = numbered_in(stream)) return judge(at, noun, number, *numbered, what, marker.loose && !units);
    std::u32string_view names(stream);
    names = names.substr(0, text_.size() - begin);
    while (!names.empty() && names.front() == U':') names.remove_prefix(1);
    auto end = names.find(U'。');
    bool ended = end != std::u32string_view::npos;
    if (auto named = names_in(names.substr(0, end), units, ended)) {
      int own = names.contains(U"本级") || names.contains(U"机关") ? 1 : 0;
      judge(at, noun, number, {.named = *named, .own = own}, what, marker.loose && !units);
    }
  }

  // "行政单位1家，事业单位4家，具体包括": what is named is all of them.
  [[nodiscard]] bool counts_before(std::size_t at, char32_t counter) const {
    for (auto i = at; i > 1 && !std::u32string_view(U"。；:").contains(text_[i - 1]); --i)
      if (text_[i - 1] == counter && is_digit(text_[i - 2])) return true;
    return false;
  }

  // "3个，涉及资金182.85万元，分别为": between the number and its names no other number but an amount.
  [[nodiscard]] static bool only_amounts(std::u32string_view words) {
    auto digits = words.find_first_of(U"0123456789");
    return digits == std::u32string_view::npos ||
           (contains_any(words.substr(digits), {U"万元，", U"元，"}) && contains_any(words, {U"资金", U"金额"}));
  }

  // "A、B、C共4个项目"
  void before(std::size_t at, std::size_t noun, int number) {
    if (at == 0) return;
    auto what = std::u32string_view(text_).substr(noun, 8);
    bool together = text_[at - 1] == U'共';
    // "内科、外科、儿科3个临床科室"
    bool rooms = false;
    for (auto word : {U"临床科室", U"医技科室", U"职能科室", U"内设科室", U"内设机构", U"科室", U"股室", U"处室", U"部室"})
      rooms = rooms || what.starts_with(word);
    if (!together && !rooms) return;
    bool units = rooms || contains_any(what.substr(0, 4), {U"机构", U"科室", U"办公室", U"部门", U"单位"});
    if (!units && !what.starts_with(U"项目")) return;
    auto names = list_before(together ? at - 1 : at);
    if (!names.contains(U'、') || is_open(names)) return;
    if (auto verb = names.find_last_of(rooms ? U"对将把取设" : U"对将把取");
        verb != std::u32string_view::npos && verb < names.find(U'、'))
      names.remove_prefix(verb + 1);
    auto bare = plain(names);
    int most = conjunctions(bare), pieces = 0;
    for (auto name : parted(bare, U"、")) {
      ++pieces;
      if (std::ranges::any_of(name, is_digit) || !(units ? is_unit_name(name) : is_project_name(name))) return;
    }
    most += pieces;
    // Where many more are counted than named, the words name kinds of them.
    if (pieces < 3 || (number > most && number > most + 1)) return;
    judge(at, noun, number, {.named = {.fewest = pieces, .most = most, .closed = true}}, std::u32string(what), false);
  }
  // The words before the number to the stop before them, where they begin there.
  [[nodiscard]] std::u32string_view list_before(std::size_t end) const {
    std::u32string_view text = text_;
    auto begin = end;
    while (begin > 0 && !std::u32string_view(U"，；。:").contains(text[begin - 1])) --begin;
    auto sentence = begin;
    while (sentence > 0 && !std::u32string_view(U"；。").contains(text[sentence - 1])) --sentence;
    return text.substr(sentence, begin - sentence).contains(U'、') ? std::u32string_view{} : text.substr(begin, end - begin);
  }

  // "由本级决算和5个下级单位决算组成。纳入编制范围的二级单位包括：1.…"
  void composed(std::size_t at, std::size_t noun, int number) {
    std::u32string_view text = text_;
    auto rest = text.substr(noun, 40);
    auto before = text.substr(0, at);
    bool says = contains_any(rest.substr(0, 6), {U"下级", U"下属", U"所属", U"二级", U"直属"}) && rest.contains(U"组成。") &&
                ends_with_any(before, {U"本级决算和", U"本级预算和", U"本级决算及", U"本级预算及", U"本级决算以及"});
    auto list = text.find(U"单位包括:", noun);
    if (!says || list == std::u32string_view::npos) return;
    auto stream = from(list + 4);
    if (auto numbered = numbered_in(stream)) {
      numbered->named.fewest -= numbered->own;
      judge(at, noun, number, *numbered, std::u32string(rest.substr(0, 4)), false);
    }
  }

  void judge(std::size_t at, std::size_t noun, int number, const Numbered& list, std::u32string_view what, bool loose) {
    const auto& named = list.named;
    c_.counted();
    bool below = contains_any(what, {U"下属", U"下级", U"所属", U"直属", U"二级"});
    auto fewest = named.fewest - (below ? list.own : 0);
    bool fewer = named.closed && !loose && named.most < number;
    if (!fewer && fewest <= number) return;
    int count = fewer ? named.most : named.fewest;
    Finding f{.kind = Kind::promise, .confidence = 85};
    f.unit = encoded(std::u32string_view(text_).substr(noun - 1, 1));
    f.expected = std::to_string(count);
    f.found = std::to_string(number);
    f.message = {fmt::format("文中称有 {} {}，逐一列出的却{} {} {}。", number, f.unit, fewer ? "只有" : "有", count, f.unit),
                 fmt::format("{} are announced, but {} are named.", number, count)};
    f.places = {c_.place(mark_of(*view_.said.paragraph, at, noun))};
    c_.add(std::move(f));
  }
};

}  // namespace

void check_names(Checking& c) {
  for (std::size_t i = 0; i < c.model().paragraphs.size(); ++i) Announced(c, i).check();
}

}  // namespace qushu::budget
