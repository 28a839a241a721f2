// What a survey (满意度调查) is, as one YAML file says it: who is asked, how, and what.
//
//   survey: satisfaction                     # code: letters, digits and _
//   name: {zh: 信息化服务满意度调查, en: Satisfaction with our services}
//   description: {zh: …, en: …}              # above the questions
//   audience: {zh: 全区各单位, en: All departments}
//   mode: links                              # links: one-time links; public: whoever has the address
//   opens: 2026-12-01T09:00                  # by the district's clock; both may be left out
//   closes: 2026-12-31T18:00
//   question: true                           # of public: a question in words is asked against robots
//   results: [department, "role:operator"]   # who sees them besides those who manage surveys; everyone
//   thanks: {zh: …, en: …}                   # after answering
//   sections:
//     - title: {zh: 网络, en: Network}
//       questions:
//         - code: network
//           title: {zh: 您对网络服务满意吗, en: Are you satisfied with the network}
//           type: scale                      # scale, choice, choices, text
//           required: true
//           points: 5                        # of scale: 2 to 11
//           labels: [{zh: 很不满意, en: …}, …]  # of scale: one for each point, or two for the ends
//           satisfied: [4, 5]                # these points (or choices, by code) count as satisfied
//           subject: network                 # what it judges, for SQL; by default the code
//         - {code: used, title: …, type: choices, choices: [{code: wifi, label: …}, …], most: 2}
//         - {code: opinion, title: …, type: text, max_length: 500}
//
// Thread-safety: plain values.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/calendar/zone.h"
#include "qushu/definitions/mistake.h"

namespace qushu::surveys {

namespace json = boost::json;
using definitions::Mistake;

enum class Kind : std::uint8_t { scale, choice, choices, text };
[[nodiscard]] std::string_view name(Kind kind);

enum class Mode : std::uint8_t { links, open };
[[nodiscard]] std::string_view name(Mode mode);  // "links", "public"

// What can be picked. A point of a scale has its number, from 1, as its code.
struct Option {
  std::string code;
  Text label;  // of a scale's points empty where it has none
  bool satisfied = false;
};

struct Question {
  std::string code;
  Text title, note;
  Kind kind = Kind::text;
  bool required = false;
  std::vector<Option> options;
  std::string subject;
  std::size_t least = 0, most = 0;  // of choices; most 0: as many as there are
  std::size_t max_length = 0;       // of text, in characters
  std::uint32_t line = 0;           // in the YAML

  // Whether some of what can be picked counts as satisfied.
  [[nodiscard]] bool judges() const;
  [[nodiscard]] const Option* option(std::string_view code) const;
};

struct Section {
  Text title, note;
  std::vector<Question> questions;
};

struct Definition {
  std::string code;
  Text name, description, audience, thanks;
  Mode mode = Mode::links;
  std::optional<calendar::LocalTime> opens, closes;
  bool asks_robots = false;          // `question`
  std::vector<std::string> results;  // "everyone", "department", "role:CODE"
  std::vector<Section> sections;

  [[nodiscard]] const Question* question(std::string_view code) const;
};

inline constexpr std::size_t kMostYaml = std::size_t{256} << 10;  // bytes
inline constexpr std::size_t kMostQuestions = 100;

struct Parsed {
  Definition definition;
  std::vector<Mistake> mistakes;  // empty: the definition is good
};
// Never fails as such: what is wrong is told, all of it up to 50.
[[nodiscard]] Parsed parse_definition(std::string_view yaml);
// The definition, or Code::invalid "survey.definition" that tells the mistakes, each with line, column and key.
[[nodiscard]] Result<Definition> read_definition(std::string_view yaml);

// As the form builder has it: both languages of every text.
[[nodiscard]] json::object to_json(const Definition& definition);

// "2026-12-01T09:00" of the district's clock; nullopt when it is none.
[[nodiscard]] std::optional<calendar::LocalTime> parse_local(std::string_view text);
[[nodiscard]] std::string to_text(calendar::LocalTime at);

}  // namespace qushu::surveys
