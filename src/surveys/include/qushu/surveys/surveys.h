// Surveys (满意度调查): questionnaires in YAML (definition.h), answered on a page without scripts, by one-time links or in
// public.
//
// Anonymous means that nothing here leads from an answer to who gave it (decision 0022):
//   - Of a link's token only the hash is kept, and of the link only whether it was used: not when, and not by which answer.
//   - An answer has no time, no address and no order: it waits without a day under a random number.
//   - Answers are counted in batches. While a survey is open, a batch is taken from those that wait as soon as twice
//     `surveys.minimum_answers` of them do; taken at random, written anew in another order, and dated with the day of counting.
//     The last batch is counted when the survey closes. So whatever is shown, at whatever time, differs from what was shown
//     before by that many answers at least, and a survey with fewer of them shows nothing but how many there are.
//   - Answering is not audited and not logged; what is done with a survey is.
//
// Surveys are managed by those who manage registers; results are for them and for whom the definition names.
//
// Thread-safety: Surveys may be used from any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/calendar/calendar.h"
#include "qushu/definitions/versions.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/jobs/jobs.h"
#include "qushu/notify/notify.h"
#include "qushu/store/store.h"
#include "qushu/surveys/definition.h"

namespace qushu::surveys {

using definitions::Version;

[[nodiscard]] std::span<const store::Migration> migrations();
// surveys.minimum_answers, form_seconds, form_limit, form_total, links
[[nodiscard]] std::span<const SettingSpec> settings();

enum class Phase : std::uint8_t {
  draft,    // being written
  waiting,  // opened, but its time has not come
  open,     // may be answered
  closed    // its time is over, or somebody closed it
};
[[nodiscard]] std::string_view name(Phase phase);
[[nodiscard]] Text title(Phase phase);

struct Survey {
  Definition definition;
  std::int64_t version = 0;
  std::string origin;  // "builtin": as it comes with Qushu, "local": changed here
  Phase phase = Phase::draft;
  std::optional<Time> opens, closes;   // as the definition says
  std::optional<Time> opened, closed;  // when somebody did
  std::string department_id, department_name, person_name;
  Time changed;
  std::string changed_by;
  std::int64_t invitations = 0, used = 0;  // one-time links
  std::int64_t answers = 0;                // all, counted or waiting
  bool may_manage = false;                 // the caller
  bool builtin = false;                    // its code is that of one that comes with Qushu: it cannot be removed
  std::optional<Time> archived;            // put away: it is in no list, and cannot be opened
};

// What a definition would come to.
struct Trial {
  std::string code;
  Text name;
  std::int64_t version = 0;  // that it will be
  bool unchanged = false;
  std::vector<Mistake> mistakes;
  json::object definition;  // as far as it could be read, for the form builder
};

// By question: what was picked, by code, or one text.
using Answers = std::map<std::string, std::vector<std::string>, std::less<>>;

struct OptionCount {
  Option option;
  std::int64_t answers = 0;
};

struct QuestionResult {
  Question question;
  std::int64_t answers = 0;         // counted sheets that answer it
  bool shown = false;               // false: too few answer it, and the rest is empty
  std::vector<OptionCount> counts;  // every option
  std::optional<double> mean;       // of a scale
  std::int64_t satisfied = 0;       // of a question that judges
  std::vector<std::string> texts;   // in no order
};

struct MonthResult {
  std::string month;                                                    // "2026-11"
  std::int64_t answers = 0;                                             // sheets counted in it
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> judged;  // by question: satisfied, answers; where enough answer
};

struct Results {
  Survey survey;
  std::int64_t counted = 0, waiting = 0;
  std::int64_t minimum = 0;  // answers that a batch has at least
  std::vector<QuestionResult> questions;
  std::vector<MonthResult> months;
};

// Who is to get a link by mail: everybody active with an address in these departments (without those below), and these people.
struct Invited {
  std::vector<std::string> departments, people;  // identifiers, codes or logins
};
struct Mailing {
  std::int64_t mails = 0;               // queued
  std::vector<std::string> no_address;  // names
};

enum class SheetFormat : std::uint8_t { csv, xlsx };
struct SheetFile {
  std::filesystem::path path;
  std::shared_ptr<const void> keep;  // the file lasts as long
};

// What whoever holds a link, or the address of a public survey, finds there.
struct Entrance {
  enum class State : std::uint8_t { none, waiting, open, closed, used };
  State state = State::none;
  std::optional<Survey> survey;  // but for none
};

class Surveys {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    jobs::Jobs& jobs;
    const identity::Identity& identity;
    const notify::Notify& notify;
    const calendar::Calendar& calendar;
    const Settings& settings;
    const Clock& clock;
    std::filesystem::path scratch;  // a folder of the process's own
  };
  explicit Surveys(Deps deps) : deps_(std::move(deps)) {}

  // --- definitions -----------------------------------------------------------------------------------------------------------
  // Those that come with Qushu, as far as nobody has changed them here and nobody has answered.
  [[nodiscard]] Result<void> install_builtins();
  // The newest first; those whose results the actor may see. Either those that are put away, or the others.
  [[nodiscard]] Result<std::vector<Survey>> list(const Actor& actor, bool archived = false) const;
  [[nodiscard]] Result<Survey> find(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<std::string> yaml(const Actor& actor, std::string_view code, std::int64_t version = 0) const;
  [[nodiscard]] Result<std::vector<Version>> versions(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<Trial> check(const Actor& actor, std::string_view yaml) const;
  // Makes or changes it. Once somebody has answered, what was asked stays: conflict "survey.answered". Audited.
  [[nodiscard]] Result<Survey> apply(const Actor& actor, std::string_view yaml, std::string_view note);
  // May be answered from now, or from its time on; also after it was closed. Audited.
  [[nodiscard]] Result<Survey> open(const Actor& actor, std::string_view code);
  // Counts what waits. Audited.
  [[nodiscard]] Result<Survey> close(const Actor& actor, std::string_view code);
  // Puts a draft or a closed survey away, and takes it back. Its answers stay and count. Audited.
  [[nodiscard]] Result<Survey> archive(const Actor& actor, std::string_view code, bool archived);
  // Removes a draft or a closed survey for good, with its versions, its links and its answers. Who asks says how many answers
  // go: conflict "survey.answers" names the number when it is another. Audited. What comes with Qushu is archived instead.
  [[nodiscard]] Result<void> remove(const Actor& actor, std::string_view code, std::int64_t answers);

  // --- one-time links --------------------------------------------------------------------------------------------------------
  // New links' tokens, to be handed out once: they cannot be had again. Audited.
  [[nodiscard]] Result<std::vector<std::string>> invite(const Actor& actor, std::string_view code, std::int64_t count);
  // A link to each, by mail; the token is made when its mail is sent and is nowhere else. Audited.
  [[nodiscard]] Result<Mailing> invite_by_mail(const Actor& actor, std::string_view code, const Invited& invited);

  // --- answering: nobody's credentials are asked for
  // ---------------------------------------------------------------------------- `token` empty: the public address.
  [[nodiscard]] Result<Entrance> enter(std::string_view code, std::string_view token) const;
  // Durable when it returns. conflict "survey.used" (the link), "survey.closed"; not_found. The answers were checked
  // (form.h).
  [[nodiscard]] Result<void> answer(std::string_view code, std::string_view token, const Answers& answers);

  // --- results ---------------------------------------------------------------------------------------------------------------
  [[nodiscard]] Result<Results> results(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<SheetFile> write_results(const Actor& actor, std::string_view code, SheetFormat format, Lang lang) const;
  // Links as a sheet: a column of addresses that begin with `base`.
  [[nodiscard]] Result<SheetFile> write_links(std::string_view code, const std::vector<std::string>& tokens,
                                              std::string_view base, SheetFormat format, Lang lang) const;

  // Closes what is over and counts what is due.
  [[nodiscard]] Result<void> tick();
  void register_jobs();

 private:
  friend class SurveyRelations;
  [[nodiscard]] Result<std::optional<Survey>> load(store::Session& s, std::string_view code, bool counted = true) const;
  [[nodiscard]] Result<std::vector<Survey>> load_all(store::Session& s) const;
  [[nodiscard]] Result<Survey> load_visible(store::Session& s, const Actor& actor, std::string_view code) const;
  [[nodiscard]] Survey survey_of(const store::Row& row, Definition definition) const;
  [[nodiscard]] Result<void> apply(store::Transaction& t, const Actor& actor, const Definition& d, std::string_view yaml,
                                   std::string_view note, std::string_view origin) const;
  [[nodiscard]] Result<Survey> move(const Actor& actor, std::string_view code, bool open);
  // Counts of those that wait what may be counted now.
  [[nodiscard]] Result<void> settle(std::string_view code) const;
  [[nodiscard]] Result<void> settle(store::Transaction& t, std::string_view code, bool closed) const;
  [[nodiscard]] Result<jobs::Finish> run_mail(jobs::Context& context) const;
  [[nodiscard]] std::int64_t minimum() const { return deps_.settings.integer("surveys.minimum_answers"); }

  Deps deps_;
};

[[nodiscard]] bool may_manage(const Actor& actor);
[[nodiscard]] bool may_see(const Survey& survey, const Actor& actor);

[[nodiscard]] json::object to_json(const Survey& survey, Lang lang);
[[nodiscard]] json::object to_json(const Trial& trial, Lang lang);
[[nodiscard]] json::object to_json(const Results& results, Lang lang);

// /api/v1/surveys…, and the pages at /survey/…; `key` signs forms.
class SurveyPages;
class SurveyRoutes {
 public:
  SurveyRoutes(Surveys& surveys, const Settings& settings, const Clock& clock, std::string key);
  ~SurveyRoutes();
  void add_routes(http::Router& router);

 private:
  Surveys& surveys_;
  const Settings& settings_;
  std::unique_ptr<SurveyPages> pages_;
};

}  // namespace qushu::surveys
