#include "subject.h"

#include <algorithm>
#include <array>

#include "folded.h"

namespace qushu::budget {
namespace {

struct Rule {
  std::u32string_view words;
  std::string_view code;
};

// Looked for anywhere in the phrase, the first that is found.
constexpr std::array kPhrases{
    Rule{U"因公出国", "sangong.abroad"},
    Rule{U"公务接待", "sangong.reception"},
    Rule{U"国内接待", "sangong.reception_home"},
    Rule{U"国(境)外接待", "sangong.reception_abroad"},
    Rule{U"境外接待", "sangong.reception_abroad"},
    Rule{U"外宾接待", "sangong.reception_abroad"},
    Rule{U"外事接待", "sangong.reception_abroad"},
    Rule{U"公务用车购置及运行", "sangong.car"},
    Rule{U"公务用车购置和运行", "sangong.car"},
    Rule{U"公务用车运行维护及购置", "sangong.car"},
    Rule{U"公务用车购置和维护", "sangong.car"},
    Rule{U"公务用车购置及维护", "sangong.car"},
    Rule{U"公务用车及运行", "sangong.car"},
    Rule{U"公车购置及运行", "sangong.car"},
    Rule{U"公务车购置及运行", "sangong.car"},
    Rule{U"公务用车购置", "sangong.car_purchase"},
    Rule{U"公车购置", "sangong.car_purchase"},
    Rule{U"公务车购置", "sangong.car_purchase"},
    Rule{U"公务用车运行", "sangong.car_run"},
    Rule{U"公车运行", "sangong.car_run"},
    Rule{U"公务车运行", "sangong.car_run"},
    Rule{U"公务用车维护", "sangong.car_run"},
    Rule{U"三公", "sangong.total"},
    Rule{U"机关运行经费", "agency_running"},
    Rule{U"政府采购货物", "procurement.goods"},
    Rule{U"政府采购工程", "procurement.works"},
    Rule{U"政府采购服务", "procurement.services"},
    Rule{U"政府购买服务", "bought_services"},
    Rule{U"政府采购", "procurement.total"},
    Rule{U"人员经费", "basic.personnel"},
    Rule{U"日常公用", "basic.public"},
    Rule{U"公用经费", "basic.public"},
    Rule{U"基本支出", "expenditure.basic"},
    Rule{U"项目支出", "expenditure.project"},
    Rule{U"一般公共服务", "function.201"},
    Rule{U"外交支出", "function.202"},
    Rule{U"国防支出", "function.203"},
    Rule{U"公共安全支出", "function.204"},
    Rule{U"教育支出", "function.205"},
    Rule{U"科学技术支出", "function.206"},
    Rule{U"文化旅游体育与传媒", "function.207"},
    Rule{U"社会保障和就业", "function.208"},
    Rule{U"卫生健康支出", "function.210"},
    Rule{U"节能环保支出", "function.211"},
    Rule{U"城乡社区支出", "function.212"},
    Rule{U"农林水支出", "function.213"},
    Rule{U"交通运输支出", "function.214"},
    Rule{U"资源勘探", "function.215"},
    Rule{U"商业服务业", "function.216"},
    Rule{U"金融支出", "function.217"},
    Rule{U"援助其他地区", "function.219"},
    Rule{U"自然资源海洋气象", "function.220"},
    Rule{U"住房保障支出", "function.221"},
    Rule{U"粮油物资储备", "function.222"},
    Rule{U"灾害防治", "function.224"},
    Rule{U"工资福利", "economic.301"},
    Rule{U"商品和服务支出", "economic.302"},
    Rule{U"对个人和家庭", "economic.303"},
    Rule{U"债务利息", "economic.307"},
    Rule{U"资本性支出(基本建设)", "economic.309"},
    Rule{U"资本性支出", "economic.310"},
    Rule{U"对企业补助", "economic.312"},
    Rule{U"收入总计", "income.grand"},
    Rule{U"本年收入合计", "income.year"},
    Rule{U"收入合计", "income.year"},
    Rule{U"支出总计", "expenditure.grand"},
    Rule{U"本年支出合计", "expenditure.year"},
    Rule{U"支出合计", "expenditure.year"},
    Rule{U"财政专户", "income.special"},
    Rule{U"上级补助收入", "income.superior"},
    Rule{U"附属单位上缴", "income.subordinate"},
    Rule{U"单位经营收入", "income.business"},
    Rule{U"经营收入", "income.business"},
    Rule{U"事业收入", "income.institution"},
    Rule{U"其他收入", "income.other"},
};

bool is_income_source(std::u32string_view text) {
  return text.ends_with(U"收入") || text.ends_with(U"拨款") || text.ends_with(U"拨款收入");
}

// What is cut from the end of a phrase before its figure.
std::u32string_view without_tail(std::u32string_view text) {
  bool cut = true;
  while (cut) {
    cut = false;
    for (auto word : {U"为", U"是", U"共计", U"总计为", U"合计为", U"预算数", U"决算数", U"预算", U"决算", U"总额", U"金额",
                      U"安排", U"约", U"计", U"共", U"达", U"类", U"数"}) {
      std::u32string_view tail(word);
      if (text.size() > tail.size() && text.ends_with(tail) && !text.ends_with(U"合计") && !text.ends_with(U"总计")) {
        text.remove_suffix(tail.size());
        cut = true;
      }
    }
  }
  return text;
}

std::optional<std::string> income_source(std::u32string_view tail) {
  if (!is_income_source(tail)) return std::nullopt;
  // "机关运行经费一般公共预算拨款" is a grant for something, no source of income.
  auto of_income = [](std::string_view code) { return code.starts_with("income.") || code.ends_with(".grand"); };
  if (std::ranges::any_of(kPhrases, [&](const Rule& rule) { return !of_income(rule.code) && tail.contains(rule.words); }))
    return std::nullopt;
  if (tail.contains(U"政府性基金")) return "income.fund";
  if (tail.contains(U"国有资本经营")) return "income.capital";
  if (contains_any(tail, {U"一般公共预算", U"公共财政预算"})) return "income.general";
  if (contains_any(tail, {U"财政拨款", U"财政补助收入"})) return "income.fiscal";
  return std::nullopt;
}

bool has_negation(std::u32string_view text) {
  // What all of a region's units have together is no unit's; one kind of projects is not all of them.
  return contains_any(text, {U"单位补助", U"结转",     U"结余",     U"上缴上级",   U"经营支出",       U"弥补",
                             U"中小企业", U"小微企业", U"人均",     U"每",         U"类项目支出",     U"全省",
                             U"全市",     U"全县",     U"全区",     U"全州",       U"级一般公共预算", U"地方一般公共预算",
                             U"自有资金", U"自筹资金", U"单位资金", U"非财政拨款", U"民生",           U"非同级"});
}

}  // namespace

bool is_whole(std::string_view code, std::string_view side) {
  return code.starts_with(side) && (code.ends_with(".any") || code.ends_with(".grand") || code.ends_with(".year"));
}

bool is_loose(std::string_view code) {
  return code == "income.any" || code == "expenditure.any";
}

std::string_view family(std::string_view code) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kFamilies{{
      {"expenditure.basic", "kind"},
      {"expenditure.project", "kind"},
      {"basic.personnel", "basic"},
      {"basic.public", "basic"},
      {"sangong.abroad", "sangong"},
      {"sangong.reception", "sangong"},
      {"sangong.car", "sangong"},
      {"sangong.car_purchase", "car"},
      {"sangong.car_run", "car"},
      {"procurement.goods", "procurement"},
      {"procurement.works", "procurement"},
      {"procurement.services", "procurement"},
      {"income.general", "income"},
      {"income.fund", "income"},
  }};
  for (const auto& [member, name] : kFamilies)
    if (member == code) return name;
  if (code.starts_with("function.")) return "function";
  if (code.starts_with("economic.")) return "economic";
  if (code.starts_with("income.") && code != "income.any" && code != "income.grand" && code != "income.year") return "income";
  return {};
}

std::u32string without_fund_names(std::u32string_view text) {
  return without_all(text, {U"一般公共预算", U"政府性基金预算", U"国有资本经营预算", U"公共财政预算"});
}

std::string scope_of(std::u32string_view text) {
  if (text.contains(U"政府性基金")) return "fund";
  if (text.contains(U"国有资本经营")) return "capital";
  if (contains_any(text, {U"社会保险基金", U"社保基金"})) return "insurance";
  if (contains_any(text, {U"一般公共预算", U"公共财政预算", U"一般公共财政"})) return "general";
  if (text.contains(U"财政拨款")) return "fiscal";
  if (contains_any(text,
                   {U"部门收支", U"部门收入", U"部门支出", U"单位收支", U"单位收入", U"单位支出", U"收支总体", U"收入总体",
                    U"支出总体", U"收入支出总体", U"收支预算总体", U"部门预算收支", U"收入预算", U"收入决算"}))
    return "all";
  // "项目支出预算" is of one kind of expenditure, of whichever funds.
  for (auto word : {U"支出预算", U"支出决算"})
    if (auto at = text.rfind(word); at != std::u32string_view::npos && !ends_with_any(text.substr(0, at), {U"项目", U"基本"}))
      return "all";
  return {};
}

int year_in(std::u32string_view text) {
  for (std::size_t i = 0; i + 4 < text.size(); ++i) {
    if (text[i] != U'2' || text[i + 1] != U'0' || !is_digit(text[i + 2]) || !is_digit(text[i + 3])) continue;
    if (i > 0 && is_digit(text[i - 1])) continue;
    std::size_t after = i + 4;
    while (after < text.size() && is_space(text[after])) ++after;
    if (after < text.size() && text[after] == U'年')
      return static_cast<int>((text[i + 2] - U'0') * 10 + (text[i + 3] - U'0')) + 2000;
  }
  return 0;
}

bool may_agree(std::string_view a, std::string_view b) {
  return a == b || a.empty() || b.empty();
}

namespace {

// "(213类)", "(01款)", "（项）", "(301)" say where in the classification something stands, not what it is.
std::u32string without_ranks(std::u32string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto end = text[i] == U'(' ? text.find(U')', i) : std::u32string_view::npos;
    bool rank = end != std::u32string_view::npos && end > i + 1 &&
                (std::u32string_view(U"类款项").contains(text[end - 1]) ||
                 std::ranges::all_of(text.substr(i + 1, end - i - 1), is_digit));
    if (rank) {
      i = end;
      continue;
    }
    out += text[i];
  }
  return out;
}

// "重点", "专项资金", "50万元以上的", "编制绩效目标的" before 项目支出: some of them. A unit's name and a year may stand there.
bool is_qualified(std::u32string_view before) {
  before = without_tails(
      before, {U"一般公共预算", U"政府性基金", U"国有资本经营", U"公共财政", U"财政拨款", U"财政", U"拨款", U"预算", U"决算",
               U"本年度",       U"本年",       U"当年",         U"全年",     U"年初",     U"安排", U"其中", U"全部", U"所有",
               U"各",           U"支出",       U"合计",         U"总",       U"中",       U"用于", U"为",   U"是",   U"和",
               U"及",           U"与",         U"、",           U"的",       U"“",        U"(",    U"比",   U"较",   U"将",
               U"对",           U"部门",       U"单位"});
  constexpr std::u32string_view kEnds =
      U"局院校道镇乡委办心站所馆队会处年度园厅府县市区社我本关团.)";  // a unit, a year, a number
  return !before.empty() && !kEnds.contains(before.back()) && !is_digit(before.back());
}

// "云口县水利局收入预算": all of what the unit that is named has, which ends at 收入 or 支出 of `text`.
bool is_of_a_unit(std::u32string_view text, std::u32string_view tail) {
  constexpr std::size_t kSide = 2;  // 收入, 支出
  auto unit = tail.substr(0, tail.size() - kSide);
  auto after = text.substr(tail.size());
  return (after.starts_with(U"预算") || after.starts_with(U"决算")) &&
         ends_with_any(unit, {U"局", U"委", U"委员会", U"办公室", U"政府", U"街道办事处", U"中心", U"中学", U"小学", U"学校",
                              U"幼儿园", U"管理处", U"联合会", U"厅"});
}

std::optional<Subject> subject_of_words(std::u32string_view text) {
  if (text.empty() || text.size() > 80 || has_negation(text)) return std::nullopt;
  auto tail = without_tail(text);
  Subject out;
  // A source of income that ends the phrase names itself, its scope with it.
  bool of_goals = contains_any(text, {U"涉及", U"绩效", U"用于"});
  if (auto source = of_goals ? std::nullopt : income_source(tail)) {
    out.code = *source;
    return out;
  }
  out.scope = scope_of(text);
  // Of several known words the last one is the subject: "一般公共预算基本支出中的人员经费".
  std::size_t best = 0, best_size = 0;
  // A word for a whole ("支出合计") gives way to any that says of what: "政府采购支出合计".
  auto is_sum = [](std::string_view code) { return code.ends_with(".grand") || code.ends_with(".year"); };
  for (const auto& rule : kPhrases) {
    if (!out.code.empty() && is_sum(rule.code) && !is_sum(out.code)) continue;
    auto at = text.rfind(rule.words);
    if (at == std::u32string_view::npos) continue;
    auto end = at + rule.words.size();
    if (out.code.empty() || end > best || (end == best && rule.words.size() > best_size)) {
      // A longer phrase that holds a shorter one keeps the field.
      if (!out.code.empty() && at >= best - best_size && end <= best) continue;
      out.code = rule.code;
      best = end;
      best_size = rule.words.size();
    }
  }
  // "其他工资福利支出" is an item within the class.
  if (out.code.starts_with("economic.") && text.substr(0, best - best_size).ends_with(U"其他")) return std::nullopt;
  // "高中教育支出", "其他农林水支出" are items within the class.
  if (out.code.starts_with("function.") &&
      ends_with_any(text.substr(0, best - best_size), {U"其他", U"初中", U"高中", U"小学", U"学前", U"职业", U"高等", U"特殊",
                                                       U"成人", U"普通", U"进修", U"中等", U"高级"}))
    return std::nullopt;
  if (out.code == "expenditure.project" && is_qualified(text.substr(0, best - best_size))) return std::nullopt;
  // "公务用车购置及运行维护费" holds both of its parts.
  if (out.code.starts_with("sangong.car") &&
      contains_any(text, {U"公务用车购置及运行", U"公务用车购置和运行", U"公务用车购置和维护", U"公务用车购置及维护",
                          U"公务用车运行维护及购置", U"公务用车购置费及运行", U"公务用车及运行", U"公车购置及运行",
                          U"公务车购置及运行"}))
    out.code = "sangong.car";
  // Those from home and those from abroad are the parts of it.
  if (out.code == "sangong.reception") {
    if (text.contains(U"国内")) out.code = "sangong.reception_home";
    if (contains_any(text, {U"境)外", U"国外", U"境外", U"外宾", U"外事"})) out.code = "sangong.reception_abroad";
  }
  // What follows the known word must not make it something else: "基本支出预算" is one, "项目支出绩效评价资金" is not.
  if (!out.code.empty()) {
    auto after = std::u32string_view(text).substr(std::min(best, text.size()));
    static constexpr std::array<std::u32string_view, 42> kHarmless{
        U"总支出", U"总额", U"预算",   U"决算",   U"支出",       U"收入",   U"经费",       U"费用", U"费",   U"合计", U"总计",
        U"规模",   U"金额", U"数",     U"为",     U"共",         U"共计",   U"计",         U"安排", U"(境)", U"(类)", U"及运行",
        U"运行",   U"维护", U"维护费", U"类",     U"的补助",     U"拨款",   U"财政拨款",   U"等",   U"达",   U"约",   U"是",
        U"当年",   U"年初", U"补助",   U"与传媒", U"工业信息等", U"等支出", U"及应急管理", U"和",   U"“”"};
    constexpr std::size_t kYear = 5;
    bool cut = true;
    while (cut && !after.empty()) {
      cut = false;
      for (auto word : kHarmless)
        if (after.starts_with(word)) {
          after.remove_prefix(word.size());
          cut = true;
          break;
        }
      // "公务用车购置费2024年预算数"
      if (!cut && year_in(after.substr(0, kYear)) != 0 && is_digit(after.front())) {
        after.remove_prefix(kYear);
        cut = true;
      }
      if (!cut && (after.front() == U'”' || after.front() == U'"' || after.front() == U'’')) {
        after.remove_prefix(1);
        cut = true;
      }
    }
    if (after.size() > 1 || (of_goals && is_sum(out.code))) return std::nullopt;
    if (is_sum(out.code) && text.contains(U"费")) return std::nullopt;  // "公用经费支出合计"
    return out;
  }
  if (tail.ends_with(U"本年收入") || tail.ends_with(U"本年支出")) {
    out.code = tail.ends_with(U"收入") ? "income.year" : "expenditure.year";
    return of_goals ? std::nullopt : std::optional(out);
  }
  // The unit's name, however long, stands before the year.
  auto own = tail;
  if (auto year = own.rfind(U'年');
      year != std::u32string_view::npos && year >= 4 && is_digit(own[year - 1]) && year + 1 < own.size())
    own.remove_prefix(year + 1);
  if (ends_with_any(tail, {U"收入", U"总收入"}) && own.size() <= 24) out.code = "income.any";
  if (ends_with_any(tail, {U"支出", U"总支出"}) && own.size() <= 24) {
    // "其他支出", "公共设施支出" are items; only the unqualified word is the whole.
    static constexpr std::array<std::u32string_view, 13> kWhole{
        U"部门支出", U"基金拨款支出", U"年度支出",     U"单位支出", U"预算支出", U"财政拨款支出", U"预算拨款支出",
        U"总支出",   U"年支出",       U"部门预算支出", U"全年支出", U"本年支出", U"算支出"};
    bool whole =
        tail == U"支出" || std::ranges::any_of(kWhole, [&](auto w) { return tail.ends_with(w); }) || is_of_a_unit(text, tail);
    // "会议费预算支出", "教育经费总支出"
    if (whole && !tail.contains(U"费")) out.code = "expenditure.any";
  }
  if (out.code.empty() || of_goals || contains_any(text, {U"采购", U"购买"})) return std::nullopt;
  if (out.code == "income.any") {
    static constexpr std::array<std::u32string_view, 9> kWhole{U"年度收入", U"部门收入", U"单位收入", U"预算收入", U"总收入",
                                                               U"年收入",   U"全年收入", U"安排收入", U"本年收入"};
    bool whole =
        tail == U"收入" || std::ranges::any_of(kWhole, [&](auto w) { return tail.ends_with(w); }) || is_of_a_unit(text, tail);
    if (!whole || tail.contains(U"费")) return std::nullopt;
  }
  return out;
}

}  // namespace

std::optional<Subject> total_of_both(std::u32string_view text) {
  static constexpr std::array<std::u32string_view, 9> kBoth{U"收、支总",         U"收支总",           U"收入、支出总",
                                                            U"收入支出总",       U"收、支预算总",     U"收支预算总",
                                                            U"收入、支出预算总", U"收入总计、支出总", U"收入总计和支出总"};
  for (auto both : kBoth) {
    auto at = text.rfind(both);
    if (at == std::u32string_view::npos) continue;
    for (char32_t c : text.substr(at + both.size()))
      if (!std::u32string_view(U"计预算决数额各均为是共").contains(c)) return std::nullopt;
    return Subject{.code = "income.grand", .scope = scope_of(text.substr(0, at)), .part = {}};
  }
  return std::nullopt;
}

std::optional<Subject> subject_of(std::u32string_view text) {
  auto out = subject_of_words(without_ranks(text));
  // "自然灾害防治(款)地质灾害防治(项)" are items of a class, whatever class their names sound like.
  bool item = contains_any(text, {U"(款)", U"(项)"}) && !text.contains(U"(类)");
  return item && out && out->code.starts_with("function.") ? std::nullopt : out;
}

void inherit_scope(Subject& subject, std::string_view around) {
  bool item = subject.code.starts_with("sangong.") || subject.code.starts_with("procurement.");
  if (item && subject.scope == "all") subject.scope.clear();
  if (subject.scope.empty() && !(item && around == "all")) subject.scope = around;
}

}  // namespace qushu::budget
