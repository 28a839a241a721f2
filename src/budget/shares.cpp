#include "shares.h"

#include <algorithm>

#include <fmt/format.h>

namespace qushu::budget {

std::u32string_view PercentCheck::whole_named(const Mention& share) const {
  auto from = text_.rfind(U'占', share.begin);
  if (from == std::u32string::npos) return {};
  auto words = std::u32string_view(text_).substr(from + 1, share.begin - from - 1);
  for (auto tail : {U"的", U"比例为", U"比重为", U"比例", U"比重", U"比", U"的", U"约"})
    if (words.ends_with(tail)) words.remove_suffix(std::u32string_view(tail).size());
  return words;
}

const Mention* PercentCheck::total_of(const Mention& part) const {
  auto last = static_cast<std::size_t>(&part - mentions_.data());
  for (std::size_t back = 0; back <= std::min(last, kMentionsBack); ++back) {
    auto k = last - back;
    if (mentions_[k].role != Role::level || !groups_.opens_parts(k)) continue;
    auto totals = groups_.totals_before(k);
    return totals.empty() ? nullptr : totals.front();
  }
  return nullptr;
}

bool PercentCheck::fits(const Mention& part, std::int64_t whole, const Mention& percent) const {
  if (whole == 0) return part.value == 0;
  auto slack = 2 * groups_.half(part);
  auto low = scaled(part.value - slack, 100 * kMicro, whole + slack),
       high = scaled(part.value + slack, 100 * kMicro, std::max<std::int64_t>(whole - slack, 1));
  auto place = last_place(percent.printed.digits) - 1;
  return percent.value >= low - place && percent.value <= high + place;
}

void PercentCheck::report_percent(const Mention& percent, std::int64_t expected, const std::vector<Mark>& others,
                                  const char* zh, const char* en) {
  Finding f{.kind = Kind::percent, .confidence = 88};
  f.expected = percent_text(expected, std::max(percent.printed.digits, 2));
  f.found = to_text(percent.value, percent.printed.digits);
  f.unit = "%";
  f.message = {fmt::format("{}应为 {}%，文中为 {}%。", zh, f.expected, f.found),
               fmt::format("{} is {}%, the text says {}%.", en, f.expected, f.found)};
  f.places = {c_.place(percent.mark)};
  bool known = std::ranges::any_of(c_.findings(), [&](const Finding& other) {
    return other.kind == f.kind && other.places.front() == f.places.front() && other.found == f.found &&
           other.expected == f.expected;
  });
  if (known) return;
  for (const auto& mark : others) c_.quote(f, mark);
  c_.add(std::move(f));
}

}  // namespace qushu::budget
