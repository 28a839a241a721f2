#include "qushu/sharing/request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "qushu/base/id.h"
#include "qushu/base/text.h"
#include "qushu/calendar/taken.h"
#include "qushu/sharing/desk.h"

#include "request_rights.h"
#include "request_rows.h"
#include "request_telling.h"
#include "words.h"

namespace qushu::sharing {
namespace {

using State = RequestState;

Failure no_request() {
  return fail(Code::not_found, "request.not_found", "没有这个共享申请，或者您无权查看。",
              "There is no such sharing request, or none that you may see.");
}

Failure wrong_state(const SharingRequest& r) {
  const auto& state = title(r.state);
  return fail(Code::conflict, "request.state", fmt::format("申请现在是“{}”，不能这样操作。请刷新后再看。", state.zh),
              fmt::format("The request is {} now, which does not allow this; look at it again.", state.en));
}

Failure not_yours(std::string zh, std::string en) {
  return fail(Code::forbidden, "request.not_yours", std::move(zh), std::move(en));
}

class StoredRequests final : public Requests {
 public:
  explicit StoredRequests(Deps deps) : deps_(deps) {}

  Result<SharingRequest> submit(const Actor& actor, const NewRequest& n) override {
    bool on_behalf = actor.person_id.empty() && actor.can(Permission::dataset_all);
    if (!on_behalf && (actor.person_id.empty() || actor.department_id.empty()))
      return not_yours("只有部门的人员可以提出共享申请。", "Only a person of a department asks for data.");
    QS_TRY(auto department,
           deps_.identity.department(on_behalf ? std::string_view(n.department) : std::string_view(actor.department_id)));
    QS_TRY(auto known, deps_.catalog.find(knowledge(actor), n.dataset));
    QS_TRY(auto dataset, deps_.catalog.find({.all = true}, known.id));
    if (dataset.state != "published" || dataset.version == 0)
      return fail(Code::conflict, "request.nothing", "数据集没有已发布的数据，不能申请共享。",
                  "The dataset has no published data to ask for.");
    if (dataset.sharing_type == "none")
      return fail(Code::conflict, "request.not_shared", "目录写明这个数据集不予共享，理由和依据见目录。",
                  "The catalogue says that this dataset is not shared; its entry states why.");
    if (on_behalf ? department.id == dataset.department_id : in_or_above(actor, dataset.department_id))
      return fail(Code::conflict, "request.own", "这是本部门的数据集，不用申请。",
                  "This is a dataset of your own department; there is no need to ask.");
    SharingRequest r{.id = new_id(),
                     .dataset_id = dataset.id,
                     .dataset_code = dataset.code,
                     .dataset_title = dataset.title,
                     .sharing_type = dataset.sharing_type,
                     .provider_id = dataset.department_id,
                     .provider_name = dataset.department_name,
                     .person_id = actor.person_id,
                     .person_name = actor.name,
                     .department_id = department.id,
                     .department_name = department.name};
    QS_CHECK(fill(r, dataset, n));
    if (!n.renews.empty()) {
      QS_TRY(auto old, deps_.grants.find(actor, n.renews));
      if (old.department_id != r.department_id || old.dataset_id != r.dataset_id)
        return fail(Error{.code = Code::invalid,
                          .id = "request.renews",
                          .text = {"只能续期或扩大本部门对同一数据集的授权。",
                                   "Only a grant of the same department over the same dataset is renewed."},
                          .subject = "renews"});
      r.renews = old.id;
    }
    return deps_.store.write([&](store::Transaction& t) -> Result<SharingRequest> {
      r.created = r.changed = deps_.clock.now();
      QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM sharing_request"));
      r.number = last->integer(0) + 1;
      QS_CHECK(insert_request(t, r));
      QS_CHECK(step(t, actor, r, "submit", r.scenario));
      return r;
    });
  }

  Result<SharingRequest> approve(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "approve", text, false, [&](store::Transaction& t, SharingRequest& r) -> Result<void> {
      QS_CHECK(approver_only(actor, r));
      if (r.state != State::asking) return wrong_state(r);
      r.approved_by = actor.name;
      r.state = State::reviewing;
      r.started = deps_.clock.now();
      r.days_allowed = static_cast<int>(deps_.settings.integer("sharing.reply_days"));
      // Article 15: who has approved it on her own side needs nobody else's leave.
      if (r.sharing_type != "unconditional") return {};
      QS_TRY(auto dataset, deps_.catalog.find({.all = true}, r.dataset_id));
      QS_TRY(auto table, deps_.rules.table());
      // What the rules allow only masked or confirmed needs the provider after all.
      if (!check_rules(*table, dataset, r.terms, false) || needs_second(*table, dataset, r.terms)) return {};
      return give(t, actor, r, r.terms, "");
    });
  }

  Result<SharingRequest> decline(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "decline", text, true, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(approver_only(actor, r));
      if (r.state != State::asking) return wrong_state(r);
      r.state = State::declined;
      r.answer = trim(text);
      r.answered_by = actor.name;
      return {};
    });
  }

  Result<SharingRequest> withdraw(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "withdraw", text, false, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(asker_only(actor, r));
      if (r.state != State::asking && r.state != State::reviewing && r.state != State::returned) return wrong_state(r);
      r.state = State::withdrawn;
      return {};
    });
  }

  Result<SharingRequest> grant(const Actor& actor, std::string_view id, const json::value& document,
                               std::string_view text) override {
    // Looked at before the transaction: checking the filter asks the engine.
    std::optional<Terms> part;
    QS_TRY(auto asked, find(actor, id));
    QS_TRY(auto dataset, deps_.catalog.find({.all = true}, asked.dataset_id));
    if (document.is_object()) {
      QS_TRY(part, terms_of(deps_.engine, dataset, document.get_object(), deps_.calendar.zone()));
    }
    QS_TRY(auto table, deps_.rules.table());
    return move(actor, id, "grant", text, false, [&](store::Transaction& t, SharingRequest& r) -> Result<void> {
      QS_CHECK(answerer_only(actor, r));
      if (r.state != State::reviewing) return wrong_state(r);
      if (part) QS_CHECK(check_within(*part, r.terms));
      const auto& terms = part ? *part : r.terms;
      QS_CHECK(check_period(terms, deps_.clock.now()));
      QS_CHECK(check_rules(*table, dataset, terms, false));
      if (!needs_second(*table, dataset, terms)) return give(t, actor, r, terms, trim(text));
      QS_CHECK(answer(actor, r, trim(text)));
      r.decided = terms;
      r.decided_by = actor.person_id;
      r.state = State::confirming;
      return {};
    });
  }

  Result<SharingRequest> confirm(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "confirm", text, false, [&](store::Transaction& t, SharingRequest& r) -> Result<void> {
      QS_CHECK(confirmer_only(actor, r));
      if (r.state != State::confirming || !r.decided) return wrong_state(r);
      auto terms = *std::move(r.decided);
      r.decided.reset();
      return add_grant(t, actor, r, terms);
    });
  }

  Result<SharingRequest> object(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "object", text, true, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(confirmer_only(actor, r));
      if (r.state != State::confirming) return wrong_state(r);
      r.decided.reset();
      r.answer = trim(text);
      r.answered_by = actor.name;
      r.state = State::refused;
      return {};
    });
  }

  Result<void> tick() override {
    QS_TRY(auto open, deps_.store.read([&](store::Session& s) {
      return s.query("SELECT id, warned FROM sharing_request WHERE state = 'reviewing' ORDER BY id");
    }));
    auto days = static_cast<int>(deps_.settings.integer("sharing.warn_days"));
    for (const auto& row : open) {
      auto r = find(Actor::system(), row.text(0));
      if (!r) continue;  // answered meanwhile
      auto now = r->standing ? urgency(*r->standing, days) : 0;
      if (now <= row.integer(1)) continue;
      QS_CHECK(deps_.store.write([&](store::Transaction& t) -> Result<void> {
        QS_TRY(auto changed, t.exec("UPDATE sharing_request SET warned = ? WHERE id = ? AND state = 'reviewing' AND warned < ?",
                                    {now, r->id, now}));
        return changed == 0 ? Result<void>() : deps_.notify.tell(t, Actor::system(), warning_of(*r, now));
      }));
    }
    return {};
  }

  Result<SharingRequest> refuse(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "refuse", text, true, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(answerer_only(actor, r));
      if (r.state != State::reviewing) return wrong_state(r);
      QS_CHECK(answer(actor, r, trim(text)));
      r.state = State::refused;
      return {};
    });
  }

  Result<SharingRequest> give_back(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "return", text, true, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(answerer_only(actor, r));
      if (r.state != State::reviewing) return wrong_state(r);
      if (r.was_returned)
        return fail(Code::conflict, "request.returned_once", "材料只能退回补正一次（条例第二十一条），请授权或者不予共享。",
                    "Material is returned once only (article 21); grant the request or refuse it.");
      r.state = State::returned;
      r.was_returned = true;
      return {};
    });
  }

  Result<SharingRequest> complete(const Actor& actor, std::string_view id, const NewRequest& n,
                                  std::string_view text) override {
    QS_TRY(auto now, find(actor, id));
    QS_CHECK(asker_only(actor, now));
    QS_TRY(auto dataset, deps_.catalog.find({.all = true}, now.dataset_id));
    SharingRequest filled;
    QS_CHECK(fill(filled, dataset, n));
    return move(actor, id, "complete", text, false, [&](store::Transaction& t, SharingRequest& r) -> Result<void> {
      QS_CHECK(asker_only(actor, r));
      if (r.state != State::returned) return wrong_state(r);
      r.basis = filled.basis;
      r.scenario = filled.scenario;
      r.terms = filled.terms;
      r.state = State::reviewing;
      // The clock begins with material that is complete.
      r.started = deps_.clock.now();
      QS_CHECK(t.exec("UPDATE sharing_request SET warned = 0 WHERE id = ?", {r.id}));
      return {};
    });
  }

  Result<SharingRequest> extend(const Actor& actor, std::string_view id, int days, std::string_view text) override {
    auto most = static_cast<int>(deps_.settings.integer("sharing.extension_days"));
    if (days < 1 || days > most)
      return fail(Error{.code = Code::invalid,
                        .id = "request.extension",
                        .text = {fmt::format("最多延长 {} 个工作日。", most), fmt::format("At most {} working days.", most)},
                        .subject = "days"});
    return move(actor, id, "extend", text, true, [&](store::Transaction&, SharingRequest& r) -> Result<void> {
      QS_CHECK(answerer_only(actor, r));
      if (r.state != State::reviewing) return wrong_state(r);
      if (r.extension > 0)
        return fail(Code::conflict, "request.extended_once", "只能申请延长一次（条例第二十一条）。",
                    "An answer is put off once only (article 21).");
      r.extension = days;
      return {};
    });
  }

  Result<SharingRequest> consent(const Actor& actor, std::string_view id, std::string_view text) override {
    return move(actor, id, "consent", text, false, [&](store::Transaction& t, SharingRequest& r) -> Result<void> {
      if (!is_authority(actor))
        return not_yours("只有数据主管部门可以同意延长答复。", "Only the data authority consents to an extension.");
      if (r.state != State::reviewing || r.extension == 0 || r.extended) return wrong_state(r);
      r.extended = true;
      r.days_allowed += r.extension;
      QS_CHECK(t.exec("UPDATE sharing_request SET warned = 0 WHERE id = ?", {r.id}));
      return {};
    });
  }

  Result<SharingRequest> find(const Actor& actor, std::string_view id) const override {
    QS_TRY(auto r, deps_.store.read([&](store::Session& s) { return load(s, actor, id); }));
    return with_standing(std::move(r));
  }

  Result<std::vector<RequestEvent>> events(const Actor& actor, std::string_view id) const override {
    return deps_.store.read([&](store::Session& s) -> Result<std::vector<RequestEvent>> {
      QS_TRY(auto r, load(s, actor, id));
      QS_TRY(auto rows, s.query("SELECT at, action, state, text, person_name FROM sharing_request_event WHERE request_id = ? "
                                "ORDER BY number",
                                {r.id}));
      std::vector<RequestEvent> out;
      for (const auto& row : rows) {
        RequestEvent e{
            .at = row.time(0), .action = row.text(1), .state = State::asking, .text = row.text(3), .person_name = row.text(4)};
        (void)parse(row.text(2), e.state);
        out.push_back(std::move(e));
      }
      return out;
    });
  }

  Result<std::vector<SharingRequest>> list(const Actor& actor, const Filter& f) const override {
    store::Params params;
    auto sql = fmt::format("SELECT {} FROM sharing_request WHERE {}", request_columns(), seen_by(actor, f.box, params));
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

  Result<std::vector<SharingRequest>> waiting(const Actor& actor) const override {
    store::Params params;
    constexpr int kMost = 200;
    QS_TRY(auto all,
           query(fmt::format(
                     "SELECT {} FROM sharing_request WHERE {} AND state IN ('asking', 'reviewing', 'returned', 'confirming') "
                     "ORDER BY id LIMIT {}",
                     request_columns(), seen_by(actor, "", params), kMost),
                 params));
    std::erase_if(all, [&](const SharingRequest& r) {
      auto may = possible(actor, r);
      bool must = std::ranges::any_of(may, [](std::string_view a) {
        return a == "approve" || a == "grant" || a == "complete" || a == "consent" || a == "confirm";
      });
      // The authority looks after those that are late (article 21).
      return !must && !(is_authority(actor) && r.late);
    });
    std::ranges::sort(all, {}, [](const SharingRequest& r) { return r.standing ? r.standing->deadline : Time::max(); });
    return all;
  }

  std::vector<std::string_view> possible(const Actor& actor, const SharingRequest& r) const override {
    std::vector<std::string_view> out;
    if (r.state == State::asking && may_approve(actor, r)) out = {"approve", "decline"};
    if (r.state == State::reviewing && is_answerer(actor, r)) {
      out.insert(out.end(), {"grant", "refuse"});
      if (!r.was_returned) out.emplace_back("return");
      if (r.extension == 0) out.emplace_back("extend");
    }
    if (r.state == State::reviewing && is_authority(actor) && r.extension > 0 && !r.extended) out.emplace_back("consent");
    if (r.state == State::confirming && may_confirm(actor, r)) out.insert(out.end(), {"confirm", "object"});
    if (r.state == State::returned && is_asker(actor, r)) out.emplace_back("complete");
    if (is_asker(actor, r) && (r.state == State::asking || r.state == State::reviewing || r.state == State::returned))
      out.emplace_back("withdraw");
    return out;
  }

 private:
  Result<void> fill(SharingRequest& r, const catalog::Dataset& dataset, const NewRequest& n) const {
    r.basis = trim(n.basis);
    r.scenario = trim(n.scenario);
    QS_CHECK(check_text(r.basis, "basis", true));
    QS_CHECK(check_text(r.scenario, "scenario", true));
    QS_TRY(r.terms, terms_of(deps_.engine, dataset, n.terms, deps_.calendar.zone()));
    QS_CHECK(check_period(r.terms, deps_.clock.now()));
    QS_TRY(auto table, deps_.rules.table());
    QS_CHECK(check_rules(*table, dataset, r.terms, true));
    return check_text(r.terms.purpose, "purpose", true);
  }

  [[nodiscard]] Result<void> check_text(std::string_view text, std::string_view member, bool needed) const {
    auto most = static_cast<std::size_t>(deps_.settings.integer("sharing.text"));
    auto length = utf8_length(text);
    if ((length > 0 || !needed) && length <= most) return {};
    return fail(Error{.code = Code::invalid,
                      .id = "request.text",
                      .text = {length == 0 ? "请写明，不能留空。" : fmt::format("最多 {} 字，现在是 {} 字。", most, length),
                               length == 0 ? "This cannot be left empty."
                                           : fmt::format("At most {} characters, and it has {}.", most, length)},
                      .subject = std::string(member)});
  }

  static Result<void> approver_only(const Actor& actor, const SharingRequest& r) {
    if (may_approve(actor, r)) return {};
    if (is_asker(actor, r)) return not_yours("不能审核自己提出的申请。", "Nobody approves what she asked for herself.");
    return not_yours("只有申请部门的共享专员可以审核。", "Only a sharing officer of the asking department may decide.");
  }
  static Result<void> asker_only(const Actor& actor, const SharingRequest& r) {
    if (is_asker(actor, r)) return {};
    return not_yours("只有申请人可以这样操作。", "Only who asked may do this.");
  }
  static Result<void> answerer_only(const Actor& actor, const SharingRequest& r) {
    if (is_answerer(actor, r)) return {};
    return not_yours("只有提供部门的共享专员可以答复。", "Only a sharing officer of the providing department may answer.");
  }

  static Result<void> confirmer_only(const Actor& actor, const SharingRequest& r) {
    if (may_confirm(actor, r)) return {};
    return not_yours("只有数据主管部门可以复核，且不能复核自己的决定。",
                     "Only the data authority confirms, and nobody confirms what she decided.");
  }

  Result<void> answer(const Actor& actor, SharingRequest& r, std::string_view text) const {
    r.answered = deps_.clock.now();
    QS_TRY(auto taken, calendar::taken(deps_.calendar, *r.started, r.days_allowed, *r.answered));
    r.days_taken = taken.days;
    r.late = taken.late;
    r.answer = text;
    r.answered_by = actor.name;
    return {};
  }

  Result<void> give(store::Transaction& t, const Actor& actor, SharingRequest& r, const Terms& terms,
                    std::string_view text) const {
    QS_CHECK(answer(actor, r, text));
    return add_grant(t, actor, r, terms);
  }

  Result<void> add_grant(store::Transaction& t, const Actor& actor, SharingRequest& r, const Terms& terms) const {
    QS_CHECK(check_period(terms, deps_.clock.now()));
    QS_TRY(auto granted, deps_.grants.add(t, actor,
                                          {.dataset_id = r.dataset_id,
                                           .dataset_code = r.dataset_code,
                                           .dataset_title = r.dataset_title,
                                           .provider_id = r.provider_id,
                                           .provider_name = r.provider_name,
                                           .department_id = r.department_id,
                                           .department_name = r.department_name,
                                           .request_id = r.id,
                                           .terms = terms}));
    if (!r.renews.empty()) QS_CHECK(deps_.grants.supersede(t, actor, r.renews, granted));
    r.grant_id = granted.id;
    if (terms.from && *terms.from > deps_.clock.now())
      r.begins = calendar::to_text(std::chrono::floor<std::chrono::days>(deps_.calendar.zone().local(*terms.from)));
    r.state = State::granted;
    return {};
  }

  [[nodiscard]] Result<std::vector<SharingRequest>> query(const std::string& sql, const store::Params& params) const {
    QS_TRY(auto rows, deps_.store.read([&](store::Session& s) { return s.query(sql, params); }));
    std::vector<SharingRequest> out;
    for (const auto& row : rows) {
      QS_TRY(auto r, with_standing(request_of(row)));
      out.push_back(std::move(r));
    }
    return out;
  }

  [[nodiscard]] Result<SharingRequest> with_standing(SharingRequest r) const {
    if (r.state != State::reviewing || !r.started) return r;
    QS_TRY(r.standing, deps_.calendar.standing(*r.started, r.days_allowed));
    r.late = r.standing->late;
    return r;
  }

  static Result<SharingRequest> load(store::Session& s, const Actor& actor, std::string_view id) {
    QS_TRY(auto row, s.one(fmt::format("SELECT {} FROM sharing_request WHERE id = ?", request_columns()), {id}));
    if (!row) return no_request();
    auto r = request_of(*row);
    if (!may_see(actor, r)) return no_request();
    bool outside = !is_asker(actor, r) && !is_officer(actor, r.department_id) && !is_authority(actor);
    if (outside && !r.started) return no_request();
    return r;
  }

  Result<void> step(store::Transaction& t, const Actor& actor, const SharingRequest& r, std::string_view action,
                    std::string_view text) const {
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM sharing_request_event WHERE request_id = ?", {r.id}));
    QS_CHECK(
        t.exec("INSERT INTO sharing_request_event (request_id, number, at, action, state, text, person_id, person_name) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               {r.id, last->integer(0) + 1, r.changed, action, name(r.state), text, actor.person_id, actor.name}));
    QS_CHECK(deps_.notify.tell(t, actor, told_of(r, action)));
    return deps_.audit.record(
        t, actor,
        {.action = fmt::format("request.{}", action),
         .object_kind = "request",
         .object_id = r.id,
         .object_name = fmt::format("{} #{}", r.dataset_title, r.number),
         .detail = {
             {"dataset", r.dataset_code}, {"department", r.department_name}, {"state", name(r.state)}, {"late", r.late}}});
  }

  template <class Change>
  Result<SharingRequest> move(const Actor& actor, std::string_view id, std::string_view action, std::string_view text,
                              bool needed, Change change) {
    auto said = trim(text);
    return deps_.store.write([&](store::Transaction& t) -> Result<SharingRequest> {
      QS_TRY(auto r, load(t, actor, id));
      QS_CHECK(change(t, r));
      QS_CHECK(check_text(said, "text", needed));
      r.changed = deps_.clock.now();
      QS_CHECK(update_request(t, r));
      QS_CHECK(step(t, actor, r, action, said));
      return with_standing(std::move(r));
    });
  }

  Deps deps_;
};

}  // namespace

std::unique_ptr<Requests> Requests::open(Deps deps) {
  return std::make_unique<StoredRequests>(deps);
}

}  // namespace qushu::sharing
