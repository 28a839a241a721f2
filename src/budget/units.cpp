// The units of amounts, and what a document calls them.
#include <array>

#include "layout.h"

namespace qushu::budget {

std::int64_t fen_per_micro_times_million(Unit unit) {
  switch (unit) {
    case Unit::yuan:
      return 100;
    case Unit::thousand:
      return 100'000;
    case Unit::wan:
    case Unit::unknown:
      return kMicro;
    case Unit::yi:
      return kMicro * 10'000;
  }
  return kMicro;
}

std::string_view name(Unit unit) {
  switch (unit) {
    case Unit::yuan:
      return "元";
    case Unit::thousand:
      return "千元";
    case Unit::yi:
      return "亿元";
    case Unit::wan:
      return "万元";
    case Unit::unknown:
      return "";
  }
  return "";
}

Unit money_unit(std::u32string_view text, std::size_t& length) {
  struct Word {
    std::u32string_view text;
    Unit unit;
  };
  static constexpr std::array kWords{Word{U"亿元", Unit::yi}, Word{U"万元", Unit::wan}, Word{U"千元", Unit::thousand},
                                     Word{U"元", Unit::yuan}};
  for (const auto& word : kWords)
    if (text.starts_with(word.text)) {
      length = word.text.size();
      return word.unit;
    }
  return Unit::unknown;
}

Unit unit_named(std::u32string_view text) {
  auto bare = without_spaces(text);
  auto says = [&](std::u32string_view unit) {
    for (auto before : {U"单位:", U"单位为", U"单位", U"("}) {
      auto at = bare.find(std::u32string(before) + std::u32string(unit));
      if (at != std::u32string::npos) return true;
    }
    return false;
  };
  if (says(U"万元") || says(U"人民币万元")) return Unit::wan;
  if (says(U"亿元")) return Unit::yi;
  if (says(U"千元")) return Unit::thousand;
  if (says(U"元") || says(U"人民币元")) return Unit::yuan;
  return Unit::unknown;
}

}  // namespace qushu::budget
