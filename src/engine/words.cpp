#include "words.h"

#include <array>
#include <map>
#include <regex>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "qushu/base/phrases.h"
#include "qushu/base/text.h"

namespace qushu::engine {
namespace {

// The particular ones first.
constexpr auto kPhrases = std::to_array<Phrase>({
    {R"re(syntax error at or near "(.*)")re", "“$1”附近写法不对"},
    {R"re(syntax error at end of input)re", "语句没有写完"},
    {R"re(unterminated quoted string at or near "(.*[^"])"?)re", "单引号没有成对：$1"},
    {R"re(unterminated quoted identifier at or near "(.*[^"])"?)re", "双引号没有成对：$1"},
    {R"re(unterminated /\* comment.*)re", "注释没有结束，缺少 */"},
    {R"re(zero-length delimited identifier.*)re", "双引号里没有名称"},
    {R"re(Referenced column "(.*)" not found in FROM clause.*)re", "没有“$1”这一列"},
    {R"re(Referenced table "(.*)" not found!?.*)re", "FROM 中没有“$1”"},
    {R"re(Values list "(.*)" does not have a column named "(.*)")re", "“$1”没有“$2”这一列"},
    {R"re(Table "(.*)" does not have a column named "(.*)")re", "“$1”没有“$2”这一列"},
    {R"re(Ambiguous reference to column name "(.*)" \(use: (.*)\))re", "有几个“$1”列，请写明是哪个表的：$2"},
    {R"re(column "(.*)" must appear in the GROUP BY clause or must be part of an aggregate function.*)re",
     "“$1”要么写进 GROUP BY，要么用聚合函数（如 count、sum、any_value）"},
    {R"re(column "(.*)" must appear in the GROUP BY clause or be used in an aggregate function.*)re",
     "“$1”要么写进 GROUP BY，要么用聚合函数（如 count、sum、any_value）"},
    {R"re(WHERE clause cannot contain aggregates!?)re", "WHERE 中不能用聚合函数，请改用 HAVING"},
    {R"re(WHERE clause cannot contain window functions!?)re", "WHERE 中不能用窗口函数，请改用 QUALIFY"},
    {R"re(GROUP BY clause cannot contain aggregates!?)re", "GROUP BY 中不能用聚合函数"},
    {R"re(aggregate function calls cannot be nested)re", "聚合函数不能嵌套"},
    {R"re(Could not convert string '(.*)' to (.*))re", "文本“$1”不能转换为 $2"},
    {R"re(Could not cast value (.*) to (.*))re", "$1 不能转换为 $2"},
    {R"re(Cannot compare values of type (.*) and type (.*) - an explicit cast is required)re",
     "类型 $1 和 $2 不能直接比较，请用 CAST 转换"},
    {R"re(No function matches the given name and argument types '(.*)'\..*)re", "没有这样的函数或参数类型不对：$1"},
    {R"re(Could not choose a best candidate function for the function call "(.*)"\..*)re",
     "参数类型不明确，请用 CAST 写明：$1"},
    {R"re((Scalar|Aggregate|Table) Function with name (\S+) does not exist!?.*)re", "没有函数 $2"},
    {R"re((?:date|time|timestamp) field value out of range: "(.*)".*)re", "没有这个日期或时间：$1"},
    {R"re(invalid (?:date|time|timestamp) field format: "(.*)".*)re", "日期或时间的写法不对：$1"},
    {R"re(Could not parse string "(.*)" according to format specifier "(.*)")re", "“$1”不符合格式“$2”"},
    {R"re(Overflow in (?:addition|subtraction|multiplication|division) of \S+ \((.*)\)!?)re", "数太大，超出了范围：$1"},
    {R"re(Set operations can only apply to expressions with the same number of result columns)re",
     "UNION、INTERSECT、EXCEPT 两边的列数必须相同"},
    {R"re(SELECT \* expression without FROM clause!?)re", "用了 * 却没有写 FROM"},
    {R"re(More than one row returned by a subquery.*)re", "子查询返回了多行，只能有一行"},
    {R"re(Subquery returns (\d+) columns - expected (\d+))re", "子查询有 $1 列，应为 $2 列"},
    {R"re(ORDER term out of range - should be between 1 and (\d+))re", "ORDER BY 的序号应在 1 到 $1 之间"},
    {R"re(LIMIT.* must be .*|The limit .*)re", "LIMIT 应为不小于 0 的整数"},
    {R"re(Max expression depth limit of (\d+) exceeded.*)re", "表达式嵌套超过 $1 层，请拆开写"},
    {R"re((?:Invalid regex: )?(?:no argument for repetition operator|missing \)|missing \]|unexpected \)|invalid escape sequence|invalid perl operator): ?(.*))re",
     "正则表达式写得不对：$1"},
    {R"re(Division by zero!?)re", "除数为零"},
});

// What an error is of, as it stands before a colon.
std::string_view kind_of(std::string_view english) {
  static const std::map<std::string_view, std::string_view> kKinds{
      {"Binder Error", "语句有误"},        {"Parser Error", "写法有误"},       {"Catalog Error", "没有这个名称"},
      {"Conversion Error", "转换不了"},    {"Out of Range Error", "超出范围"}, {"Invalid Input Error", "输入有误"},
      {"Not implemented Error", "不支持"}, {"Constraint Error", "不符合约束"}, {"Invalid Error", "输入有误"}};
  auto found = kKinds.find(english);
  return found == kKinds.end() ? std::string_view() : found->second;
}

}  // namespace

std::string in_chinese(std::string_view message) {
  static const Phrasebook kBook(kPhrases);
  std::string_view kind;
  if (auto colon = message.find(": "); colon != std::string_view::npos) {
    kind = kind_of(message.substr(0, colon));
    if (!kind.empty()) message.remove_prefix(colon + 2);
  }
  // A very long line would be matched for as long: nobody reads it either.
  std::string line = shorten(message, 300);
  if (auto said = kBook.in_chinese(line)) return *std::move(said);
  return kind.empty() ? line : std::string(kind) + "：" + line;
}

Error with_identifier(Error error, const std::string& message, std::span<const Label> labels) {
  static const std::regex kMissing(R"re((?:Referenced column|have a column named) "([^"\n]{1,300})")re");
  std::smatch found;
  if (error.id != "sql.failed" || !std::regex_search(message, found, kMissing)) return error;
  std::set<std::string> identifiers;
  for (const auto& label : labels)
    if (label.name == found[1].str() && label.column != label.name) identifiers.insert(label.column);
  if (identifiers.empty()) return error;
  auto all = fmt::format("{}", fmt::join(identifiers, " / "));
  error.text.zh += fmt::format("；“{}”是数据项的名称，这里要写它的标识符 {}", found[1].str(), all);
  error.text.en += fmt::format(" “{}” is an item's name; write its identifier here: {}", found[1].str(), all);
  return error;
}

}  // namespace qushu::engine
