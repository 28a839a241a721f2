#include "qushu/base/json.h"

#include <cmath>

#include "qushu/surveys/surveys.h"

namespace qushu::surveys {
namespace {

// In hundredths of a per cent, as it is shown; null of nothing.
json::value share(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return nullptr;
  return std::round(static_cast<double>(part) * 10000.0 / static_cast<double>(whole)) / 100.0;
}

Text label_of(const Option& o) {
  return o.label.zh.empty() ? Text{o.code, o.code} : o.label;
}

json::object to_json(const QuestionResult& r, Lang lang) {
  const auto& q = r.question;
  json::array counts, texts;
  for (const auto& c : r.counts)
    counts.push_back(json::object{{"code", c.option.code},
                                  {"label", label_of(c.option).in(lang)},
                                  {"satisfied", c.option.satisfied},
                                  {"answers", c.answers},
                                  {"share", share(c.answers, r.answers)}});
  for (const auto& text : r.texts) texts.emplace_back(text);
  bool judged = r.shown && q.judges();
  return {{"code", q.code},
          {"title", q.title.in(lang)},
          {"type", name(q.kind)},
          {"subject", q.subject},
          {"answers", r.answers},
          {"shown", r.shown},
          {"counts", std::move(counts)},
          {"mean", r.mean ? json::value(std::round(*r.mean * 100) / 100) : json::value(nullptr)},
          {"satisfied", judged ? json::value(r.satisfied) : json::value(nullptr)},
          {"satisfied_share", judged ? share(r.satisfied, r.answers) : json::value(nullptr)},
          {"texts", std::move(texts)}};
}

}  // namespace

json::object to_json(const Survey& s, Lang lang) {
  const auto& d = s.definition;
  std::size_t questions = 0;
  for (const auto& section : d.sections) questions += section.questions.size();
  bool links = d.mode == Mode::links;
  return {{"code", d.code},
          {"name", d.name.in(lang)},
          {"description", d.description.in(lang)},
          {"audience", d.audience.in(lang)},
          {"mode", name(d.mode)},
          {"phase", name(s.phase)},
          {"phase_name", title(s.phase).in(lang)},
          {"version", s.version},
          {"origin", s.origin},
          {"opens", time_or_null(s.opens)},
          {"closes", time_or_null(s.closes)},
          {"opened", time_or_null(s.opened)},
          {"closed", time_or_null(s.closed)},
          {"department_name", s.department_name},
          {"person_name", s.person_name},
          {"changed", to_iso(s.changed)},
          {"changed_by", s.changed_by},
          {"questions", questions},
          {"invitations", s.invitations},
          {"used", s.used},
          {"answers", s.answers},
          {"response_rate", links ? share(s.answers, s.invitations) : json::value(nullptr)},
          {"path", links ? std::string() : "/survey/" + d.code},
          {"may_manage", s.may_manage},
          {"builtin", s.builtin},
          {"archived", time_or_null(s.archived)}};
}

json::object to_json(const Trial& t, Lang lang) {
  return {{"code", t.code},
          {"name", t.name.in(lang)},
          {"version", t.version},
          {"unchanged", t.unchanged},
          {"mistakes", to_json(t.mistakes, lang)},
          {"definition", t.definition}};
}

json::object to_json(const Results& r, Lang lang) {
  json::array questions, months;
  for (const auto& q : r.questions) questions.push_back(to_json(q, lang));
  for (const auto& m : r.months) {
    json::array judged;
    for (const auto& [question, counts] : m.judged)
      judged.push_back(json::object{{"question", question},
                                    {"satisfied", counts.first},
                                    {"answers", counts.second},
                                    {"share", share(counts.first, counts.second)}});
    months.push_back(json::object{{"month", m.month}, {"answers", m.answers}, {"judged", std::move(judged)}});
  }
  return {{"survey", to_json(r.survey, lang)}, {"counted", r.counted},       {"waiting", r.waiting}, {"minimum", r.minimum},
          {"questions", std::move(questions)}, {"months", std::move(months)}};
}

}  // namespace qushu::surveys
