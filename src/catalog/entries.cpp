#include <algorithm>

#include <fmt/format.h>
#include <time.h>

#include "qushu/base/text.h"
#include "qushu/catalog/entry.h"
#include "qushu/catalog/sheet.h"

#include "entry_change.h"
#include "entry_rows.h"
#include "rows.h"

namespace qushu::catalog {
namespace {

// The day at this server's place.
std::string today(const Clock& clock) {
  auto seconds = static_cast<std::time_t>(to_micros(clock.now()) / 1'000'000);
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);
}

struct Submission {
  Entry entry;
  std::string person_id, person_name;
};

Result<std::optional<Submission>> load_submission(store::Session& s, std::string_view dataset_id) {
  QS_TRY(auto row, s.one("SELECT entry, person_id, person_name FROM entry_submission WHERE dataset_id = ?", {dataset_id}));
  if (!row) return std::nullopt;
  boost::system::error_code failed;
  return Submission{
      .entry = entry_of(json::parse(row->text(0), failed)), .person_id = row->text(1), .person_name = row->text(2)};
}

Failure not_now(const Dataset& d, std::string_view action) {
  auto state = name_of(entry_states(), d.entry_state);
  std::string zh, en;
  for (const auto& t : transitions())
    if (t.from == d.entry_state) {
      zh += (zh.empty() ? "" : "、") + t.name.zh;
      en += (en.empty() ? "" : ", ") + t.name.en;
    }
  auto wanted = std::ranges::find(transitions(), action, &Transition::action);
  Text name = wanted == transitions().end() ? Text{std::string(action), std::string(action)} : wanted->name;
  return fail(Error{.code = Code::conflict,
                    .id = "entry.state",
                    .text = {fmt::format("目录现在是“{}”，不能“{}”；可以：{}。", state.zh, name.zh, zh),
                             fmt::format("The entry is “{}”: “{}” is not possible now; possible: {}.", state.en, name.en, en)},
                    .subject = "action"});
}

// The first few of what is missing, in one sentence.
Failure incomplete(const std::vector<Missing>& missing) {
  constexpr std::size_t kTold = 3;
  Text text{"目录还不完整：", "The entry is not complete: "};
  for (std::size_t i = 0; i < missing.size() && i < kTold; ++i) {
    text.zh += missing[i].text.zh;
    text.en += missing[i].text.en + " ";
  }
  if (missing.size() > kTold) {
    text.zh += fmt::format("另有 {} 处。", missing.size() - kTold);
    text.en += fmt::format("And {} more.", missing.size() - kTold);
  }
  return fail(
      Error{.code = Code::invalid, .id = "entry.incomplete", .text = std::move(text), .subject = missing.front().member});
}

class StoredEntries final : public Entries {
 public:
  StoredEntries(store::Store& store, audit::Audit& audit, Catalog& catalog, const Settings& settings, const Clock& clock)
      : store_(store), audit_(audit), catalog_(catalog), settings_(settings), clock_(clock) {}

  Result<Standing> find(std::string_view dataset_id) const override {
    return store_.read([&](store::Session& s) -> Result<Standing> {
      QS_TRY(auto d, required(s, dataset_id));
      Standing out;
      QS_TRY(out.entry, load_working(s, d));
      out.missing = missing_of(out.entry);
      QS_TRY(auto submission, load_submission(s, d.id));
      if (submission) {
        out.submitted = std::move(submission->entry);
        out.submitted_by = submission->person_id;
      }
      QS_TRY(out.steps, load_steps(s, d.id));
      QS_TRY(auto rows,
             s.query("SELECT number, kind, person_name, comment, at FROM entry_version WHERE dataset_id = ? ORDER BY "
                     "number DESC",
                     {d.id}));
      for (const auto& row : rows)
        out.versions.push_back({.number = row.integer(0),
                                .kind = row.text(1),
                                .entry = {},
                                .person_name = row.text(2),
                                .comment = row.text(3),
                                .at = row.time(4)});
      out.dataset = std::move(d);
      return out;
    });
  }

  Result<std::optional<Dataset>> matching(store::Session& s, const SheetResource& r,
                                          std::string_view department_id) const override {
    if (!r.resource_code.empty()) {
      QS_TRY(auto row, s.one("SELECT id FROM dataset WHERE resource_code = ?", {r.resource_code}));
      if (row) return catalog_.known(s, row->text(0));
      return fail(
          Error{.code = Code::invalid,
                .id = "sheet.code",
                .text = {fmt::format("没有代码为“{}”的资源；新资源请留空，注册时自动编码。", r.resource_code),
                         fmt::format("There is no resource “{}”; leave it empty for a new one, which gets its code when it "
                                     "is registered.",
                                     r.resource_code)},
                .subject = "resource_code"});
    }
    if (!r.dataset_code.empty()) return catalog_.known(s, r.dataset_code);
    QS_TRY(auto row, s.one("SELECT id FROM dataset WHERE title = ? AND department_id = ? ORDER BY created LIMIT 1",
                           {r.title, department_id}));
    if (!row) return std::nullopt;
    return catalog_.known(s, row->text(0));
  }

  Result<Entry> working(store::Session& s, const Dataset& dataset) const override { return load_working(s, dataset); }

  Result<void> change(store::Transaction& t, const Actor& actor, std::string_view dataset_id,
                      const EntryChange& change) override {
    QS_TRY(auto d, required(t, dataset_id));
    auto state = d.entry_state;
    QS_CHECK(open_for_change(t, actor, clock_.now(), d));
    if (d.entry_state != state) QS_CHECK(catalog_.save_entry(t, d));
    QS_TRY(auto before, load_working(t, d));
    QS_TRY(auto guide, load_guide(t, d.id));
    QS_TRY(auto tree, load_nodes(t));
    QS_TRY(auto applied, apply_change(change, before, std::move(guide), d, tree, actor.name));
    QS_CHECK(name_items(t, d.id, applied));
    if (!applied.guide.provider_code.empty()) QS_CHECK(remember_provider(t, d.department_id, applied.guide.provider_code));
    // What was announced counts for the dataset's grade as its fields do.
    auto level = applied.dataset.level.value_or(d.level);
    for (const auto& item : applied.guide.items)
      if (item.planned) level = higher_level(level, item.level);
    if (level != applied.dataset.level.value_or(d.level)) applied.dataset.level = level;
    QS_CHECK(save_guide(t, d.id, applied.guide));
    QS_TRY(d, catalog_.change(t, actor, d.id, applied.dataset));
    d.classifications = applied.guide.classifications;
    d.format = applied.guide.format;
    QS_CHECK(use_classes(t, d));
    QS_CHECK(catalog_.save_entry(t, d));
    QS_TRY(auto after, load_working(t, d));
    json::array changed;
    for (const auto& one : differences(before, after, Lang::zh))
      changed.emplace_back(json::object{{"member", one.member}, {"before", one.before}, {"after", one.after}});
    return record(t, actor, "entry.change", d, {{"changes", std::move(changed)}});
  }

  Result<void> grade(const Actor& actor, std::string_view dataset_id,
                     const std::map<std::string, std::string>& levels) override {
    EntryChange change;
    for (const auto& [id, level] : levels) change.items.push_back({.id = id, .name = {}, .texts = {{"level", level}}});
    return store_.write([&](store::Transaction& t) -> Result<void> {
      QS_CHECK(this->change(t, actor, dataset_id, change));
      QS_TRY(auto d, required(t, dataset_id));
      json::object detail;
      for (const auto& [id, level] : levels) detail[id] = level;
      return record(t, actor, "entry.grade", d, std::move(detail));
    });
  }

  Result<void> step(const Actor& actor, std::string_view dataset_id, std::string_view action,
                    std::string_view comment) override {
    return store_.write([&](store::Transaction& t) { return take_step(t, actor, dataset_id, action, trim(comment)); });
  }

  Result<EntryVersion> version(std::string_view dataset_id, std::int64_t number) const override {
    return store_.read([&](store::Session& s) -> Result<EntryVersion> {
      QS_TRY(auto version, load_entry_version(s, dataset_id, number));
      if (version) return *std::move(version);
      return fail(
          Error{.code = Code::not_found,
                .id = "entry.version",
                .text = {fmt::format("目录没有第 {} 版。", number), fmt::format("The entry has no version {}.", number)},
                .subject = "version"});
    });
  }

  Result<std::vector<Waiting>> reviews(const Actor& actor) const override {
    return store_.read([&](store::Session& s) -> Result<std::vector<Waiting>> {
      QS_TRY(auto rows,
             s.query("SELECT s.dataset_id, s.person_id, s.person_name, s.at FROM entry_submission s JOIN dataset d ON "
                     "d.id = s.dataset_id WHERE d.entry_state IN ('register_review', 'publish_review') ORDER BY s.at"));
      std::vector<Waiting> out;
      for (const auto& row : rows) {
        QS_TRY(auto d, required(s, row.text(0)));
        auto action = d.entry_state == "register_review" ? "register" : "publish";
        out.push_back({.dataset = std::move(d),
                       .action = action,
                       .person_name = row.text(2),
                       .at = row.time(3),
                       .own = !actor.person_id.empty() && actor.person_id == row.text(1)});
      }
      return out;
    });
  }

  Result<std::vector<Waiting>> returned(const Visibility& who, std::size_t limit) const override {
    return store_.read([&](store::Session& s) -> Result<std::vector<Waiting>> {
      store::Params params;
      auto visible = visible_to(who, params);
      params.emplace_back(static_cast<std::int64_t>(limit));
      QS_TRY(auto rows,
             s.query(fmt::format("SELECT d.id, p.action, p.person_name, p.at FROM dataset d JOIN entry_step p ON "
                                 "p.dataset_id = d.id AND p.number = (SELECT max(q.number) FROM entry_step q WHERE "
                                 "q.dataset_id = d.id) WHERE d.entry_state IN ('returned', 'refused') AND {} ORDER BY "
                                 "p.at LIMIT ?",
                                 visible),
                     params));
      std::vector<Waiting> out;
      for (const auto& row : rows) {
        QS_TRY(auto d, required(s, row.text(0)));
        out.push_back({.dataset = std::move(d), .action = row.text(1), .person_name = row.text(2), .at = row.time(3)});
      }
      return out;
    });
  }

 private:
  Result<Dataset> required(store::Session& s, std::string_view id) const {
    QS_TRY(auto d, catalog_.known(s, id));
    if (d) return *std::move(d);
    return fail(Code::not_found, "dataset.not_found", "没有这个数据集，或者您无权查看。",
                "There is no such dataset, or none that you may see.");
  }

  // What was announced gets the identifier that a column of that name will have.
  static Result<void> name_items(store::Transaction& t, const std::string& dataset_id, Applied& applied) {
    QS_TRY(auto ids, stable_identifiers(t, dataset_id, applied.new_names));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto& name = applied.new_names[i];
      auto item = std::ranges::find_if(applied.guide.items, [&](const Item& one) { return one.planned && one.id == name; });
      if (item != applied.guide.items.end()) item->id = ids[i];
      QS_CHECK(
          t.exec("INSERT INTO dataset_field (dataset_id, name, identifier) VALUES (?, ?, ?) ON CONFLICT (dataset_id, name) "
                 "DO NOTHING",
                 {dataset_id, name, ids[i]}));
    }
    return {};
  }

  static Result<void> remember_provider(store::Transaction& t, const std::string& department, const std::string& code) {
    QS_CHECK(
        t.exec("INSERT INTO provider_code (department_id, code) VALUES (?, ?) ON CONFLICT (department_id) DO UPDATE SET "
               "code = excluded.code",
               {department, code}));
    return {};
  }

  static Result<void> use_classes(store::Transaction& t, const Dataset& d) {
    for (const auto& id : d.classifications)
      QS_CHECK(
          t.exec("INSERT INTO classification_use (node_id, dataset_id) VALUES (?, ?) ON CONFLICT (node_id, dataset_id) DO "
                 "NOTHING",
                 {id, d.id}));
    return {};
  }

  Result<void> take_step(store::Transaction& t, const Actor& actor, std::string_view dataset_id, std::string_view action,
                         std::string_view comment) {
    QS_TRY(auto d, required(t, dataset_id));
    auto fits = [&](const Transition& one) { return one.action == action && one.from == d.entry_state; };
    auto found = std::ranges::find_if(transitions(), fits);
    // A face can be taken down whatever becomes of the working copy.
    bool takes_down = action == "unpublish" && d.face > 0;
    if (found == transitions().end() && !takes_down) return not_now(d, action);
    if (takes_down) found = std::ranges::find(transitions(), "unpublish", &Transition::action);
    if (found->needs_comment && comment.empty())
      return fail(Error{.code = Code::invalid,
                        .id = "entry.comment",
                        .text = {"请写明理由，对方会看到。", "Say why: the other side will read it."},
                        .subject = "comment"});
    auto from = d.entry_state;
    d.entry_state = takes_down && from != "published" ? from : std::string(found->to);
    QS_TRY(auto submission, load_submission(t, d.id));
    if (found->review) {
      if (!submission) return fail_internal("a review without a submission: " + d.id);
      if (!actor.person_id.empty() && submission->person_id == actor.person_id)
        return fail(Code::forbidden, "entry.own", "不能审核自己提交的目录，请由另一位审核员处理。",
                    "Nobody reviews what she submitted: another reviewer has to do it.");
    }
    QS_CHECK(perform(t, actor, *found, d, from, submission, comment));
    QS_CHECK(catalog_.save_entry(t, d));
    QS_CHECK(add_step(t, actor, clock_.now(), d.id, action, from, d.entry_state, comment));
    return record(
        t, actor, "entry." + std::string(action), d,
        {{"from", from}, {"to", d.entry_state}, {"comment", std::string(comment)}, {"resource_code", d.resource_code}});
  }

  // What a transition does besides changing the state.
  Result<void> perform(store::Transaction& t, const Actor& actor, const Transition& transition, Dataset& d,
                       const std::string& from, std::optional<Submission>& submission, std::string_view comment) {
    if (transition.action == "submit") return submit(t, actor, d, from);
    if (transition.action == "revise") {
      d.entry_state = from;
      return open_for_change(t, actor, clock_.now(), d);
    }
    if (transition.action == "unpublish") d.face = 0;
    if (transition.action == "register" || transition.action == "publish")
      QS_CHECK(keep(t, actor, d, transition.action == "register" ? "registered" : "published", submission->entry, comment));
    if (transition.action != "unpublish") QS_CHECK(t.exec("DELETE FROM entry_submission WHERE dataset_id = ?", {d.id}));
    return {};
  }

  Result<void> submit(store::Transaction& t, const Actor& actor, const Dataset& d, const std::string& from) {
    Entry entry;
    if (from == "registered") {
      QS_TRY(auto row, t.one("SELECT max(number) FROM entry_version WHERE dataset_id = ?", {d.id}));
      QS_TRY(auto last, load_entry_version(t, d.id, row->integer(0)));
      if (!last) return fail_internal("a registered entry without a version: " + d.id);
      entry = std::move(last->entry);
    } else {
      QS_TRY(entry, load_working(t, d));
      if (auto missing = missing_of(entry); !missing.empty()) return incomplete(missing);
    }
    QS_CHECK(
        t.exec("INSERT INTO entry_submission (dataset_id, entry, person_id, person_name, at) VALUES (?, ?, ?, ?, ?) ON "
               "CONFLICT (dataset_id) DO UPDATE SET entry = excluded.entry, person_id = excluded.person_id, person_name = "
               "excluded.person_name, at = excluded.at",
               {d.id, json::serialize(to_json(entry)), actor.person_id, actor.name, clock_.now()}));
    return {};
  }

  // A version of the entry; of a first registration with its code, of a publication with its date and as the face.
  Result<void> keep(store::Transaction& t, const Actor& actor, Dataset& d, std::string_view kind, Entry entry,
                    std::string_view comment) {
    if (d.resource_code.empty()) {
      QS_TRY(d.resource_code, new_code(t, entry));
    }
    entry.resource_code = d.resource_code;
    if (kind == "published" && entry.published_on.empty()) entry.published_on = today(clock_);
    QS_TRY(auto last, t.one("SELECT coalesce(max(number), 0) FROM entry_version WHERE dataset_id = ?", {d.id}));
    auto number = last->integer(0) + 1;
    QS_CHECK(
        t.exec("INSERT INTO entry_version (dataset_id, number, kind, entry, person_id, person_name, comment, at) VALUES (?, "
               "?, ?, ?, ?, ?, ?, ?)",
               {d.id, number, kind, json::serialize(to_json(entry)), actor.person_id, actor.name, comment, clock_.now()}));
    if (kind != "published") return {};
    d.face = number;
    QS_TRY(auto guide, load_guide(t, d.id));
    guide.published_on = entry.published_on;
    return save_guide(t, d.id, guide);
  }

  Result<std::string> new_code(store::Transaction& t, const Entry& entry) {
    QS_TRY(auto tree, load_nodes(t));
    auto node = std::ranges::find(tree, entry.classifications.at(0), &Node::id);
    if (node == tree.end()) return fail_internal("an unknown class: " + entry.classifications[0]);
    auto prefix = code_prefix(*node);
    auto digits = static_cast<int>(settings_.integer("catalog.sequence_digits"));
    for (;;) {
      QS_TRY(auto number, next_number(t, "resource " + prefix));
      auto code = fmt::format("{}/{:0{}}", prefix, number, digits);
      QS_TRY(auto taken, t.one("SELECT 1 FROM dataset WHERE resource_code = ?", {code}));
      if (!taken) return code;
    }
  }

  Result<void> record(store::Transaction& t, const Actor& actor, const std::string& action, const Dataset& d,
                      json::object detail) {
    return audit_.record(
        t, actor,
        {.action = action, .object_kind = "dataset", .object_id = d.code, .object_name = d.title, .detail = std::move(detail)});
  }

  store::Store& store_;
  audit::Audit& audit_;
  Catalog& catalog_;
  const Settings& settings_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<Entries> Entries::open(store::Store& store, audit::Audit& audit, Catalog& catalog, const Settings& settings,
                                       const Clock& clock) {
  return std::make_unique<StoredEntries>(store, audit, catalog, settings, clock);
}

}  // namespace qushu::catalog
