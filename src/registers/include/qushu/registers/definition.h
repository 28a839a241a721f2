// What a register (台账) is, as one YAML file says it: fields, states, transitions, numbering, views, form and who may.
//
//   register: contract                      # code: letters, digits and _
//   name: {zh: 合同与费用, en: Contracts}   # or one text for both languages
//   number: HT-{year}-{seq:4}
//   title: name                             # the field that a record is known by
//   fields:
//     - {name: name, label: {zh: 合同名称, en: Name}, type: text, required: true}
//     - {name: amount, label: {zh: 金额, en: Amount}, type: money, min: 0}
//     - {name: paid, label: {zh: 已付, en: Paid}, type: money}
//     - {name: open, label: {zh: 未付, en: Open}, type: computed, as: money, formula: amount - paid}
//   states:
//     - {name: draft, label: {zh: 草稿, en: Draft}}
//     - {name: signed, label: {zh: 已签订, en: Signed}, locked: true, deadline: 10}
//   transitions:
//     - {name: sign, label: {zh: 签订, en: Sign}, from: [draft], to: signed, who: [department], require: [amount], notify:
//     [own]}
//   permissions: {see: [department], create: [everyone], edit: [own, department]}
//   calendar: [signed_on]                   # the days that a calendar shows; by default all dates
//   print:                                  # how a record is printed; by default as its form is laid out
//     - name: slip
//       label: {zh: 合同审批单, en: Approval slip}
//       sections:
//         - {section: {zh: 合同, en: Contract}, fields: [name, amount, paid, open]}
//         - {section: {zh: 办理经过, en: Steps}, history: true}
//       signatures: [{label: {zh: 经办人, en: Clerk}}]
//
// Reading is strict: an unknown key, a wrong kind or a name that nothing answers to is an error with its line and column.
//
// Thread-safety: plain values.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/definitions/mistake.h"
#include "qushu/definitions/yaml.h"

namespace qushu::registers {

namespace json = boost::json;
using definitions::Mistake;

enum class Kind : std::uint8_t {
  text,
  long_text,
  number,  // exact, with `decimals` digits
  money,   // yuan, kept in whole fen
  date,
  datetime,
  choice,
  person,
  department,
  reference,  // to a record of another register
  dataset,    // to a dataset, by its code
  attachment,
  location,
  computed,  // a number or money from a formula over other fields
};
[[nodiscard]] std::string_view name(Kind kind);
[[nodiscard]] bool parse(std::string_view text, Kind& out);

struct Choice {
  std::string code;
  Text label;
  bool retired = false;  // stays readable, cannot be chosen any more
};

struct Field {
  std::string name, was;  // was: what it was called before
  Text label, help;
  Kind kind = Kind::text;
  bool required = false, unique = false, retired = false;
  std::size_t min_length = 0, max_length = 0;  // of text, in characters; 0: no bound but the setting's
  std::string format;                          // "credit_code", "mobile" … or ""
  int decimals = 0;                            // of number and computed; money has 2
  bool as_money = false;                       // of computed
  std::optional<std::int64_t> min, max;        // of number and money, in units of the last decimal
  Text unit;
  std::vector<Choice> choices;
  std::string target;       // of reference: the register's code
  std::string formula;      // of computed
  std::string initial;      // what a new record begins with: a value, "today", "me", "my_department"
  std::string level = "1";  // grade for SQL: "1" to "4", "important", "core"
  std::uint32_t line = 0;   // in the YAML
};

// One of these must hold. Within one, joined by "+", all must: "role:data_steward+department".
struct Term {
  enum class Kind : std::uint8_t { everyone, own, department, role, field, nobody };
  Kind kind = Kind::nobody;
  std::string name;  // of role and field
};
using Rule = std::vector<Term>;
using Who = std::vector<Rule>;

struct State {
  std::string name;
  Text label;
  bool final = false;   // nothing is left to do
  bool locked = false;  // fields cannot be edited
  int deadline = 0;     // working days within which a record must leave it; 0: none
  int warn = 2;         // so many working days before its end it is told of; and once it is late
  Who notify = {};      // who is told; empty: those whom a transition from here waits for
};

struct Transition {
  std::string name;
  Text label;
  std::vector<std::string> from;
  std::string to;
  Who who;
  std::vector<std::string> require;  // fields that must be filled
  bool comment = false;              // a comment must be given
  bool danger = false;               // shown as such: returns and refusals
  Who notify = {};                   // who is told of it, but for who did it
};

struct Condition {
  std::string column, op, value;
};

struct View {
  std::string name;
  Text label;
  std::vector<Condition> where;
  std::vector<std::string> columns;
  std::string sort;
  bool descending = false;
};

struct Section {
  Text label;
  std::vector<std::string> fields;
};

// A column of lines that are filled in by hand.
struct PrintColumn {
  Text label;
  int width = 1;  // in shares
};
// Fields in a grid of labels and values, lines to be written on, or what happened to the record.
struct PrintSection {
  Text label;
  std::vector<std::string> fields;
  std::vector<PrintColumn> columns;
  int lines = 0;
  bool history = false;
};
struct PrintForm {
  std::string name;
  Text label, title, note;
  bool landscape = false;  // A4 either way
  int across = 2;          // labels with values in a row, 1 to 4
  std::vector<PrintSection> sections;
  std::vector<Text> signatures;
};

struct Check {
  std::string formula;
  Text message;
};

// Before the day in `field`, on each of these days before it, whoever may edit the record is reminded, or who is named.
struct Reminder {
  std::string field;
  std::vector<int> days;
  Who notify = {};
};

struct Permissions {
  Who see, create, edit, remove, comment;
};

struct Definition {
  std::string code;
  Text name, description, group;
  std::string number;  // pattern; empty: {seq}
  std::string title;   // field
  std::vector<Field> fields;
  std::vector<State> states;  // the first one is where records begin; never empty
  std::vector<Transition> transitions;
  std::vector<View> views;
  std::vector<Section> form;
  std::vector<PrintForm> print;  // never empty
  std::vector<Check> checks;
  std::vector<Reminder> reminders;
  std::vector<std::string> calendar;  // fields of type date and datetime
  Permissions permissions;

  [[nodiscard]] const Field* field(std::string_view name) const;  // retired ones too
  [[nodiscard]] const State* state(std::string_view name) const;
  [[nodiscard]] const Transition* transition(std::string_view name) const;
};

using definitions::kMostYaml;

struct Parsed {
  Definition definition;
  std::vector<Mistake> mistakes;  // empty: the definition is good
};
// Never fails as such: what is wrong is told, all of it up to 50.
[[nodiscard]] Parsed parse_definition(std::string_view yaml);
// The definition, or Code::invalid "register.definition" that tells the mistakes, each with line, column and key.
[[nodiscard]] Result<Definition> read_definition(std::string_view yaml);

[[nodiscard]] json::object to_json(const Definition& definition, Lang lang);

}  // namespace qushu::registers
