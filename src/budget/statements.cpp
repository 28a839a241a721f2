#include "statements.h"

#include <algorithm>
#include <array>

namespace qushu::budget {
namespace {

constexpr std::u32string_view kDelimiters = U"，；。:、(),;！？“";

struct Change {
  std::u32string_view word;
  int direction;
};
constexpr std::array kChanges{Change{U"增加", 1},  Change{U"增长", 1},  Change{U"上升", 1},  Change{U"提高", 1},
                              Change{U"增幅", 1},  Change{U"上涨", 1},  Change{U"增支", 1},  Change{U"多", 1},
                              Change{U"减少", -1}, Change{U"下降", -1}, Change{U"降低", -1}, Change{U"降幅", -1},
                              Change{U"压减", -1}, Change{U"减幅", -1}, Change{U"缩减", -1}, Change{U"压缩", -1},
                              Change{U"少", -1},   Change{U"增收", 1},  Change{U"减收", -1}, Change{U"减支", -1},
                              Change{U"增", 1},    Change{U"减", -1},   Change{U"差值", 0},  Change{U"差额", 0},
                              Change{U"相差", 0},  Change{U"增减", 0}};

// "增加", "增长了", "减少额为", "增加(减少)": the direction of a change that ends the phrase.
bool ends_in_change(std::u32string_view lead, int& direction) {
  bool cut = true;
  while (cut) {
    cut = false;
    for (auto word : {U"了", U"约", U"为", U"额", U"各", U"达到", U"达", U"率", U"幅度", U"近", U"均", U"(", U"支出", U"收入",
                      U"经费", U"数"}) {
      std::u32string_view tail(word);
      if (lead.ends_with(tail)) {
        lead.remove_suffix(tail.size());
        cut = true;
      }
    }
  }
  for (const auto& change : kChanges) {
    if (!lead.ends_with(change.word)) continue;
    direction = change.direction;
    auto before = lead.substr(0, lead.size() - change.word.size());
    // One letter alone is a change only right after the comparison: "比上年多", not "至少".
    if (change.word.size() == 1 && !(contains_any(before, {U"比", U"较"}))) return false;
    for (const auto& other : kChanges)
      if (other.direction != change.direction && other.word.size() > 1 &&
          (before.ends_with(std::u32string(other.word) + U"(") || before.ends_with(std::u32string(other.word) + U"/") ||
           before.ends_with(std::u32string(other.word) + U"或")))
        direction = 0;
    return true;
  }
  return false;
}

bool is_counter(char32_t c) {
  return std::u32string_view(U"人辆台套个家项次条件批场期名座处栋间部份篇起户所").contains(c);
}

class Reader {
 public:
  explicit Reader(const Paragraph& paragraph) : text_(paragraph.text) { out_.paragraph = &paragraph; }

  Statements read() {
    split();
    std::size_t at = out_.paragraph->number.length;
    int depth = 0;
    while (at < text_.size()) {
      char32_t c = text_[at];
      if (c == U'(') ++depth;
      if (c == U')') depth = std::max(depth - 1, 0);
      bool starts = is_digit(c) ||
                    (c == U'-' && at + 1 < text_.size() && is_digit(text_[at + 1]) && (at == 0 || !is_digit(text_[at - 1])));
      bool inside =
          at > 0 && (is_digit(text_[at - 1]) || text_[at - 1] == U'.' || (text_[at - 1] < 0x80 && text_[at - 1] > U'@'));
      if (!starts || inside) {
        ++at;
        continue;
      }
      at = number(at, depth);
    }
    return std::move(out_);
  }

 private:
  void split() {
    for (std::size_t begin = 0, end = 0; begin < text_.size(); begin = end) {
      end = sentence_end(text_, begin);
      out_.sentences.emplace_back(begin, end);
    }
  }

  [[nodiscard]] int sentence_at(std::size_t at) const {
    auto found = std::ranges::upper_bound(out_.sentences, at, {}, [](const auto& sentence) { return sentence.second; });
    auto index = found == out_.sentences.end() ? std::ssize(out_.sentences) - 1 : found - out_.sentences.begin();
    return static_cast<int>(index);
  }

  // The unit behind a number; false when the number is a date, an ordinal or a piece of a name.
  bool unit(std::u32string_view rest, Mention& m, std::size_t& length) {
    m.unit = money_unit(rest, length);
    if (m.unit != Unit::unknown) return true;
    bool cut_short = rest.size() == 1 || (rest.size() > 1 && kDelimiters.contains(rest[1]));
    if (cut_short && (rest[0] == U'万' || rest[0] == U'亿')) {
      m.unit = rest[0] == U'万' ? Unit::wan : Unit::yi;
      length = 1;
      return true;
    }
    if (rest.starts_with(U"%")) {
      m.measure = Measure::percent;
      length = 1;
      return true;
    }
    if (!rest.empty() && is_counter(rest[0])) {
      m.measure = Measure::count;
      m.counter = rest.substr(0, 1);
      length = 1;
      return true;
    }
    return false;
  }

  std::size_t number(std::size_t at, int depth) {
    std::size_t length = 0;
    auto value = read_decimal(std::u32string_view(text_).substr(at), length);
    if (!value) {
      while (at < text_.size() && is_digit(text_[at])) ++at;
      return at + 1;
    }
    Mention m;
    std::size_t unit_length = 0;
    auto rest = std::u32string_view(text_).substr(at + length);
    if (!unit(rest, m, unit_length)) return at + length;
    auto end = at + length + unit_length;
    // Digits that stood apart: which of them belong together is not known.
    if (at >= 2 && text_[at - 1] == U' ' && is_digit(text_[at - 2])) {
      out_.unclear.push_back(mark_of(*out_.paragraph, at, end));
      out_.unclear_at.push_back(at);
      return end;
    }
    m.printed = *value;
    m.value = m.measure == Measure::money ? scaled(value->micro, fen_per_micro_times_million(m.unit), kMicro) : value->micro;
    m.begin = at;
    m.end = end;
    m.depth = depth;
    m.mark = mark_of(*out_.paragraph, at, end);
    m.sentence = sentence_at(at);
    judge(m);
    out_.mentions.push_back(std::move(m));
    return end;
  }

  void judge(Mention& m) {
    auto first = sentence_begin(out_, m.sentence);
    auto previous = out_.mentions.empty() ? std::size_t{0} : out_.mentions.back().end;
    auto floor = std::max({first, previous, m.begin - std::min(m.begin, kLookBack)});
    std::size_t begin = m.begin;
    while (begin > floor && !kDelimiters.contains(text_[begin - 1])) --begin;
    m.lead = text_.substr(begin, m.begin - begin);
    std::u32string_view since(text_);
    since = since.substr(floor, m.begin - floor);
    first = std::max(first, m.begin - std::min(m.begin, kLookBack));
    m.reason = gives_reason(std::u32string_view(text_).substr(first, m.begin - first));
    bool changes = ends_in_change(m.lead, m.direction);
    if (!changes && !since.empty() && since.back() == U'(') changes = ends_in_change(since, m.direction);
    // "较上年(减少)3万元"
    if (!changes && m.lead.empty() && since.ends_with(U")"))
      changes = ends_in_change(since.substr(0, since.size() - 1), m.direction);
    // "较上年增3万元，增5%"
    bool short_rate = m.measure == Measure::percent && !out_.mentions.empty() && out_.mentions.back().role == Role::change &&
                      (m.lead == U"增" || m.lead == U"减" || m.lead == U"升" || m.lead == U"降");
    if (!changes && short_rate) {
      changes = true;
      m.direction = m.lead == U"增" || m.lead == U"升" ? 1 : -1;
    }
    if (goes_on_with(m, since)) return;
    if (m.measure == Measure::percent) {
      m.role = changes                                              ? Role::change_percent
               : since.contains(U'占') || of_stated_whole(m, since) ? Role::share
               : says_completion(since)                             ? Role::completion
                                                                    : Role::other;
    } else {
      m.role = changes ? Role::change : Role::level;
    }
    if (m.role != Role::level) return;
    auto lead = std::u32string_view(m.lead);
    auto both = both_sides(floor, m.begin);
    m.phrase = both ? clause_before(floor, m.begin) : phrase_before(m.begin, floor);
    // "决算17万元，完成预算27万元的63%": what was budgeted is what the account is compared with.
    m.compared = is_compared(lead) || is_compared(m.phrase) || lead.starts_with(U"完成");
    if (!m.compared) m.subject = both;
    if (!m.compared && !m.subject) m.subject = subject_before(m, floor, begin);
    if (!m.compared && !m.subject) m.subject = of_the_budget_before(m, floor);
  }

  // "与上年支出", "支出决算数比上年的", "比年初预算": what comes is what something is compared with.
  [[nodiscard]] static bool is_compared(std::u32string_view words) {
    // "支出3万元，上年为2万元"
    static constexpr std::array<std::u32string_view, 8> kLast{U"上年",   U"上年为", U"上年度",   U"上年度为",
                                                              U"去年为", U"上年数", U"上年数为", U"上年决算数"};
    if (std::ranges::find(kLast, words) != kLast.end()) return true;
    for (auto word : {U"与", U"比", U"较", U"同"}) {
      bool opens = words.starts_with(word);
      auto at = opens || word == std::u32string_view(U"与") || word == std::u32string_view(U"同") ? 0 : words.rfind(word);
      if (!opens && (at == 0 || at == std::u32string_view::npos)) continue;
      auto rest = words.substr(at + 1);
      if (opens && (year_in(rest) != 0 || contains_any(rest, {U"上年", U"去年"}))) return true;
      // "比年初预算8万元"
      bool budget = word != std::u32string_view(U"同") && rest.contains(U"预算") &&
                    contains_any(rest.substr(0, 4), {U"预算数", U"年初", U"调整", U"全年预算", U"当年预算", U"本年预算"});
      if (opens && budget) return true;
      // Within a clause: right behind the comparison the other figure is named and nothing else.
      constexpr std::size_t kMost = 16;
      bool names = rest.starts_with(U"上年") || rest.starts_with(U"去年") || rest.starts_with(U"20") ||
                   rest.starts_with(U"年初预算") || rest.starts_with(U"全年预算") || rest.starts_with(U"调整预算");
      if (names && rest.size() <= kMost && !contains_any(rest, {U"增", U"减", U"升", U"降", U"平", U"相比"})) return true;
    }
    return false;
  }

  // Whether a reason is being given at the end of `before`, a sentence so far. A reason ends at the ；, unless more of them are
  // counted up.
  [[nodiscard]] static bool gives_reason(std::u32string_view before) {
    static constexpr std::array<std::u32string_view, 8> kReasons{U"主要原因", U"原因是", U"原因:",    U"主要是",
                                                                 U"由于",     U"主要系", U"增减变化", U"原因为"};
    auto last = std::u32string_view::npos;
    for (auto word : kReasons)
      if (auto at = before.rfind(word); at != std::u32string_view::npos)
        last = last == std::u32string_view::npos ? at : std::max(last, at);
    if (last == std::u32string_view::npos) return false;
    auto reason = before.substr(last);
    // "基本支出3万元，主要是为保障正常运转发生的支出，包括…": what it is for.
    for (auto purpose : {U"主要是为保障", U"主要是为了保障", U"主要是为完成", U"主要是保障"})
      if (reason.starts_with(purpose)) return false;
    auto stop = reason.rfind(U'；');
    if (stop == std::u32string_view::npos) return true;
    auto next = reason.substr(stop + 1);
    return numbering(next).level > 0 || (next.size() >= 2 && next[1] == U'是') || reason.contains(U"一是");
  }

  [[nodiscard]] bool says_completion(std::u32string_view since) const {
    // "完成预算27万元的63%"
    bool of_amount = !out_.mentions.empty() && out_.mentions.back().compared && out_.mentions.back().lead.starts_with(U"完成");
    // "支出决算9万元，为年初预算的90%"
    static constexpr std::array<std::u32string_view, 8> kRates{U"为年初预算的",   U"为年初预算数的", U"为调整预算的",
                                                               U"为调整预算数的", U"为全年预算的",   U"为全年预算数的",
                                                               U"为预算的",       U"为预算数的"};
    if (std::ranges::any_of(kRates, [&](auto rate) { return since.ends_with(rate); })) return true;
    return (of_amount && since.starts_with(U"的")) || (since.contains(U"完成") && since.contains(U"预算")) ||
           contains_any(since, {U"执行率", U"执行比例", U"预算完成率", U"完成率"});
  }

  // "项目23个，占全部项目25个的92%"
  [[nodiscard]] bool of_stated_whole(const Mention& m, std::u32string_view since) const {
    if (out_.mentions.empty() || (since != U"的" && since != U"的比例为" && since != U"的比重为")) return false;
    const auto& whole = out_.mentions.back();
    return whole.role == Role::level && whole.sentence == m.sentence && whole.lead.starts_with(U'占');
  }

  // "分别减少0.18万元和0.56万元", "占25.8%、46.6%和27.6%": what was said of the number before is said of this one.
  bool goes_on_with(Mention& m, std::u32string_view since) const {
    if (out_.mentions.empty() || (since != U"和" && since != U"、" && since != U"及" && since != U"与")) return false;
    const auto& before = out_.mentions.back();
    if (before.sentence != m.sentence || before.measure != m.measure || before.role == Role::level) return false;
    m.role = before.role;
    m.direction = before.direction;
    m.chained = true;
    return true;
  }

  // "公务接待费预算8万元，支出决算5.8万元": what was spent of what was budgeted right before.
  [[nodiscard]] std::optional<Subject> of_the_budget_before(const Mention& m, std::size_t floor) const {
    static constexpr std::array<std::u32string_view, 10> kAccounts{U"支出决算", U"支出决算为", U"支出决算数", U"支出决算数为",
                                                                   U"决算",     U"决算为",     U"决算数",     U"决算数为",
                                                                   U"决算支出", U"实际支出"};
    if (out_.mentions.empty() || std::ranges::find(kAccounts, std::u32string_view(m.phrase)) == kAccounts.end())
      return std::nullopt;
    const auto& before = out_.mentions.back();
    bool beside = before.end == floor && before.sentence == m.sentence && before.depth == m.depth &&
                  text_.substr(floor, m.begin - floor - m.phrase.size()) == U"，";
    bool budgeted = before.role == Role::level && before.measure == m.measure && before.phrase.contains(U"预算");
    return beside && budgeted ? before.subject : std::nullopt;
  }

  // "财政拨款收、支总计均为": over the 、 within it.
  [[nodiscard]] std::optional<Subject> both_sides(std::size_t floor, std::size_t end) const {
    return total_of_both(clause_before(floor, end));
  }
  [[nodiscard]] std::u32string_view clause_before(std::size_t floor, std::size_t end) const {
    auto words = std::u32string_view(text_).substr(floor, end - floor);
    if (auto stop = words.find_last_of(U"，；。:"); stop != std::u32string_view::npos) words.remove_prefix(stop + 1);
    return words;
  }

  // "（一）基本支出：2020年年初预算数为": what is before the colon, when nothing is named behind it.
  [[nodiscard]] std::optional<Subject> named_before_colon(std::size_t end, std::size_t floor) const {
    std::u32string_view text(text_);
    auto colon = text.substr(floor, end - floor).rfind(U':');
    if (colon == std::u32string_view::npos) return std::nullopt;
    for (char32_t c : text.substr(floor + colon + 1, end - floor - colon - 1))
      if (!is_digit(c) && !std::u32string_view(U"年初度预算决数为安排支出合计共").contains(c)) return std::nullopt;
    return subject_of(phrase_before(floor + colon, floor));
  }

  // Back to the stop before, over brackets and quotation marks.
  [[nodiscard]] std::u32string phrase_before(std::size_t end, std::size_t floor) const {
    std::size_t begin = end;
    int closed = 0;
    for (; begin > floor; --begin) {
      char32_t c = text_[begin - 1];
      if (c == U')') ++closed;
      if (c == U'(' && closed-- == 0) break;
      if (closed == 0 && std::u32string_view(U"，；。:、,;！？").contains(c)) break;
    }
    return without_quotes(std::u32string_view(text_).substr(begin, end - begin));
  }

  // The phrase right before the number; when it says nothing ("合计", "为"), the text since the number before.
  [[nodiscard]] std::optional<Subject> subject_before(const Mention& m, std::size_t floor, std::size_t begin) const {
    auto clean = [](std::u32string_view text) {
      std::u32string out;
      auto marker = text.rfind(U"其中");
      if (marker != std::u32string_view::npos) text.remove_prefix(marker + 2);
      for (auto c : text)
        if (!kDelimiters.contains(c) && c != U'”' && c != U'"') out += c;
      return out;
    };
    auto lead = phrase_before(m.begin, floor);
    // "支出决算为": of whatever the sentence is about.
    for (auto word : {U"支出决算为", U"支出决算", U"支出预算为", U"决算支出", U"支出预算数为", U"支出决算数为"})
      if (lead == word) return std::nullopt;
    if (auto found = subject_of(lead)) return found;
    if (auto found = named_before_colon(m.begin, floor)) return found;
    if (lead.size() > 4 && begin > floor) {
      // "因公出国(境)经费": brackets inside the phrase cut its lead short.
      if (text_[begin - 1] != U')' && text_[begin - 1] != U'(' && text_[begin - 1] != U'“') return std::nullopt;
    }
    auto whole = std::u32string_view(text_).substr(floor, m.begin - floor);
    return subject_of(clean(whole));
  }

  const std::u32string& text_;
  Statements out_;
};

}  // namespace

Statements statements_of(const Paragraph& paragraph) {
  return Reader(paragraph).read();
}

bool Statements::unclear_within(std::size_t begin, std::size_t end) const {
  auto first = std::ranges::lower_bound(unclear_at, begin);
  return first != unclear_at.end() && *first < end;
}

std::vector<const Mention*> mentions_before(const Statements& s, std::size_t k, int sentences_back) {
  std::vector<const Mention*> out;
  for (std::size_t back = 1; back <= std::min(k, kMentionsBack); ++back) {
    const auto& m = s.mentions[k - back];
    if (m.sentence < s.mentions[k].sentence - sentences_back) break;
    out.push_back(&m);
  }
  return out;
}

std::u32string_view sentence_text(const Statements& s, int sentence) {
  auto [begin, end] = s.sentences[static_cast<std::size_t>(sentence)];
  return std::u32string_view(s.paragraph->text).substr(begin, end - begin);
}

std::size_t sentence_begin(const Statements& s, int sentence) {
  return s.sentences[static_cast<std::size_t>(sentence)].first;
}

std::u32string_view said_before(const Statements& s, int sentence, std::size_t end) {
  auto begin = sentence_begin(s, sentence);
  return std::u32string_view(s.paragraph->text).substr(begin, end - begin);
}

std::u32string last_clause(std::u32string_view words, std::initializer_list<std::u32string_view> stops) {
  if (auto stop = words.find_last_of(U"，；:。"); stop != std::u32string_view::npos) words.remove_prefix(stop + 1);
  auto end = words.size();
  for (auto word : stops) end = std::min(end, words.find(word));
  return without_quotes(words.substr(0, end));
}

bool is_stated(const Mention& m) {
  return m.role == Role::level && m.measure == Measure::money && !m.reason && !m.compared;
}

bool is_budgeted(const Mention& m) {
  return without_fund_names(m.lead).contains(U"预算") && !m.lead.contains(U"决算");
}

std::int64_t half_place(const Mention& m) {
  auto place = last_place(m.printed.digits) / 2;
  return m.measure == Measure::money ? scaled(place, fen_per_micro_times_million(m.unit), kMicro) : place;
}

}  // namespace qushu::budget
