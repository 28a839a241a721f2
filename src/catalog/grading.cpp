#include "qushu/catalog/grading.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/codes.h"
#include "qushu/base/text.h"

#include "terms.h"

namespace qushu::catalog {
namespace {

bool is_phone(std::string_view text) {
  return is_mobile(text) || is_landline(text);
}

// 京A12345, 京AD12345 (new energy), 京A·12345.
bool is_plate(std::string_view text) {
  constexpr std::u32string_view kProvinces = U"京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
  auto all = characters(text);
  if (all.size() < 7 || all.size() > 9 || !kProvinces.contains(all[0])) return false;
  std::erase_if(all, [](char32_t c) { return c == U'·' || c == U' '; });
  auto plain = [](char32_t c) { return (c >= U'A' && c <= U'Z') || (c >= U'0' && c <= U'9'); };
  return (all.size() == 7 || all.size() == 8) && all[1] >= U'A' && all[1] <= U'Z' &&
         std::ranges::all_of(all.begin() + 1, all.end() - 1, plain) &&
         (plain(all.back()) || std::u32string_view(U"学警港澳挂").contains(all.back()));
}

// Two to four Chinese characters that begin with one of the commonest surnames.
bool is_person_name(std::string_view text) {
  constexpr std::u32string_view kSurnames =
      U"王李张刘陈杨黄赵周吴徐孙朱马胡郭林何高梁郑罗宋谢唐韩曹许邓萧冯曾程蔡彭潘袁于董余苏叶吕魏蒋田杜丁沈姜范江傅钟卢汪戴崔任"
      U"陆廖姚方金邱夏谭韦贾邹石"
      U"熊孟秦阎薛侯雷白龙段郝孔邵史毛常万顾赖武康贺严尹钱施牛洪龚";
  auto all = characters(text);
  return all.size() >= 2 && all.size() <= 4 && kSurnames.contains(all[0]) &&
         std::ranges::all_of(all, [](char32_t c) { return c >= 0x4E00 && c <= 0x9FFF; });
}

struct Category {
  std::string_view code;
  Text name;
  std::vector<std::string_view> words;  // in the field's name, small letters
  bool (*fits)(std::string_view) = nullptr;
  double share = 0.6;  // of the values that have to fit for the content alone to say it
};

// The more telling come first.
const std::array kCategories{
    Category{"biometric",
             {"生物识别信息", "Biometric data"},
             {"指纹", "人脸", "虹膜", "声纹", "掌纹", "基因", "fingerprint"},
             nullptr},
    Category{"health",
             {"健康医疗信息", "Health data"},
             {"疾病", "诊断", "病历", "病史", "病种", "病症", "体检", "用药", "血型", "残疾", "健康状况", "疫苗", "就诊",
              "手术", "传染", "diagnosis"},
             nullptr},
    Category{"citizen_id",
             {"身份证号", "Citizen ID number"},
             {"身份证", "公民身份号码", "公民身份证", "证件号", "id_card", "idcard"},
             is_citizen_id},
    Category{
        "bank_card", {"银行账户", "Bank account"}, {"银行卡", "银行账", "开户账", "卡号", "bank_account"}, is_bank_card, 0.9},
    Category{"passport", {"护照等证件号", "Passport number"}, {"护照", "通行证", "军官证", "passport"}, nullptr},
    Category{"credit_code",
             {"统一社会信用代码", "Unified social credit code"},
             {"统一社会信用代码", "信用代码", "credit_code"},
             is_credit_code},
    Category{"phone", {"电话号码", "Telephone number"}, {"手机", "电话", "联系方式", "phone", "mobile"}, is_phone},
    Category{"email", {"电子邮箱", "E-mail address"}, {"邮箱", "电子邮件", "email", "e-mail"}, is_email},
    Category{"plate", {"车牌号", "Number plate"}, {"车牌", "号牌", "plate"}, is_plate},
    Category{"home_address",
             {"个人住址", "Home address"},
             {"住址", "家庭地址", "户籍地", "居住地", "现住", "通讯地址", "户籍地址"},
             nullptr},
    Category{"minor", {"未成年人信息", "Data of minors"}, {"学籍", "未成年", "监护人", "幼儿"}, nullptr},
    Category{"income",
             {"收入财产信息", "Income and property"},
             {"工资", "薪", "个人收入", "家庭收入", "月收入", "年收入", "低保金", "income", "salary"},
             nullptr},
    Category{"birth", {"出生日期", "Date of birth"}, {"出生", "生日", "birth"}, nullptr},
    Category{"location", {"行踪轨迹", "Whereabouts"}, {"轨迹", "行踪", "定位"}, nullptr},
    Category{"person_name",
             {"个人姓名", "Person's name"},
             {"姓名", "法定代表人", "法人代表", "负责人", "联系人", "户主", "申请人", "经办人", "当事人", "配偶"},
             is_person_name,
             0.8},
    Category{"address", {"地址", "Address"}, {"地址", "住所", "address"}, nullptr}};
const Category kGeneral{"general", {"一般信息", "General"}, {}, nullptr};

std::string level_in(std::string_view levels, std::string_view category) {
  for (auto pair : split(levels, ' '))
    if (auto equal = pair.find('='); equal != std::string_view::npos && trim(pair.substr(0, equal)) == category)
      return std::string(trim(pair.substr(equal + 1)));
  return "1";
}

std::string_view named_by(const Category& category, std::string_view name) {
  for (auto word : category.words)
    if (name.contains(word)) return word;
  return {};
}

std::uint64_t count_fits(const Category& category, const std::vector<std::string>& values) {
  if (category.fits == nullptr) return 0;
  return static_cast<std::uint64_t>(
      std::ranges::count_if(values, [&](const std::string& v) { return category.fits(trim(v)); }));
}

GradeProposal made(const FieldSample& sample, const Category& category, std::string_view levels, Text reason,
                   std::uint64_t matched) {
  return {.id = sample.id,
          .category = std::string(category.code),
          .category_name = category.name,
          .level = level_in(levels, category.code),
          .reason = std::move(reason),
          .checked = sample.values.size(),
          .matched = matched};
}

Text evidence(const FieldSample& sample, const Category& category, std::uint64_t matched) {
  auto checked = with_thousands(static_cast<std::int64_t>(sample.values.size()));
  auto fit = with_thousands(static_cast<std::int64_t>(matched));
  return {fmt::format("抽查 {} 个值，{} 个符合“{}”的格式或校验位", checked, fit, category.name.zh),
          fmt::format("{} of {} values have the form or check digit of “{}”", fit, checked, category.name.en)};
}

}  // namespace

GradeProposal propose_grade(const FieldSample& sample, std::string_view levels) {
  auto name = lower_ascii(sample.name) + " " + lower_ascii(sample.id);
  // What the values prove comes before what the name says.
  for (const auto& category : kCategories) {
    auto matched = count_fits(category, sample.values);
    if (matched == 0 || static_cast<double>(matched) < category.share * static_cast<double>(sample.values.size())) continue;
    auto reason = evidence(sample, category, matched);
    if (auto word = named_by(category, name); !word.empty()) {
      reason.zh = fmt::format("名称含“{}”，{}", word, reason.zh);
      reason.en = fmt::format("the name holds “{}”; {}", word, reason.en);
    }
    return made(sample, category, levels, {reason.zh + "。", reason.en + "."}, matched);
  }
  for (const auto& category : kCategories) {
    auto word = named_by(category, name);
    if (word.empty()) continue;
    auto matched = count_fits(category, sample.values);
    Text reason{fmt::format("名称含“{}”", word), fmt::format("The name holds “{}”", word)};
    if (category.fits != nullptr && !sample.values.empty()) {
      auto told = evidence(sample, category, matched);
      reason.zh += "；" + told.zh;
      reason.en += "; " + told.en;
    }
    return made(sample, category, levels, {reason.zh + "。", reason.en + "."}, matched);
  }
  return made(sample, kGeneral, levels,
              {"名称和内容中没有发现个人信息或敏感信息。", "Neither name nor values speak of personal or sensitive data."}, 0);
}

Result<void> check_grading_levels(std::string_view text) {
  for (auto pair : split(text, ' ')) {
    if (trim(pair).empty()) continue;
    auto equal = pair.find('=');
    auto category = trim(pair.substr(0, equal));
    bool known = category == kGeneral.code || std::ranges::find(kCategories, category, &Category::code) != kCategories.end();
    bool level = equal != std::string_view::npos &&
                 std::ranges::find(levels(), trim(pair.substr(equal + 1)), &Word::code) != levels().end();
    if (known && level) continue;
    return fail(Error{.code = Code::invalid,
                      .id = "grading.levels",
                      .text = {fmt::format("“{}”应写成 类别=级别，如 phone=3。", pair),
                               fmt::format("“{}” has to be written as category=grade, such as phone=3.", pair)},
                      .subject = "catalog.grading_levels"});
  }
  return {};
}

}  // namespace qushu::catalog
