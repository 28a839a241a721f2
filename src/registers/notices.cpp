#include "qushu/registers/notices.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "access.h"
#include "loaded.h"

namespace qushu::registers {
namespace {

constexpr const char* kTell = "register.tell";
constexpr auto kLateFor = std::chrono::hours(7 * 24);  // what is late for longer is no news
constexpr std::int64_t kAtOnce = 500;                  // of one kind, of one register

using TermKind = Term::Kind;

json::array to_json(const Who& who) {
  json::array out;
  for (const auto& rule : who) {
    json::array terms;
    for (const auto& term : rule) terms.push_back(json::array{static_cast<int>(term.kind), term.name});
    out.push_back(std::move(terms));
  }
  return out;
}
Who who_of(const json::array& list) {
  Who out;
  for (const auto& terms : list) {
    Rule rule;
    for (const auto& term : terms.as_array())
      rule.push_back({.kind = static_cast<TermKind>(term.at(0).as_int64()), .name = std::string(term.at(1).as_string())});
    out.push_back(std::move(rule));
  }
  return out;
}
json::object to_json(const Text& text) {
  return {{"zh", text.zh}, {"en", text.en}};
}
Text text_of(const json::value& value) {
  return {std::string(value.at("zh").as_string()), std::string(value.at("en").as_string())};
}

bool has(const Rule& rule, std::initializer_list<TermKind> kinds) {
  return std::ranges::any_of(rule, [&](const Term& term) { return std::ranges::find(kinds, term.kind) != kinds.end(); });
}

// Of those who may do something, the ones that are told of it where the definition does not say who: whom the record or a role
// names; a whole department only where there is nobody else; never everybody.
Who named(const Who& may) {
  Who people, departments;
  for (const auto& rule : may) {
    if (has(rule, {TermKind::nobody})) continue;
    if (has(rule, {TermKind::own, TermKind::field, TermKind::role}))
      people.push_back(rule);
    else if (has(rule, {TermKind::department}))
      departments.push_back(rule);
  }
  return people.empty() ? departments : people;
}

// Who waits for a record in this state.
Who movers(const Definition& d, const State& state) {
  if (!state.notify.empty()) return state.notify;
  Who may;
  for (const auto& t : d.transitions)
    if (std::ranges::find(t.from, state.name) != t.from.end()) may.insert(may.end(), t.who.begin(), t.who.end());
  return named(may);
}

Text named_record(const Definition& d, const Record& record) {
  auto title = title_of(d, record);
  return {d.name.zh + " " + title, d.name.en + " " + title};
}

std::string last_day(const calendar::Calendar& calendar, Time due) {
  // A clock ends with its last day.
  return calendar::to_text(std::chrono::floor<std::chrono::days>(calendar.zone().local(due - std::chrono::seconds(1))));
}

}  // namespace

Notices::Notices(Deps deps) : deps_(deps) {
  deps_.registers.on_move([this](store::Transaction& t, const Actor& actor, const Definition& d, const Transition& step,
                                 const Record& record, std::string_view comment) -> Result<void> {
    if (step.notify.empty()) return {};
    return queue(t, actor, d, record, moved(actor, d, step, record, comment));
  });
}

void Notices::register_jobs() {
  deps_.jobs.register_kind({.name = kTell,
                            .title = {"通知台账记录的有关人员", "Tell those whom a record concerns"},
                            .handler = [this](jobs::Context& c) { return run(c); }});
}

Notices::Event Notices::moved(const Actor& actor, const Definition& d, const Transition& step, const Record& record,
                              std::string_view comment) const {
  const auto* state = d.state(record.state);
  auto now = state != nullptr ? state->label : Text{record.state, record.state};
  auto name = named_record(d, record);
  constexpr std::size_t kComment = 200;
  auto said = shorten(comment, kComment);
  Event event{.key = {},
              .who = step.notify,
              .title = {name.zh + "：" + step.label.zh, name.en + ": " + step.label.en},
              .detail = {fmt::format("{}办理，现为“{}”", actor.name, now.zh),
                         fmt::format("by {}; it is “{}” now", actor.name, now.en)}};
  if (record.due) {
    event.detail.zh += "，期限 " + last_day(deps_.calendar, *record.due);
    event.detail.en += ", due " + last_day(deps_.calendar, *record.due);
  }
  if (!said.empty()) {
    event.detail.zh += "。意见：" + said;
    event.detail.en += ". Comment: " + said;
  }
  return event;
}

Result<void> Notices::queue(store::Transaction& t, const Actor& actor, const Definition& d, const Record& record,
                            const Event& event) const {
  if (!event.key.empty()) {
    QS_TRY(auto fresh,
           t.exec("INSERT INTO register_told (record_id, event, at) VALUES (?, ?, ?) ON CONFLICT (record_id, event) "
                  "DO NOTHING",
                  {record.id, event.key, deps_.clock.now()}));
    if (fresh == 0) return {};
  }
  QS_CHECK(deps_.jobs.add(t, Actor::system(),
                          {.kind = kTell,
                           .title = {"通知：" + event.title.zh, "Tell: " + event.title.en},
                           .input = {{"register", d.code},
                                     {"record", record.id},
                                     {"who", to_json(event.who)},
                                     {"actor", actor.person_id},
                                     {"title", to_json(event.title)},
                                     {"detail", to_json(event.detail)}},
                           .object_kind = "record",
                           .object_id = record.id}));
  return {};
}

Result<jobs::Finish> Notices::run(jobs::Context& context) const {
  auto input = context.job().input;
  std::string code(input.at("register").as_string()), id(input.at("record").as_string());
  QS_TRY(auto entry, deps_.registers.find(Actor::system(), code));
  auto record = deps_.registers.record(Actor::system(), code, id);
  notify::Message message{.people = {},
                          .kind = "record",
                          .link = "/registers/" + code + "/records/" + id,
                          .title = text_of(input.at("title")),
                          .detail = text_of(input.at("detail"))};
  // Of a record that is gone there is nothing to be told.
  if (!record && record.error().code != Code::not_found) return Failure(std::move(record).error());
  if (record) {
    QS_TRY(message.people, people(entry.definition, *record, who_of(input.at("who").as_array())));
  }
  auto by = Actor::system();
  by.person_id = input.at("actor").as_string();
  return jobs::Finish([this, by, message](store::Transaction& t) -> Result<json::object> {
    QS_CHECK(deps_.notify.tell(t, by, message));
    return json::object{{"people", message.people.size()}};
  });
}

Result<std::vector<std::string>> Notices::people(const Definition& d, const Record& record, const Who& who) const {
  auto owner = owner_of(record);
  std::set<std::string> out;
  auto consider = [&](const Rule& rule, const std::string& person) -> Result<void> {
    if (person.empty() || out.contains(person)) return {};
    auto actor = deps_.identity.actor_of(person);
    if (!actor && (actor.error().code == Code::not_found || actor.error().code == Code::forbidden)) return {};
    QS_CHECK(actor);
    if (allows({rule}, *actor, &owner) && may_see(d, *actor, owner)) out.insert(person);
    return {};
  };
  for (const auto& rule : who) {
    identity::Identity::PeopleFilter filter{.limit = 500};
    std::optional<std::string> one;
    for (const auto& term : rule) {
      if (term.kind == TermKind::own) one = owner.created_by;
      if (term.kind == TermKind::field) one = owner.person(term.name);
      if (term.kind == TermKind::role) filter.role = term.name;
      if (term.kind == TermKind::department && filter.role.empty()) filter.department_id = record.department_id;
    }
    if (one) {
      QS_CHECK(consider(rule, *one));
      continue;
    }
    // A role in the record's department may also be held in one above it.
    if (!filter.role.empty()) filter.department_id.clear();
    if (filter.role.empty() && filter.department_id.empty()) continue;
    for (std::vector<identity::Person> page;; filter.after = page.back().login) {
      QS_TRY(page, deps_.identity.people(filter));
      for (const auto& person : page)
        if (person.state == identity::PersonState::active) QS_CHECK(consider(rule, person.id));
      if (page.size() < filter.limit) break;
    }
  }
  return std::vector<std::string>(out.begin(), out.end());
}

Result<void> Notices::add_clocks(store::Session& s, const std::shared_ptr<const Loaded>& loaded, std::vector<Due>& out) const {
  const auto& d = loaded->entry.definition;
  auto now = deps_.clock.now();
  for (const auto& state : d.states) {
    if (state.deadline == 0) continue;
    auto who = movers(d, state);
    if (who.empty()) continue;
    // A clock of two days is not told of as soon as it begins.
    QS_TRY(auto soon, deps_.calendar.deadline(now, std::min(state.warn, state.deadline - 1)));
    auto collect = [&](Time after, Time until, std::string_view suffix, const Text& zh_en) -> Result<void> {
      QS_TRY(
          auto rows,
          s.query(fmt::format("SELECT {0} FROM {1} WHERE removed IS NULL AND state = ? AND due > ? AND due <= ? AND NOT EXISTS "
                              "(SELECT 1 FROM register_told WHERE register_told.record_id = {1}.id AND "
                              "register_told.event = 'due:' || CAST({1}.since AS TEXT) || ?) ORDER BY due, id LIMIT {2}",
                              record_columns(d), table_of(d.code), kAtOnce),
                  {state.name, after, until, suffix}));
      for (const auto& row : rows) {
        auto record = record_of(d, row);
        auto name = named_record(d, record);
        auto day = last_day(deps_.calendar, *record.due);
        Event event{.key = fmt::format("due:{}{}", to_micros(record.since), suffix),
                    .who = who,
                    .title = {name.zh + "：" + zh_en.zh, name.en + ": " + zh_en.en},
                    .detail = {fmt::format("“{}”的办理期限为 {}", state.label.zh, day),
                               fmt::format("“{}” is due on {}", state.label.en, day)}};
        out.push_back({.loaded = loaded, .record = std::move(record), .event = std::move(event)});
      }
      return {};
    };
    QS_CHECK(collect(now, soon, ":soon", {"办理期限将到", "is due soon"}));
    QS_CHECK(collect(now - kLateFor, now, ":late", {"办理已逾期", "is late"}));
  }
  return {};
}

Result<void> Notices::add_days(store::Session& s, const std::shared_ptr<const Loaded>& loaded, std::vector<Due>& out) const {
  const auto& d = loaded->entry.definition;
  auto today = deps_.calendar.today();
  std::string open;
  store::Params finals;
  for (const auto& state : d.states) {
    if (!state.final) continue;
    open += " AND state <> ?";
    finals.emplace_back(state.name);
  }
  for (const auto& reminder : d.reminders) {
    auto who = reminder.notify.empty() ? named(d.permissions.edit) : reminder.notify;
    if (who.empty()) continue;
    const auto& field = *d.field(reminder.field);
    auto column = stored_columns(field).front().name;
    auto days = reminder.days;
    std::ranges::sort(days);
    // Of each record the nearest only: from `first` days on until `before`.
    int first = 0;
    for (int before : days) {
      auto suffix = fmt::format(":{}", before);
      store::Params params{calendar::to_text(today + std::chrono::days(first)),
                           calendar::to_text(today + std::chrono::days(before))};
      params.insert(params.end(), finals.begin(), finals.end());
      params.emplace_back("day:" + field.name + ":");
      params.emplace_back(suffix);
      QS_TRY(
          auto rows,
          s.query(fmt::format("SELECT {0} FROM {1} WHERE removed IS NULL AND {2} >= ? AND {2} <= ?{3} AND NOT EXISTS (SELECT 1 "
                              "FROM register_told WHERE register_told.record_id = {1}.id AND register_told.event = ? || {2} || "
                              "?) ORDER BY {2}, id LIMIT {4}",
                              record_columns(d), table_of(d.code), column, open, kAtOnce),
                  params));
      for (const auto& row : rows) {
        auto record = record_of(d, row);
        auto day = std::get<std::string>(record.cells.at(field.name).front());
        auto left = (*calendar::parse_day(day) - today).count();
        auto name = named_record(d, record);
        Event event{.key = fmt::format("day:{}:{}{}", field.name, day, suffix),
                    .who = who,
                    .title = {fmt::format("{}：{}{}", name.zh, field.label.zh,
                                          left == 0 ? "就在今天" : fmt::format("还有 {} 天", left)),
                              fmt::format("{}: {} {}", name.en, field.label.en,
                                          left == 0 ? "is today" : fmt::format("is in {} days", left))},
                    .detail = {fmt::format("{}：{}", field.label.zh, day), fmt::format("{}: {}", field.label.en, day)}};
        out.push_back({.loaded = loaded, .record = std::move(record), .event = std::move(event)});
      }
      first = before + 1;
    }
  }
  return {};
}

Result<void> Notices::tick() {
  {
    std::scoped_lock lock(mutex_);
    auto now = std::chrono::steady_clock::now();
    if (now < next_) return {};
    next_ = now + std::chrono::seconds(deps_.settings.integer("registers.notice_interval"));
  }
  QS_TRY(auto due, read_steadily(deps_.store, [&](store::Session& s) -> Result<std::vector<Due>> {
           QS_TRY(auto all, deps_.registers.load_all(s));
           std::vector<Due> out;
           for (const auto& loaded : all) {
             QS_CHECK(add_clocks(s, loaded, out));
             QS_CHECK(add_days(s, loaded, out));
           }
           return out;
         }));
  constexpr std::size_t kTogether = 100;
  for (std::size_t first = 0; first < due.size(); first += kTogether)
    QS_CHECK(write_steadily(deps_.store, [&](store::Transaction& t) -> Result<void> {
      for (auto i = first; i < std::min(due.size(), first + kTogether); ++i)
        QS_CHECK(queue(t, Actor::system(), due[i].loaded->entry.definition, due[i].record, due[i].event));
      return {};
    }));
  return {};
}

}  // namespace qushu::registers
