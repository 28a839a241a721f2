#include "qushu/surveys/definition.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/definitions/yaml_reader.h"

namespace qushu::surveys {
namespace {

using definitions::MapReader;
using definitions::Mistakes;
using definitions::YamlNode;

constexpr std::size_t kName = 40;
constexpr std::size_t kMostSections = 30;
constexpr std::size_t kMostOptions = 50;
constexpr std::int64_t kMostPoints = 11;
constexpr std::int64_t kText = 1000, kMostText = 5000;  // characters

constexpr std::array<std::string_view, 4> kKinds{"scale", "choice", "choices", "text"};
constexpr std::array<std::string_view, 2> kModes{"links", "public"};

// One text or {zh, en}, as MapReader::words() reads a member.
Text words_of(const YamlNode& node, const std::string& path, Mistakes& mistakes) {
  YamlNode holder{.kind = YamlNode::Kind::map, .line = node.line, .column = node.column, .text = {}, .items = {}};
  YamlNode key{.kind = YamlNode::Kind::scalar, .line = node.line, .column = node.column, .text = "label", .items = {}};
  holder.members.emplace_back(std::move(key), node);
  MapReader r(holder, path, mistakes);
  return r.words("label", true);
}

void scale(MapReader& r, Question& q, Mistakes& mistakes) {
  if (r.need("points") == nullptr) return;
  auto points = static_cast<std::size_t>(r.whole("points", 2, kMostPoints, 5));
  for (std::size_t i = 1; i <= points; ++i) q.options.push_back({.code = std::to_string(i), .label = {}});
  const auto* labels = r.get("labels");
  if (labels == nullptr) return;
  auto count = labels->items.size();
  if (labels->kind != YamlNode::Kind::list || (count != 2 && count != points)) {
    r.wrong(*labels, "labels",
            {fmt::format("应为 {} 项（每一级一项），或 2 项（最低和最高）。", points),
             fmt::format("{} are expected, one for each point, or 2, for the ends.", points)});
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    auto at = count == points ? i : i * (points - 1);
    q.options[at].label = words_of(labels->items[i], fmt::format("{}[{}]", r.path("labels"), i), mistakes);
  }
}

void choices(MapReader& r, Question& q) {
  const auto* list = r.need("choices");
  r.each("choices", kMostOptions, [&](MapReader& one) {
    Option option{.code = one.identifier("code", kName, true), .label = one.words("label", true)};
    if (!option.code.empty() && q.option(option.code) != nullptr)
      one.wrong(one.node(), "code",
                {fmt::format("选项代码“{}”用了两次。", option.code), fmt::format("The code “{}” is used twice.", option.code)});
    q.options.push_back(std::move(option));
  });
  if (list != nullptr && list->kind == YamlNode::Kind::list && q.options.size() < 2)
    r.wrong(*list, "choices", {"至少要有两个选项。", "There must be two choices at least."});
  if (q.kind != Kind::choices) return;
  auto all = std::max<std::int64_t>(1, static_cast<std::int64_t>(q.options.size()));
  q.least = static_cast<std::size_t>(r.whole("least", 0, all, 0));
  q.most = static_cast<std::size_t>(r.whole("most", 1, all, all));
  if (const auto* least = r.get("least"); least != nullptr && q.least > q.most)
    r.wrong(*least, "least", {"最少选几项不能多于最多选几项。", "least may not be above most."});
}

void satisfied(MapReader& r, Question& q) {
  const auto* node = r.get("satisfied");
  if (node == nullptr) return;
  if (q.kind == Kind::choices || q.kind == Kind::text) {
    r.wrong(*node, "satisfied", {"只有量表和单选题可以计算满意率。", "Only a scale or a choice counts as satisfied."});
    return;
  }
  for (const auto& code : r.texts("satisfied")) {
    auto found = std::ranges::find(q.options, code, &Option::code);
    if (found == q.options.end())
      r.wrong(*node, "satisfied",
              {fmt::format("没有“{}”这一级或选项。", code), fmt::format("There is no point or choice “{}”.", code)});
    else
      found->satisfied = true;
  }
}

Question question(MapReader& r, Mistakes& mistakes) {
  Question q{.code = r.identifier("code", kName, true), .title = r.words("title", true), .note = r.words("note", false)};
  q.line = r.node().line;
  q.required = r.flag("required");
  q.subject = r.identifier("subject", kName, false);
  if (q.subject.empty()) q.subject = q.code;
  const auto* kind = r.need("type");
  if (kind == nullptr || !parse_word(kind->text, kKinds, q.kind)) {
    if (kind != nullptr)
      r.wrong(*kind, "type",
              {"应为其中之一：scale（量表）、choice（单选）、choices（多选）、text（文字）。",
               "One of these is expected: scale, choice, choices, text."});
    r.leave_rest();
    return q;
  }
  if (q.kind == Kind::scale) scale(r, q, mistakes);
  if (q.kind == Kind::choice || q.kind == Kind::choices) choices(r, q);
  if (q.kind == Kind::text) q.max_length = static_cast<std::size_t>(r.whole("max_length", 1, kMostText, kText));
  satisfied(r, q);
  return q;
}

std::optional<calendar::LocalTime> moment(MapReader& r, std::string_view key) {
  const auto* node = r.get(key);
  if (node == nullptr) return std::nullopt;
  auto at = node->kind == YamlNode::Kind::scalar ? parse_local(trim(node->text)) : std::nullopt;
  if (!at) r.wrong(*node, key, {"这里应为时间，如 2026-12-01T09:00。", "A time is expected, such as 2026-12-01T09:00."});
  return at;
}

void results(MapReader& r, Definition& d) {
  d.results = r.texts("results");
  const auto* node = r.get("results");
  for (const auto& who : d.results)
    if (who != "everyone" && who != "department" &&
        !(who.starts_with("role:") && definitions::is_identifier(who.substr(5), kName)))
      r.wrong(*node, "results",
              {"每项应为 everyone、department 或 role:角色代码。", "Each is everyone, department or role:CODE."});
}

void sections(MapReader& r, Definition& d, Mistakes& mistakes) {
  const auto* list = r.need("sections");
  std::set<std::string, std::less<>> codes;
  std::size_t questions = 0;
  r.each("sections", kMostSections, [&](MapReader& one) {
    Section section{.title = one.words("title", false), .note = one.words("note", false), .questions = {}};
    if (one.need("questions") != nullptr)
      one.each("questions", kMostQuestions, [&](MapReader& at) {
        auto q = question(at, mistakes);
        if (!q.code.empty() && !codes.insert(q.code).second)
          at.wrong(at.node(), "code",
                   {fmt::format("题目代码“{}”用了两次。", q.code), fmt::format("The code “{}” is used twice.", q.code)});
        if (++questions == kMostQuestions + 1)
          at.wrong(at.node(), "",
                   {fmt::format("最多 {} 道题。", kMostQuestions), fmt::format("{} questions at most.", kMostQuestions)});
        section.questions.push_back(std::move(q));
      });
    d.sections.push_back(std::move(section));
  });
  if (list != nullptr && questions == 0)
    r.wrong(*list, "sections", {"至少要有一道题。", "There must be one question at least."});
}

json::object both(const Text& text) {
  return {{"zh", text.zh}, {"en", text.en}};
}

json::object to_json(const Question& q) {
  json::array options;
  for (const auto& o : q.options)
    options.push_back(json::object{{"code", o.code}, {"label", both(o.label)}, {"satisfied", o.satisfied}});
  return {{"code", q.code},         {"title", both(q.title)},    {"note", both(q.note)},          {"type", name(q.kind)},
          {"required", q.required}, {"subject", q.subject},      {"options", std::move(options)}, {"least", q.least},
          {"most", q.most},         {"max_length", q.max_length}};
}

}  // namespace

std::string_view name(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}
std::string_view name(Mode mode) {
  return kModes.at(static_cast<std::size_t>(mode));
}

bool Question::judges() const {
  return std::ranges::any_of(options, &Option::satisfied);
}

const Option* Question::option(std::string_view wanted) const {
  auto found = std::ranges::find(options, wanted, &Option::code);
  return found == options.end() ? nullptr : &*found;
}

const Question* Definition::question(std::string_view wanted) const {
  for (const auto& section : sections)
    for (const auto& q : section.questions)
      if (q.code == wanted) return &q;
  return nullptr;
}

std::optional<calendar::LocalTime> parse_local(std::string_view text) {
  // 2026-12-01T09:00
  if (text.size() != 16 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':') return std::nullopt;
  auto day = calendar::parse_day(text.substr(0, 10));
  auto hour = to_int(text.substr(11, 2)), minute = to_int(text.substr(14, 2));
  if (!day || !hour || !minute || *hour < 0 || *hour > 23 || *minute < 0 || *minute > 59) return std::nullopt;
  return calendar::LocalTime(*day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

std::string to_text(calendar::LocalTime at) {
  auto day = std::chrono::floor<std::chrono::days>(at);
  auto minutes = std::chrono::duration_cast<std::chrono::minutes>(at - day).count();
  return fmt::format("{}T{:02}:{:02}", calendar::to_text(day), minutes / 60, minutes % 60);
}

Parsed parse_definition(std::string_view yaml) {
  Parsed out;
  auto& d = out.definition;
  if (yaml.size() > kMostYaml) {
    out.mistakes.push_back({.line = 1,
                            .column = 1,
                            .key = {},
                            .text = {"定义太长，最多 256 KiB。", "The definition is too long, 256 KiB at most."}});
    return out;
  }
  auto root = definitions::parse_yaml(yaml, out.mistakes);
  if (out.mistakes.empty()) {
    Mistakes mistakes(out.mistakes);
    MapReader r(root, "", mistakes);
    d.code = r.identifier("survey", kName, true);
    d.name = r.words("name", true);
    d.description = r.words("description", false);
    d.audience = r.words("audience", false);
    d.thanks = r.words("thanks", false);
    if (const auto* mode = r.need("mode"); mode != nullptr && !parse_word(mode->text, kModes, d.mode))
      r.wrong(*mode, "mode", {"应为 links（一次性链接）或 public（公开）。", "links or public is expected."});
    d.opens = moment(r, "opens");
    d.closes = moment(r, "closes");
    if (d.opens && d.closes && *d.opens >= *d.closes)
      r.wrong(*r.get("closes"), "closes", {"截止时间应晚于开始时间。", "It must close after it opens."});
    d.asks_robots = r.flag("question");
    if (d.asks_robots && d.mode == Mode::links)
      r.wrong(*r.get("question"), "question",
              {"只有公开的调查才需要防机器人的问题。", "Only a public survey asks a question against robots."});
    results(r, d);
    sections(r, d, mistakes);
  }
  sort_by_place(out.mistakes);
  return out;
}

Result<Definition> read_definition(std::string_view yaml) {
  auto parsed = parse_definition(yaml);
  if (parsed.mistakes.empty()) return std::move(parsed.definition);
  return definitions::tell(parsed.mistakes, "survey.definition");
}

json::object to_json(const Definition& d) {
  json::array sections, results;
  for (const auto& who : d.results) results.emplace_back(who);
  for (const auto& s : d.sections) {
    json::array questions;
    for (const auto& q : s.questions) questions.push_back(to_json(q));
    sections.push_back(json::object{{"title", both(s.title)}, {"note", both(s.note)}, {"questions", std::move(questions)}});
  }
  return {{"code", d.code},
          {"name", both(d.name)},
          {"description", both(d.description)},
          {"audience", both(d.audience)},
          {"thanks", both(d.thanks)},
          {"mode", name(d.mode)},
          {"opens", d.opens ? json::value(to_text(*d.opens)) : json::value(nullptr)},
          {"closes", d.closes ? json::value(to_text(*d.closes)) : json::value(nullptr)},
          {"question", d.asks_robots},
          {"results", std::move(results)},
          {"sections", std::move(sections)}};
}

}  // namespace qushu::surveys
