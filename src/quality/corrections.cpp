#include "qushu/quality/corrections.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/calendar/taken.h"
#include "qushu/sharing/departments.h"

#include "correction_files.h"
#include "correction_rows.h"

namespace qushu::quality {
namespace {

using State = CorrectionState;

Failure no_correction() {
  return fail(Code::not_found, "correction.not_found", "没有这个校核工单，或者您无权查看。",
              "There is no such correction ticket, or none that you may see.");
}

bool is_open(const Correction& c) {
  return c.state == State::pending || c.state == State::working;
}
bool is_reporter(const Actor& actor, const Correction& c) {
  // Whoever works on the server itself has no account.
  return c.person_id == actor.person_id && (!c.person_id.empty() || actor.can(Permission::dataset_all));
}
bool is_provider(const Actor& actor, const Correction& c) {
  return actor.can(Permission::dataset_all) || actor.in_department(c.provider_id) ||
         (!actor.department_id.empty() && actor.department_id == c.provider_id);
}

Failure wrong_state(const Correction& c) {
  static const std::array<Text, 5> kNames{Text{"待核实", "to be verified"}, Text{"处理中", "in progress"},
                                          Text{"已更正", "corrected"}, Text{"不予更正", "refused"},
                                          Text{"已确认", "confirmed"}};
  const auto& state = kNames.at(static_cast<std::size_t>(c.state));
  return fail(Code::conflict, "correction.state", fmt::format("工单现在是“{}”，不能这样操作。请刷新后再看。", state.zh),
              fmt::format("The ticket is {} now, which does not allow this; look at it again.", state.en));
}

class StoredCorrections final : public Corrections {
 public:
  explicit StoredCorrections(Deps deps) : deps_(deps) {}

  Result<Correction> report(const Actor& actor, const NewCorrection& n) override {
    QS_TRY(auto dataset, deps_.policy.in_use(actor, n.dataset));
    if (dataset.state == "withdrawn" || dataset.version == 0)
      return fail(Code::conflict, "correction.nothing", "数据集没有已发布的数据，不能申请校核。",
                  "The dataset has no published data to correct.");
    Correction c{.id = new_id(),
                 .dataset_id = dataset.id,
                 .dataset_code = dataset.code,
                 .dataset_title = dataset.title,
                 .provider_id = dataset.department_id,
                 .provider_name = dataset.department_name,
                 .version = dataset.version};
    c.row_key = trim(n.row_key);
    c.wrong = trim(n.wrong);
    c.proposed = trim(n.proposed);
    c.material = trim(n.material);
    c.origin = n.origin;
    c.contact = trim(n.contact);
    QS_CHECK(check_text(c.contact, "contact", 0));
    QS_CHECK(check_text(c.wrong, "wrong", 2));
    QS_CHECK(check_text(c.row_key, "row", 0));
    QS_CHECK(check_text(c.proposed, "proposed", 0));
    QS_CHECK(check_text(c.material, "material", 0));
    if (!n.field.empty()) {
      auto known = std::ranges::find_if(dataset.fields, [&](const auto& f) { return f.id == n.field || f.name == n.field; });
      if (known == dataset.fields.end())
        return fail(Error{
            .code = Code::invalid,
            .id = "correction.field",
            .text = {fmt::format("数据集没有字段“{}”。", n.field), fmt::format("The dataset has no field “{}”.", n.field)},
            .subject = "field"});
      c.field = known->id;
      c.field_name = known->name;
    }
    c.person_id = actor.person_id;
    c.person_name = actor.name;
    c.department_id = actor.department_id;
    c.days_allowed = static_cast<int>(deps_.settings.integer("quality.correction_days"));
    return deps_.store.write([&](store::Transaction& t) -> Result<Correction> {
      // What one person reports once is one ticket.
      QS_TRY(auto twice, t.one("SELECT number FROM correction WHERE dataset_id = ? AND person_id = ? AND person_id <> '' AND "
                               "row_key = ? AND field = ? AND wrong = ? AND state IN ('pending', 'working') LIMIT 1",
                               {c.dataset_id, c.person_id, c.row_key, c.field, c.wrong}));
      if (twice)
        return fail(
            Error{.code = Code::conflict,
                  .id = "correction.twice",
                  .text = {fmt::format("您已就此提交过工单 {}，还在处理中。", twice->integer(0)),
                           fmt::format("You reported this already, in ticket {}, which is still open.", twice->integer(0))},
                  .subject = "wrong"});
      c.reported = c.started = c.changed = deps_.clock.now();
      QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM correction"));
      c.number = last->integer(0) + 1;
      QS_CHECK(insert_correction(t, c));
      QS_CHECK(step(t, actor, c, "report", c.wrong));
      return with_standing(c);
    });
  }

  Result<Correction> accept(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "accept", text, 0, [&](Correction& c) -> Result<void> {
      QS_CHECK(provider_only(actor, c));
      if (c.state != State::pending) return wrong_state(c);
      c.state = State::working;
      return {};
    });
  }

  Result<Correction> answer(const Actor& actor, std::string_view id, bool corrected, std::string_view text) override {
    return move(actor, id, "answer", text, 2, [&](Correction& c) -> Result<void> {
      QS_CHECK(provider_only(actor, c));
      if (!is_open(c)) return wrong_state(c);
      c.answered = deps_.clock.now();
      QS_TRY(auto taken, calendar::taken(deps_.calendar, c.started, c.days_allowed, *c.answered));
      c.days_taken = taken.days;
      c.late = taken.late;
      c.state = corrected ? State::corrected : State::refused;
      c.outcome = name(c.state);
      c.answer = trim(text);
      c.answered_by = actor.name;
      if (c.origin == "public") {
        c.state = State::closed;
        c.closed = c.answered;
      }
      return {};
    });
  }

  Result<Correction> confirm(const Actor& actor, std::string_view id) override {
    return move(actor, id, "confirm", "", 0, [&](Correction& c) -> Result<void> {
      QS_CHECK(reporter_only(actor, c));
      if (c.state != State::corrected && c.state != State::refused) return wrong_state(c);
      c.state = State::closed;
      c.closed = deps_.clock.now();
      return {};
    });
  }

  Result<Correction> reopen(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "reopen", text, 2, [&](Correction& c) -> Result<void> {
      QS_CHECK(reporter_only(actor, c));
      if (c.state != State::corrected && c.state != State::refused) return wrong_state(c);
      c.state = State::pending;
      c.started = deps_.clock.now();
      c.days_allowed = static_cast<int>(deps_.settings.integer("quality.correction_days"));
      c.answered.reset();
      c.days_taken.reset();
      c.late = false;
      c.outcome.clear();
      c.answer.clear();
      c.answered_by.clear();
      return {};
    });
  }

  Result<Correction> find(const Actor& actor, std::string_view id) const override {
    QS_TRY(auto c, deps_.store.read([&](store::Session& s) { return load(s, actor, id); }));
    return with_standing(std::move(c));
  }

  Result<std::vector<CorrectionEvent>> events(const Actor& actor, std::string_view id) const override {
    return deps_.store.read([&](store::Session& s) -> Result<std::vector<CorrectionEvent>> {
      QS_TRY(auto c, load(s, actor, id));
      QS_TRY(
          auto rows,
          s.query("SELECT at, action, state, text, person_name FROM correction_event WHERE correction_id = ? ORDER BY number",
                  {c.id}));
      std::vector<CorrectionEvent> list;
      for (const auto& row : rows) {
        CorrectionEvent e{
            .at = row.time(0), .action = row.text(1), .state = State::pending, .text = row.text(3), .person_name = row.text(4)};
        (void)parse(row.text(2), e.state);
        list.push_back(std::move(e));
      }
      return list;
    });
  }

  Result<std::vector<Correction>> list(const Actor& actor, const Filter& f) const override {
    store::Params params;
    auto sql = fmt::format("SELECT {} FROM correction WHERE {}", correction_columns(), seen_by(actor, f.box, params));
    if (!f.dataset.empty()) {
      sql += " AND dataset_code = ?";
      params.emplace_back(f.dataset);
    }
    if (f.state) {
      sql += " AND state = ?";
      params.emplace_back(name(*f.state));
    }
    if (!f.before.empty()) {
      sql += " AND id < ?";
      params.emplace_back(f.before);
    }
    sql += " ORDER BY id DESC LIMIT ?";
    params.emplace_back(static_cast<std::int64_t>(f.limit));
    return query(sql, params);
  }

  Result<std::vector<Correction>> waiting(const Actor& actor) const override {
    std::vector<Correction> out;
    store::Params params;
    auto mine = seen_by(actor, "mine", params);
    QS_TRY(out,
           query(fmt::format("SELECT {} FROM correction WHERE {} AND state IN ('corrected', 'refused') ORDER BY id LIMIT 100",
                             correction_columns(), mine),
                 params));
    if (!actor.can(Permission::dataset_write)) return out;
    params.clear();
    auto incoming = seen_by(actor, "incoming", params);
    QS_TRY(
        auto open,
        query(fmt::format("SELECT {} FROM correction WHERE {} AND state IN ('pending', 'working') ORDER BY started LIMIT 100",
                          correction_columns(), incoming),
              params));
    std::ranges::sort(open, {}, [](const Correction& c) { return c.standing ? c.standing->deadline : Time::max(); });
    out.insert(out.begin(), std::make_move_iterator(open.begin()), std::make_move_iterator(open.end()));
    return out;
  }

  Result<FilePart> check_attach(const Actor& actor, std::string_view id, std::optional<FilePart> part,
                                std::uint64_t size) const override {
    return deps_.store.read([&](store::Session& s) -> Result<FilePart> {
      QS_TRY(auto c, load(s, actor, id));
      auto as = part.value_or(is_reporter(actor, c) ? FilePart::report : FilePart::answer);
      if (as == FilePart::answer) {
        QS_CHECK(provider_only(actor, c));
      } else {
        QS_CHECK(reporter_only(actor, c));
      }
      if (!may_attach(actor, c, as)) return wrong_state(c);
      QS_CHECK(check_room(s, deps_.settings, c.id, size));
      return as;
    });
  }

  Result<CorrectionFile> attach(const Actor& actor, std::string_view id, std::optional<FilePart> part,
                                std::string_view file_name, const blob::BlobInfo& content) override {
    QS_TRY(auto as, check_attach(actor, id, part, content.size));
    QS_TRY(auto f, file_to_attach(file_name, content));
    return deps_.store.write([&](store::Transaction& t) -> Result<CorrectionFile> {
      QS_TRY(auto c, load(t, actor, id));
      if (!may_attach(actor, c, as)) return wrong_state(c);
      QS_CHECK(check_room(t, deps_.settings, c.id, f.size));
      f.correction_id = c.id;
      f.part = as;
      f.person_id = actor.person_id;
      f.person_name = actor.name;
      f.at = c.changed = deps_.clock.now();
      QS_CHECK(insert_file(t, f));
      QS_CHECK(touch(t, c));
      QS_CHECK(step(t, actor, c, "attach", f.name));
      return f;
    });
  }

  Result<void> detach(const Actor& actor, std::string_view id, std::string_view file) override {
    return deps_.store.write([&](store::Transaction& t) -> Result<void> {
      QS_TRY(auto c, load(t, actor, id));
      QS_TRY(auto f, load_file(t, c.id, file));
      if (f.person_id != actor.person_id)
        return fail(Code::forbidden, "correction.not_yours", "只有上传的人可以删除附件。",
                    "Only who attached a file may remove it.");
      if (!may_attach(actor, c, f.part)) return wrong_state(c);
      QS_CHECK(remove_file(t, f.id));
      c.changed = deps_.clock.now();
      QS_CHECK(touch(t, c));
      return step(t, actor, c, "detach", f.name);
    });
  }

  Result<std::vector<CorrectionFile>> files(const Actor& actor, std::string_view id) const override {
    return deps_.store.read([&](store::Session& s) -> Result<std::vector<CorrectionFile>> {
      QS_TRY(auto c, load(s, actor, id));
      return load_files(s, c.id);
    });
  }

  Result<CorrectionFile> file(const Actor& actor, std::string_view id, std::string_view file) const override {
    return deps_.store.read([&](store::Session& s) -> Result<CorrectionFile> {
      QS_TRY(auto c, load(s, actor, id));
      return load_file(s, c.id, file);
    });
  }

  Result<bool> uses_blob(std::string_view sha256) const override {
    return deps_.store.read([&](store::Session& s) { return file_uses_blob(s, sha256); });
  }

  Result<std::vector<Statistic>> statistics(const Actor& actor) const override {
    store::Params params;
    auto sql =
        fmt::format("SELECT {} FROM correction WHERE {} ORDER BY id", correction_columns(), seen_by(actor, "incoming", params));
    QS_TRY(auto all, query(sql, params));
    std::map<std::string, Statistic> by_department;
    std::map<std::string, double> days;
    for (const auto& c : all) {
      auto& s = by_department[c.provider_id];
      s.department_id = c.provider_id;
      s.department_name = c.provider_name;
      ++s.total;
      if (is_open(c)) {
        ++s.open;
        if (c.late) ++s.overdue;
        continue;
      }
      ++s.answered;
      if (!c.late) ++s.in_time;
      if (c.outcome == "corrected") ++s.corrected;
      days[c.provider_id] += c.days_taken.value_or(0);
    }
    std::vector<Statistic> out;
    for (auto& [id, s] : by_department) {
      if (s.answered > 0) s.mean_days = days[id] / static_cast<double>(s.answered);
      out.push_back(std::move(s));
    }
    std::ranges::sort(out, {}, &Statistic::department_name);
    return out;
  }

 private:
  [[nodiscard]] Result<void> check_text(std::string_view text, std::string_view member, std::size_t least) const {
    auto most = static_cast<std::size_t>(deps_.settings.integer("quality.correction_text"));
    auto length = utf8_length(text);
    if (length >= least && length <= most) return {};
    return fail(
        Error{.code = Code::invalid,
              .id = "correction.text",
              .text = {least > 0 && length < least ? "请写明情况，不能留空。"
                                                   : fmt::format("最多 {} 字，现在是 {} 字。", most, length),
                       least > 0 && length < least ? "Say what the matter is; this cannot be left empty."
                                                   : fmt::format("At most {} characters, and it has {}.", most, length)},
              .subject = std::string(member)});
  }

  static Result<void> provider_only(const Actor& actor, const Correction& c) {
    if (!is_provider(actor, c))
      return fail(Code::forbidden, "correction.not_provider", "只有提供部门可以核实和答复。",
                  "Only the providing department may verify and answer.");
    return sharing::check_steward(actor, c.provider_id);
  }
  static Result<void> reporter_only(const Actor& actor, const Correction& c) {
    if (is_reporter(actor, c)) return {};
    return fail(Code::forbidden, "correction.not_reporter", "只有申请人可以确认或重新提出。",
                "Only who reported it may confirm it or raise it again.");
  }

  // A condition that the store can test.
  static std::string seen_by(const Actor& actor, std::string_view box, store::Params& params) {
    std::string mine = "1 = 0", incoming = "1 = 0";
    if (box != "incoming" && !actor.person_id.empty()) {
      mine = "person_id = ?";
      params.emplace_back(actor.person_id);
    }
    if (box != "mine") {
      incoming =
          actor.can(Permission::dataset_all) ? "1 = 1" : sharing::one_of("provider_id", sharing::departments_of(actor), params);
    }
    return fmt::format("({} OR {})", mine, incoming);
  }

  [[nodiscard]] Result<std::vector<Correction>> query(const std::string& sql, const store::Params& params) const {
    QS_TRY(auto rows, deps_.store.read([&](store::Session& s) { return s.query(sql, params); }));
    std::vector<Correction> list;
    for (const auto& row : rows) {
      QS_TRY(auto c, with_standing(correction_of(row)));
      list.push_back(std::move(c));
    }
    return list;
  }

  [[nodiscard]] Result<Correction> with_standing(Correction c) const {
    if (!is_open(c)) return c;
    QS_TRY(c.standing, deps_.calendar.standing(c.started, c.days_allowed));
    c.late = c.standing->late;
    return c;
  }

  static Result<Correction> load(store::Session& s, const Actor& actor, std::string_view id) {
    QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM correction WHERE id = ?", correction_columns()), {id}));
    if (!row) return no_correction();
    auto c = correction_of(*row);
    if (!is_reporter(actor, c) && !is_provider(actor, c)) return no_correction();
    return c;
  }

  static Result<void> touch(store::Transaction& t, const Correction& c) {
    QS_CHECK(t.exec("UPDATE correction SET changed = ? WHERE id = ?", {c.changed, c.id}));
    return {};
  }

  // Keeps the step and audits it.
  Result<void> step(store::Transaction& t, const Actor& actor, const Correction& c, std::string_view action,
                    std::string_view text) const {
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM correction_event WHERE correction_id = ?", {c.id}));
    QS_CHECK(
        t.exec("INSERT INTO correction_event (correction_id, number, at, action, state, text, person_id, person_name) VALUES "
               "(?, ?, ?, ?, ?, ?, ?, ?)",
               {c.id, last->integer(0) + 1, c.changed, action, name(c.state), text, actor.person_id, actor.name}));
    return deps_.audit.record(t, actor,
                              {.action = fmt::format("correction.{}", action),
                               .object_kind = "correction",
                               .object_id = c.id,
                               .object_name = fmt::format("{} #{}", c.dataset_title, c.number),
                               .detail = {{"dataset", c.dataset_code}, {"state", name(c.state)}, {"late", c.late}}});
  }

  template <class Change>
  Result<Correction> move(const Actor& actor, std::string_view id, std::string_view action, std::string_view text,
                          std::size_t least, Change change) {
    auto said = trim(text);
    return deps_.store.write([&](store::Transaction& t) -> Result<Correction> {
      QS_TRY(auto c, load(t, actor, id));
      QS_CHECK(change(c));
      QS_CHECK(check_text(said, "text", least));
      c.changed = deps_.clock.now();
      QS_CHECK(update_correction(t, c));
      QS_CHECK(step(t, actor, c, action, said));
      return with_standing(c);
    });
  }

  Deps deps_;
};

}  // namespace

bool may_answer(const Actor& actor, const Correction& c) {
  return is_open(c) && is_provider(actor, c) && sharing::check_steward(actor, c.provider_id).has_value();
}
bool may_confirm(const Actor& actor, const Correction& c) {
  return is_reporter(actor, c) && (c.state == State::corrected || c.state == State::refused);
}
bool may_attach(const Actor& actor, const Correction& c, FilePart part) {
  return part == FilePart::answer ? may_answer(actor, c) : is_reporter(actor, c) && c.state != State::closed;
}

std::unique_ptr<Corrections> Corrections::open(Deps deps) {
  return std::make_unique<StoredCorrections>(deps);
}

}  // namespace qushu::quality
