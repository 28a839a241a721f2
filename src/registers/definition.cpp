#include "qushu/registers/definition.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "columns.h"
#include "definition_parts.h"
#include "number.h"

namespace qushu::registers {
namespace {

constexpr std::array<std::string_view, 14> kKinds{"text",     "long_text",  "number",   "money",      "date",
                                                  "datetime", "choice",     "person",   "department", "reference",
                                                  "dataset",  "attachment", "location", "computed"};
constexpr std::array<std::string_view, 6> kLevels{"1", "2", "3", "4", "important", "core"};
constexpr std::array<std::string_view, 7> kFormats{"credit_code", "citizen_id", "region_code", "mobile",
                                                   "landline",    "bank_card",  "email"};
constexpr std::array<std::string_view, 8> kReserved{"and", "or", "not", "if", "round", "min", "max", "filled"};
constexpr std::size_t kName = 40;

std::string listed(std::span<const std::string_view> words) {
  std::string out;
  for (auto word : words) out += (out.empty() ? "" : ", ") + std::string(word);
  return out;
}

// A field's bound: written as people write the number, kept in units of its last decimal.
std::optional<std::int64_t> bound(MapReader& r, std::string_view key, const Field& field) {
  const auto* node = r.get(key);
  if (node == nullptr) return std::nullopt;
  auto value = parse_decimal(node->text, decimals_of(field));
  if (!value || node->kind != YamlNode::Kind::scalar)
    r.wrong(*node, key,
            {fmt::format("这里应为{}。", number_words(decimals_of(field)).zh),
             fmt::format("Here {} is expected.", number_words(decimals_of(field)).en)});
  return value;
}

class Reader {
 public:
  Reader(Definition& d, std::vector<Mistake>& list) : d_(d), mistakes_(list) {}

  void run(const YamlNode& root) {
    MapReader r(root, "", mistakes_);
    d_.code = r.identifier("register", kName, true);
    d_.name = r.words("name", true);
    d_.description = r.words("description", false);
    d_.group = r.words("group", false);
    if (const auto* node = r.get("number")) {
      d_.number = node->text;
      if (auto wrong = check_number_pattern(d_.number)) r.wrong(*node, "number", *wrong);
    }
    r.need("fields");
    r.each("fields", 200, [&](MapReader& one) { field(one); });
    r.each("states", 40, [&](MapReader& one) { state(one); });
    if (d_.states.empty()) d_.states.push_back({.name = "open", .label = {"在册", "Open"}});
    r.each("transitions", 100, [&](MapReader& one) { transition(one); });
    title(r);
    r.each("views", 20, [&](MapReader& one) { view(one); });
    r.each("form", 40, [&](MapReader& one) {
      d_.form.push_back({.label = one.words("section", true), .fields = field_list(one, "fields")});
    });
    r.each("checks", 50, [&](MapReader& one) { check(one); });
    r.each("reminders", 20, [&](MapReader& one) { reminder(one); });
    calendar(r);
    permissions(r);
    complete();
    read_print(r, d_);
    formulas();
  }

 private:
  Text choice_of(std::span<const std::string_view> words) {
    auto list = listed(words);
    return {fmt::format("应为其中之一：{}。", list), fmt::format("One of these is expected: {}.", list)};
  }

  void field(MapReader& r) {
    Field f{.name = r.identifier("name", kName, true),
            .was = r.identifier("was", kName, false),
            .label = r.words("label", true),
            .help = r.words("help", false)};
    f.line = r.node().line;
    const auto* kind = r.need("type");
    if (kind != nullptr && !parse(kind->text, f.kind)) r.wrong(*kind, "type", choice_of(kKinds));
    if (kind == nullptr || name(f.kind) != kind->text) {
      // What a kind decides is not judged without it.
      kinds_known_ = false;
      r.leave_rest();
    }
    if (std::ranges::find(kReserved, f.name) != kReserved.end())
      r.wrong(r.node(), "name",
              {"这个名称在公式中另有用处，请换一个。", "This name means something in formulas; choose another."});
    if (!f.name.empty() && d_.field(f.name) != nullptr)
      r.wrong(r.node(), "name", {"已有同名字段。", "There is a field of this name already."});
    f.required = r.flag("required");
    f.unique = r.flag("unique");
    f.retired = r.flag("retired");
    f.unit = r.words("unit", false);
    f.initial = r.text("initial");
    f.level = r.text("level", "1");
    if (std::ranges::find(kLevels, f.level) == kLevels.end()) r.wrong(*r.get("level"), "level", choice_of(kLevels));
    by_kind(r, f);
    if (f.unique &&
        (f.kind == Kind::attachment || f.kind == Kind::location || f.kind == Kind::computed || f.kind == Kind::long_text))
      r.wrong(r.node(), "unique", {"这种字段不能要求唯一。", "A field of this kind cannot be unique."});
    d_.fields.push_back(std::move(f));
    nodes_.push_back(&r.node());
  }

  void by_kind(MapReader& r, Field& f) {
    bool texts = f.kind == Kind::text || f.kind == Kind::long_text;
    if (texts) {
      f.min_length = static_cast<std::size_t>(r.whole("min_length", 0, 100'000, 0));
      f.max_length = static_cast<std::size_t>(r.whole("max_length", 1, 100'000, 0));
      f.format = r.text("format");
      if (!f.format.empty() && std::ranges::find(kFormats, f.format) == kFormats.end())
        r.wrong(*r.get("format"), "format", choice_of(kFormats));
    }
    if (f.kind == Kind::number || f.kind == Kind::computed) f.decimals = static_cast<int>(r.whole("decimals", 0, 6, 0));
    if (f.kind == Kind::number || f.kind == Kind::money) {
      f.min = bound(r, "min", f);
      f.max = bound(r, "max", f);
      if (f.min && f.max && *f.min > *f.max)
        r.wrong(r.node(), "max", {"最大值小于最小值。", "The largest value is less than the smallest."});
    }
    if (f.kind == Kind::computed) {
      r.need("formula");
      f.formula = r.text("formula");
      f.as_money = r.text("as") == "money";
      if (auto as = r.text("as"); !as.empty() && as != "money" && as != "number")
        r.wrong(*r.get("as"), "as", {"应为 number 或 money。", "This is number or money."});
      if (f.as_money) f.decimals = 2;
      if (f.required) r.wrong(r.node(), "required", {"计算得出的字段不能要求填写。", "A computed field cannot be required."});
    }
    if (f.kind == Kind::reference) f.target = r.identifier("target", kName, true);
    if (f.kind == Kind::choice) choices(r, f);
  }

  void choices(MapReader& r, Field& f) {
    const auto* list = r.need("choices");
    if (list == nullptr) return;
    if (list->kind != YamlNode::Kind::list || list->items.empty() || list->items.size() > 500)
      return r.wrong(*list, "choices", {"这里应为 1 至 500 项的列表。", "A list of 1 to 500 is expected."});
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      MapReader one(list->items[i], fmt::format("{}[{}]", r.path("choices"), i), mistakes_);
      Choice c{.code = one.identifier("code", kName, true), .label = one.words("label", true), .retired = one.flag("retired")};
      if (std::ranges::find(f.choices, c.code, &Choice::code) != f.choices.end() && !c.code.empty())
        one.wrong(one.node(), "code", {"已有同样的选项。", "There is such a choice already."});
      f.choices.push_back(std::move(c));
    }
  }

  void state(MapReader& r) {
    State s{.name = r.identifier("name", kName, true),
            .label = r.words("label", true),
            .final = r.flag("final"),
            .locked = r.flag("locked"),
            .deadline = static_cast<int>(r.whole("deadline", 1, 1000, 0)),
            .warn = static_cast<int>(r.whole("warn", 0, 100, 2)),
            .notify = told(r)};
    if (s.deadline == 0 && (r.get("warn") != nullptr || !s.notify.empty()))
      r.wrong(r.node(), "deadline",
              {"没有办理期限（deadline），也就没有到期提醒。", "Without a deadline there is nothing to be told of it."});
    if (!s.name.empty() && d_.state(s.name) != nullptr)
      r.wrong(r.node(), "name", {"已有同名状态。", "There is a state of this name already."});
    d_.states.push_back(std::move(s));
  }

  void known_state(MapReader& r, std::string_view key, const std::string& name) {
    const auto* node = r.get(key);
    if (node != nullptr && d_.state(name) == nullptr)
      r.wrong(*node, key, {fmt::format("没有状态“{}”。", name), fmt::format("There is no state “{}”.", name)});
  }

  void transition(MapReader& r) {
    Transition t{.name = r.identifier("name", kName, true), .label = r.words("label", true)};
    r.need("from");
    r.need("to");
    t.from = r.texts("from");
    t.to = r.text("to");
    for (const auto& from : t.from) known_state(r, "from", from);
    known_state(r, "to", t.to);
    if (r.need("who") != nullptr) t.who = who(r, "who");
    t.require = field_list(r, "require");
    t.comment = r.flag("comment");
    t.danger = r.flag("danger");
    t.notify = told(r);
    if (!t.name.empty() && d_.transition(t.name) != nullptr)
      r.wrong(r.node(), "name", {"已有同名流转。", "There is a transition of this name already."});
    d_.transitions.push_back(std::move(t));
  }

  std::vector<std::string> field_list(MapReader& r, std::string_view key) {
    auto out = r.texts(key);
    for (const auto& name : out) {
      const auto* f = d_.field(name);
      if (f == nullptr || f->retired)
        r.wrong(*r.get(key), key, {fmt::format("没有字段“{}”。", name), fmt::format("There is no field “{}”.", name)});
    }
    return out;
  }

  Who who(MapReader& r, std::string_view key) {
    Who out;
    for (const auto& text : r.texts(key)) {
      Rule rule;
      for (auto part : split(text, '+')) {
        auto word = trim(part);
        Term term;
        if (word == "everyone")
          term.kind = Term::Kind::everyone;
        else if (word == "own")
          term.kind = Term::Kind::own;
        else if (word == "department")
          term.kind = Term::Kind::department;
        else if (word == "nobody")
          term.kind = Term::Kind::nobody;
        else if (word.starts_with("role:"))
          term = {.kind = Term::Kind::role, .name = std::string(word.substr(5))};
        else if (word.starts_with("field:"))
          term = {.kind = Term::Kind::field, .name = std::string(word.substr(6))};
        else
          r.wrong(*r.get(key), key,
                  {fmt::format(
                       "不认识“{}”：可用 everyone、own、department、nobody、role:角色、field:人员字段，以 + 相连表示同时满足。",
                       shorten(word, 60)),
                   fmt::format("“{}” is not known: everyone, own, department, nobody, role:ROLE, field:PERSON_FIELD, joined by "
                               "+ where all must hold.",
                               shorten(word, 60))});
        if (term.kind == Term::Kind::field) {
          const auto* f = d_.field(term.name);
          if (f == nullptr || f->kind != Kind::person)
            r.wrong(*r.get(key), key,
                    {fmt::format("“{}”不是人员字段。", term.name), fmt::format("“{}” is no field of a person.", term.name)});
        }
        if (term.kind == Term::Kind::role && !definitions::is_identifier(term.name, 40))
          r.wrong(*r.get(key), key, {"role: 之后应为角色代码。", "After role: stands a role's code."});
        rule.push_back(std::move(term));
      }
      out.push_back(std::move(rule));
    }
    return out;
  }

  // Who is told of something: people that a record or a role names, never everybody.
  Who told(MapReader& r) {
    auto out = who(r, "notify");
    for (const auto& text : r.texts("notify"))
      for (auto part : split(text, '+'))
        if (auto word = trim(part); word == "everyone" || word == "nobody")
          r.wrong(*r.get("notify"), "notify",
                  {"只能通知 own（登记人）、department（记录所属部门）、role:角色 和 field:人员字段。",
                   "Told are own (who entered it), department (that of the record), role:ROLE and field:PERSON_FIELD."});
    return out;
  }

  void title(MapReader& r) {
    d_.title = r.text("title");
    if (d_.title.empty()) {
      auto first = std::ranges::find_if(d_.fields, [](const Field& f) { return f.kind == Kind::text && !f.retired; });
      if (first != d_.fields.end()) d_.title = first->name;
    }
    const auto* f = d_.field(d_.title);
    if (f == nullptr || f->kind != Kind::text || f->retired) {
      const auto* node = r.get("title");
      r.wrong(
          node != nullptr ? *node : r.node(), "title",
          {"应为一个单行文本（text）字段，记录以它为标题。", "A field of type text is expected, by which records are known."});
    }
  }

  void view(MapReader& r) {
    View v{.name = r.identifier("name", kName, true), .label = r.words("label", true)};
    r.each("where", 20, [&](MapReader& one) {
      Condition c{.column = one.text("field"), .op = one.text("op", "exact"), .value = join(one.texts("value"), ",")};
      if (find_column(d_, c.column) == nullptr && !is_system_column(c.column))
        one.wrong(one.node(), "field",
                  {fmt::format("没有字段“{}”。", c.column), fmt::format("There is no field “{}”.", c.column)});
      if (!is_operator(c.op))
        one.wrong(one.node(), "op", {fmt::format("没有比较方式“{}”。", c.op), fmt::format("There is no operator “{}”.", c.op)});
      if (c.op == "exact" && c.value.contains(',')) c.op = "in";
      v.where.push_back(std::move(c));
    });
    v.columns = r.texts("columns");
    v.sort = r.text("sort");
    if (v.sort.starts_with('-')) {
      v.descending = true;
      v.sort.erase(0, 1);
    }
    for (const auto& column : v.columns)
      if (d_.field(column) == nullptr && !is_system_column(column))
        r.wrong(*r.get("columns"), "columns",
                {fmt::format("没有字段“{}”。", column), fmt::format("There is no field “{}”.", column)});
    if (!v.sort.empty() && find_column(d_, v.sort) == nullptr && !is_system_column(v.sort))
      r.wrong(*r.get("sort"), "sort",
              {fmt::format("不能按“{}”排序。", v.sort), fmt::format("One cannot sort by “{}”.", v.sort)});
    d_.views.push_back(std::move(v));
  }

  void check(MapReader& r) {
    const auto* node = r.need("formula");
    Check c{.formula = r.text("formula"), .message = r.words("message", true)};
    if (node != nullptr && kinds_known_) {
      auto formula = parse_formula(d_, c.formula);
      if (!formula)
        r.wrong(*node, "formula", at(formula.error()));
      else if (formula->type() != FormulaType::truth)
        r.wrong(*node, "formula", {"应为一个条件，如 start <= finish。", "A condition is expected, such as start <= finish."});
    }
    d_.checks.push_back(std::move(c));
  }

  static Text at(const FormulaError& error) {
    return {fmt::format("公式第 {} 个字符：{}", error.at + 1, error.text.zh),
            fmt::format("Character {} of the formula: {}", error.at + 1, error.text.en)};
  }

  void reminder(MapReader& r) {
    Reminder one{.field = r.text("field"), .days = {}};
    const auto* f = d_.field(one.field);
    if (f == nullptr || f->kind != Kind::date || f->retired)
      r.wrong(r.node(), "field", {"应为一个日期字段。", "A field of type date is expected."});
    for (const auto& text : r.texts("days")) {
      auto days = to_int(text);
      if (!days || *days < 0 || *days > 3660)
        r.wrong(*r.get("days"), "days", {"应为提前的天数，0 到 3660。", "Days before it are expected, from 0 to 3660."});
      else
        one.days.push_back(static_cast<int>(*days));
    }
    if (one.days.empty()) one.days = {30};
    one.notify = told(r);
    d_.reminders.push_back(std::move(one));
  }

  void calendar(MapReader& r) {
    auto is_day = [](const Field& f) { return (f.kind == Kind::date || f.kind == Kind::datetime) && !f.retired; };
    d_.calendar = r.texts("calendar");
    for (const auto& name : d_.calendar) {
      const auto* f = d_.field(name);
      if (f == nullptr || !is_day(*f))
        r.wrong(*r.get("calendar"), "calendar",
                {fmt::format("“{}”不是日期或日期时间字段。", name), fmt::format("“{}” is no field of a date or time.", name)});
    }
    if (r.get("calendar") != nullptr) return;
    for (const auto& f : d_.fields)
      if (is_day(f)) d_.calendar.push_back(f.name);
  }

  void permissions(MapReader& r) {
    auto own = [] { return Who{{{.kind = Term::Kind::own, .name = {}}}, {{.kind = Term::Kind::department, .name = {}}}}; };
    Who everyone{{{.kind = Term::Kind::everyone, .name = {}}}};
    auto& p = d_.permissions;
    p = {.see = own(),
         .create = everyone,
         .edit = own(),
         .remove = Who{{{.kind = Term::Kind::own, .name = {}}}},
         .comment = everyone};
    const auto* node = r.get("permissions");
    if (node == nullptr) return;
    MapReader one(*node, "permissions", mistakes_);
    for (auto [key, into] : {std::pair{"see", &p.see}, std::pair{"create", &p.create}, std::pair{"edit", &p.edit},
                             std::pair{"remove", &p.remove}, std::pair{"comment", &p.comment}})
      if (one.get(key) != nullptr) *into = who(one, key);
    // There is no record yet whose own or whose field could be asked.
    for (const auto& rule : p.create)
      for (const auto& term : rule)
        if (term.kind == Term::Kind::own || term.kind == Term::Kind::field || term.kind == Term::Kind::department)
          one.wrong(*one.get("create"), "create",
                    {"新建时还没有记录，只能用 everyone、nobody 和 role:。",
                     "There is no record yet: everyone, nobody and role: alone can say who creates."});
  }

  // What was left out is filled in, so that nobody asks twice.
  void complete() {
    if (d_.number.empty()) d_.number = "{seq}";
    if (d_.form.empty()) {
      Section all{.label = d_.name, .fields = {}};
      for (const auto& f : d_.fields)
        if (!f.retired) all.fields.push_back(f.name);
      d_.form.push_back(std::move(all));
    } else {
      Section rest{.label = {"其他", "Other"}, .fields = {}};
      for (const auto& f : d_.fields) {
        bool placed = std::ranges::any_of(
            d_.form, [&](const Section& s) { return std::ranges::find(s.fields, f.name) != s.fields.end(); });
        if (!placed && !f.retired) rest.fields.push_back(f.name);
      }
      if (!rest.fields.empty()) d_.form.push_back(std::move(rest));
    }
    if (d_.views.empty()) d_.views.push_back({.name = "all", .label = {"全部", "All"}, .where = {}, .columns = {}, .sort = {}});
    for (auto& view : d_.views) {
      if (!view.columns.empty()) continue;
      view.columns = {"number", d_.title, "state"};
      for (const auto& f : d_.fields)
        if (view.columns.size() < 7 && f.name != d_.title && !f.retired && f.kind != Kind::long_text &&
            f.kind != Kind::attachment)
          view.columns.push_back(f.name);
    }
  }

  // Last, since a formula may name fields that stand below it.
  void formulas() {
    if (!kinds_known_) return;
    for (std::size_t i = 0; i < d_.fields.size(); ++i) {
      const auto& f = d_.fields[i];
      if (f.kind != Kind::computed || f.formula.empty()) continue;
      auto formula = parse_formula(d_, f.formula);
      auto key = fmt::format("fields[{}].formula", i);
      if (!formula)
        mistakes_.add(*nodes_[i], key, at(formula.error()));
      else if (formula->type() != FormulaType::number)
        mistakes_.add(*nodes_[i], key, {"应算出一个数值。", "It should give a number."});
    }
    for (std::size_t i = 0; i < d_.fields.size(); ++i)
      if (auto wrong = check_initial(d_.fields[i])) mistakes_.add(*nodes_[i], fmt::format("fields[{}].initial", i), *wrong);
  }

  Definition& d_;
  definitions::Mistakes mistakes_;
  std::vector<const YamlNode*> nodes_;  // of each field
  bool kinds_known_ = true;
};

}  // namespace

std::string_view name(Kind kind) {
  return kKinds.at(static_cast<std::size_t>(kind));
}

bool parse(std::string_view text, Kind& out) {
  auto found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) return false;
  out = static_cast<Kind>(found - kKinds.begin());
  return true;
}

const Field* Definition::field(std::string_view wanted) const {
  auto found = std::ranges::find(fields, wanted, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}
const State* Definition::state(std::string_view wanted) const {
  auto found = std::ranges::find(states, wanted, &State::name);
  return found == states.end() ? nullptr : &*found;
}
const Transition* Definition::transition(std::string_view wanted) const {
  auto found = std::ranges::find(transitions, wanted, &Transition::name);
  return found == transitions.end() ? nullptr : &*found;
}

Parsed parse_definition(std::string_view yaml) {
  Parsed out;
  auto root = definitions::parse_yaml(yaml, out.mistakes);
  if (out.mistakes.empty()) Reader(out.definition, out.mistakes).run(root);
  sort_by_place(out.mistakes);
  return out;
}

Result<Definition> read_definition(std::string_view yaml) {
  auto parsed = parse_definition(yaml);
  if (parsed.mistakes.empty()) return std::move(parsed.definition);
  return definitions::tell(parsed.mistakes, "register.definition");
}

}  // namespace qushu::registers
