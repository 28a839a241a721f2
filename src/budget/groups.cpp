#include "groups.h"

#include <algorithm>
#include <array>

namespace qushu::budget {

Parts levels_above(const Model& model, std::size_t index) {
  auto first = index;
  while (first > 0 && index - first < kParagraphsBack && model.paragraphs[first - 1].section == model.paragraphs[index].section)
    --first;
  Parts out;
  for (; first < index; ++first)
    for (const auto& m : model.paragraphs[first].said.mentions)
      if (m.role == Role::level && !m.reason) out.push_back(&m);
  return out;
}

std::vector<std::span<const ParagraphView>> sections_of(const Model& model) {
  std::span all(model.paragraphs);
  std::vector<std::span<const ParagraphView>> out;
  for (std::size_t i = 0; i < all.size();) {
    auto k = i;
    while (k < all.size() && all[k].section == all[i].section && all[k].owner == all[i].owner) ++k;
    out.push_back(all.subspan(i, k - i));
    i = k;
  }
  return out;
}

bool same_measure(const Mention& a, const Mention& b) {
  return a.measure == b.measure && a.counter == b.counter;
}

std::u32string_view Groups::gap(std::size_t k) const {
  auto begin = k == 0 ? 0 : mentions_[k - 1].end;
  auto sentence = sentence_begin(view_.said, mentions_[k].sentence);
  // 其中 may open the sentence after its total; the text of that sentence is all that counts then.
  begin = std::max(begin, sentence);
  return std::u32string_view(text_).substr(begin, mentions_[k].begin - begin);
}

std::size_t Groups::marker_end(std::u32string_view text) {
  static constexpr std::array<std::u32string_view, 18> kMarkers{
      U"其中",     U"包括",       U"分别为",       U"分别是",       U"具体为",       U"构成为",
      U"主要用于", U"用于以下",   U"按功能分类",   U"按经济分类",   U"分类科目",     U"科目分类",
      U"分为:",    U"分项情况是", U"支出功能分类", U"支出用途分类", U"支出性质分类", U"按用途分"};
  auto out = std::u32string_view::npos;
  for (auto word : kMarkers) {
    auto at = text.rfind(word);
    if (at != std::u32string_view::npos && (out == std::u32string_view::npos || at + word.size() > out)) out = at + word.size();
  }
  return out;
}

bool Groups::opens_parts(std::size_t k) const {
  auto text = gap(k);
  auto end = marker_end(text);
  if (end == std::u32string_view::npos) return false;
  if (text.substr(end).contains(U'；')) return false;
  return k == 0 || contains_any(text, {U"其中"}) || !is_sibling(mentions_[k], mentions_[k - 1]);
}

bool Groups::is_sibling(const Mention& a, const Mention& b) {
  if (!a.subject || !b.subject || a.subject->code == b.subject->code || a.sentence != b.sentence || a.depth != b.depth)
    return false;
  auto kind = family(a.subject->code);
  return !kind.empty() && kind != "income" && kind == family(b.subject->code);
}

Groups::Side Groups::side_of_marker(std::size_t k) const {
  auto text = gap(k);
  auto end = marker_end(text);
  if (end == std::u32string_view::npos) return Side::none;
  auto words = text.substr(0, end);
  auto from = words.find_last_of(U"；。，");
  if (from != std::u32string_view::npos) words.remove_prefix(from + 1);
  for (auto lead : {U"其中", U"本年", U"全年", U"总", U":", U"，"})
    if (words.starts_with(lead)) words.remove_prefix(std::u32string_view(lead).size());
  if (words.starts_with(U"收入") && !words.contains(U"支出")) return Side::income;
  if (words.starts_with(U"支出") && !words.contains(U"收入")) return Side::expenditure;
  return Side::none;
}

std::int64_t Groups::half(const Mention& m) const {
  return m.measure == Measure::money ? model_.rounding(m.unit, m.printed.digits) : 0;
}

std::int64_t Groups::tolerance(const Mention& total, const Parts& parts) const {
  auto out = half(total);
  for (const auto* p : parts) out += half(*p);
  return out;
}

std::int64_t Groups::sum_of(const Parts& parts) {
  std::int64_t out = 0;
  for (const auto* p : parts) out += p->value;
  return out;
}

Parts Groups::parts_from(std::size_t k, bool& nested) const {
  Parts out;
  nested = false;
  for (auto i = k; i < mentions_.size() && mentions_[i].sentence == mentions_[k].sentence; ++i) {
    const auto& m = mentions_[i];
    if (i - k > kMentionsBack || out.size() > kMostParts) break;
    if (m.depth < mentions_[k].depth) break;
    // A bracket that was closed ends what stood in it.
    if (i > k && mentions_[k].depth > 0 && closed_between(mentions_[i - 1].end, m.begin)) break;
    if (i > k && ends_list(k, i)) break;
    if (i > k && m.depth == mentions_[k].depth && opens_parts(i)) {
      if (side_of_marker(i) != Side::none) break;
      auto next = end_of_nested(k, i);
      if (!is_certain(i, next)) nested = true;
      if (next >= mentions_.size() || mentions_[next].sentence != m.sentence) break;
      i = next - 1;
      continue;
    }
    if (is_part(m, mentions_[k])) out.push_back(&m);
  }
  return out;
}

// "2022年为": another year's figure of what was named before it.
bool Groups::names_nothing(const Mention& m) {
  auto rest = without_all(m.lead, {U"年度", U"年", U"为", U"是"});
  return rest.size() == 4 && year_in(m.lead) != 0;
}

bool Groups::is_part(const Mention& m, const Mention& first) {
  if (&m != &first && names_nothing(m) && !names_nothing(first)) return false;
  // "车均运行维护费3万元" is what one of them costs.
  bool mean = contains_any(m.lead, {U"平均", U"人均", U"车均", U"每辆", U"每人"});
  return m.depth <= first.depth && m.role == Role::level && !m.reason && !m.compared && !mean && same_measure(m, first);
}

bool Groups::ends_list(std::size_t k, std::size_t i) const {
  const auto* total = level_before(k);
  if (total == nullptr) return false;
  // "年初结转9万元，其中：…；年末结转8万元"
  auto begins = [](const Mention& m) { return m.lead.starts_with(U"年初"); };
  bool end_of_year = mentions_[i].lead.starts_with(U"年末") &&
                     (begins(*total) || std::any_of(mentions_.begin() + static_cast<std::ptrdiff_t>(k),
                                                    mentions_.begin() + static_cast<std::ptrdiff_t>(i), begins));
  return end_of_year || is_sibling(mentions_[i], *total);
}

const Mention* Groups::level_before(std::size_t k) const {
  for (std::size_t back = 1; back <= std::min(k, kMentionsBack); ++back) {
    const auto& m = mentions_[k - back];
    if (m.sentence != mentions_[k].sentence) return nullptr;
    if (m.role == Role::level && m.depth == mentions_[k].depth && same_measure(m, mentions_[k])) return &m;
  }
  return nullptr;
}

std::size_t Groups::end_of_nested(std::size_t outer, std::size_t from) const {
  auto own = mentions_[from].subject ? family(mentions_[from].subject->code) : std::string_view{};
  auto i = from + 1;
  for (; i < mentions_.size() && i - from <= kMentionsBack && mentions_[i].sentence == mentions_[from].sentence; ++i) {
    const auto& m = mentions_[i];
    if (m.role != Role::level || m.depth != mentions_[from].depth) continue;
    auto kind = m.subject ? family(m.subject->code) : std::string_view{};
    if (!own.empty() && kind == own && own != "income") continue;
    if (ends_list(from, i) || is_sibling(m, mentions_[outer])) return i;
    auto between = std::u32string_view(text_).substr(mentions_[i - 1].end, m.begin - mentions_[i - 1].end);
    if (between.contains(U'；') || (!own.empty() && !kind.empty() && kind != own)) return i;
  }
  return i;
}

bool Groups::is_certain(std::size_t from, std::size_t to) const {
  const auto* total = level_before(from);
  if (total == nullptr) return false;
  Parts parts;
  for (auto i = from; i < to; ++i)
    if (is_part(mentions_[i], mentions_[from])) parts.push_back(&mentions_[i]);
  bool sums = std::abs(sum_of(parts) - total->value) <= tolerance(*total, parts);
  bool followed = to < mentions_.size() && mentions_[to].sentence == mentions_[from].sentence;
  return sums || (followed && is_sibling(mentions_[to], *total));
}

std::optional<std::size_t> Groups::outer_of(std::size_t k) const {
  for (std::size_t back = 1; back <= std::min(k, kMentionsBack); ++back) {
    auto i = k - back;
    if (mentions_[i].sentence != mentions_[k].sentence) return std::nullopt;
    if (mentions_[i].depth == mentions_[k].depth && mentions_[i].role == Role::level && opens_parts(i)) return i;
  }
  return std::nullopt;
}

bool Groups::closed_between(std::size_t from, std::size_t to) const {
  return std::u32string_view(text_).substr(from, to - from).contains(U')');
}

bool Groups::is_total_of(const Mention& m, Side side) {
  if (contains_any(m.phrase, {U"收支", U"收入支出", U"收入、支出"}) || m.lead.starts_with(U"支总") ||
      m.lead.starts_with(U"支出总"))
    return true;
  if (!m.subject) return false;
  std::string_view code = m.subject->code;
  return (side == Side::income && (code == "income.grand" || code == "income.year" || code == "income.any")) ||
         (side == Side::expenditure &&
          (code == "expenditure.grand" || code == "expenditure.year" || code == "expenditure.any"));
}

Parts Groups::totals_before(std::size_t k) const {
  Parts out;
  auto add = [&](const Mention& m) {
    if (m.role == Role::level && !m.reason && !m.compared && same_measure(m, mentions_[k]) && m.depth <= mentions_[k].depth)
      out.push_back(&m);
  };
  if (auto side = side_of_marker(k); side != Side::none) {
    for (const auto* m : mentions_before(view_.said, k, 2))
      if (is_total_of(*m, side)) add(*m);
    // "…财政拨款收支总预算9万元。" and "收入包括：…；支出包括：…。": the total is the paragraph's above.
    auto index = static_cast<std::size_t>(&view_ - model_.paragraphs.data());
    if (out.empty() && index > 0)
      if (const auto& above = model_.paragraphs[index - 1]; above.section == view_.section)
        for (const auto& m : above.said.mentions)
          if (is_total_of(m, side)) add(m);
    return out;
  }
  for (const auto* m : mentions_before(view_.said, k, 0)) add(*m);
  if (!out.empty()) return out;
  auto sentence = sentence_text(view_.said, mentions_[k].sentence);
  if (!sentence.starts_with(U"其中") && !sentence.starts_with(U"包括") && !sentence.starts_with(U"主要用于") &&
      !sentence.starts_with(U"具体") && !sentence.starts_with(U"按"))
    return out;
  for (const auto* m : mentions_before(view_.said, k, 1)) add(*m);
  // The head figure of the sentence before is the total, its changes and parts are not.
  std::ranges::reverse(out);
  // "年初结转1万元，本年收入9万元，本年支出8万元，年末结转2万元。主要用于：…": what was spent.
  auto was_spent = [](const Mention* m) { return ends_with_any(m->lead, {U"本年支出", U"当年支出", U"本年支出合计"}); };
  auto for_purposes = sentence.starts_with(U"主要用于") || sentence.starts_with(U"具体用于");
  if (for_purposes && std::ranges::any_of(out, was_spent)) std::erase_if(out, [&](const Mention* m) { return !was_spent(m); });
  return out;
}
}  // namespace qushu::budget
