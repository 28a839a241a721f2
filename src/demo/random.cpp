#include "random.h"

#include <array>

#include <fmt/format.h>

namespace qushu::demo {

std::uint64_t Random::next() {
  std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

std::string credit_code(Random& r) {
  static constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  std::string code = "91990105";
  for (int i = 0; i < 9; ++i) code += kAlphabet[r.below(kAlphabet.size())];
  int sum = 0, weight = 1;
  for (char c : code) {
    sum += static_cast<int>(kAlphabet.find(c)) * weight;
    weight = weight * 3 % 31;
  }
  return code + kAlphabet[static_cast<std::size_t>((31 - sum % 31) % 31)];
}

std::string id_card(Random& r) {
  static constexpr std::array<int, 17> kWeights{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
  auto born = date(r, 1955, 2003);
  auto text = fmt::format("990105{:04}{:02}{:02}{:03}", born.year, born.month, born.day, r.below(1000));
  int sum = 0;
  for (std::size_t i = 0; i < 17; ++i) sum += (text[i] - '0') * kWeights.at(i);
  return text + std::string_view("10X98765432")[static_cast<std::size_t>(sum % 11)];
}

Date date(Random& r, int first_year, int last_year) {
  return {static_cast<int>(r.between(first_year, last_year)), static_cast<unsigned>(r.between(1, 12)),
          static_cast<unsigned>(r.between(1, 28))};
}

std::string company_name(Random& r) {
  static constexpr std::array<std::string_view, 24> kFirst{"云澜", "溪谷", "青禾", "望川", "嘉禾", "锦程", "瑞霖", "恒岳",
                                                           "明湖", "翠屏", "远山", "沐阳", "晨曦", "长风", "金穗", "鸿雁",
                                                           "碧波", "朗月", "合丰", "启明", "盛泽", "安澜", "博远", "和畅"};
  static constexpr std::array<std::string_view, 20> kTrade{
      "农业科技", "机械制造", "建筑工程", "物流",     "餐饮管理", "信息技术", "环保设备", "医药", "纺织",     "食品",
      "家具",     "汽车服务", "文化传媒", "教育咨询", "物业管理", "新能源",   "化工材料", "商贸", "旅游开发", "电子"};
  static constexpr std::array<std::string_view, 4> kForm{"有限公司", "有限责任公司", "股份有限公司", "（个体工商户）"};
  return fmt::format("云溪{}{}{}{}", r.of(kFirst), r.of(kFirst), r.of(kTrade), r.of(kForm));
}

}  // namespace qushu::demo
