// Sharing requests (共享申请): a department asks for another's dataset, and gets a grant, within the clocks of the regulation
// on sharing government data (国务院令第809号).
//
//   submit ──► asking ──approve──► reviewing ──grant──► granted      (or confirming ──confirm──► granted
//                                                                                 └──object──► refused)
//                │  └──decline──► declined   ├──refuse (reasons)──► refused
//                │                           ├──return (once, everything that is missing)──► returned ──complete──► reviewing
//             withdraw ──► withdrawn         └──extend (once, the authority consents)──► reviewing, with more days
//
// Article 20: basis, scenario, scope, method and period are stated, and an officer of the asking department approves before the
// provider sees it; nobody approves what she asked for herself. Article 21: the provider answers within
// `sharing.reply_days` working days; what is incomplete is returned once, with all that is missing, and is no reason to refuse;
// a refusal states its reasons; one extension of at most `sharing.extension_days` needs the data authority's consent. A dataset
// that is shared unconditionally is granted as soon as the asking side has approved. The provider grants the whole or a part:
// never fields, methods or a period that were not asked for.
//
// Where the sharing rules (rules.h) say so, what the provider grants takes effect when the data authority has confirmed it.
// A request may renew or widen a grant of the same department, which then ends as the new one begins.
//
// Those concerned are told of every step; the provider's officers before the end of their clock and on its last day, and the
// data authority too once it has passed (tick()).
//
// A request is seen by who made it, by the officers of both departments and those above them, and by the data authority. Every
// step is kept with its text and audited in its transaction.
//
// Thread-safety: Requests may be used from any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/calendar/calendar.h"
#include "qushu/http/router.h"
#include "qushu/identity/identity.h"
#include "qushu/notify/notify.h"
#include "qushu/sharing/grant.h"
#include "qushu/sharing/policy.h"
#include "qushu/sharing/rules.h"

namespace qushu::sharing {

enum class RequestState : std::uint8_t { asking, declined, reviewing, returned, granted, refused, withdrawn, confirming };
[[nodiscard]] std::string_view name(RequestState state);
[[nodiscard]] bool parse(std::string_view text, RequestState& out);

struct SharingRequest {
  std::string id;
  std::int64_t number = 0;
  std::string dataset_id, dataset_code, dataset_title, sharing_type;
  std::string provider_id, provider_name;
  std::string person_id, person_name, department_id, department_name;  // who asks
  std::string basis, scenario;                                         // the law or duty it rests on, and what it is used in
  Terms terms;                                                         // what is asked for
  RequestState state = RequestState::asking;
  std::string approved_by;  // the officer on the asking side
  std::string answer, answered_by;
  std::string grant_id;
  std::optional<Time> started;  // when the provider's clock did
  std::optional<Time> answered;
  int days_allowed = 0;
  bool was_returned = false;
  int extension = 0;  // days asked for
  bool extended = false;
  std::optional<int> days_taken;
  bool late = false;
  Time created, changed;
  std::string renews;                          // the grant that this one would take the place of
  std::optional<Terms> decided;                // by the provider, until it is confirmed
  std::string decided_by;                      // the id of who did
  std::optional<calendar::Standing> standing;  // while the provider is to answer
  std::string begins;                          // just granted: the day from which it can be used, if that is later; not kept
};

struct RequestEvent {
  Time at;
  std::string action;
  RequestState state;
  std::string text, person_name;
};

struct NewRequest {
  std::string dataset;  // code
  std::string basis, scenario;
  json::object terms;
  std::string department = {};  // id or code: of who has no department of her own, on the server's command line
  std::string renews = {};      // the id of a grant
};

[[nodiscard]] const Text& title(RequestState state);
[[nodiscard]] std::span<const store::Migration> request_migrations();
[[nodiscard]] std::span<const SettingSpec> request_settings();  // sharing.reply_days, sharing.extension_days, sharing.text …

class Requests {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    engine::Engine& engine;
    const calendar::Calendar& calendar;
    catalog::Catalog& catalog;
    identity::Identity& identity;
    const Grants& grants;
    const Rules& rules;
    const notify::Notify& notify;
    const Settings& settings;
    const Clock& clock;
  };
  [[nodiscard]] static std::unique_ptr<Requests> open(Deps deps);
  virtual ~Requests() = default;

  [[nodiscard]] virtual Result<SharingRequest> submit(const Actor& actor, const NewRequest& request) = 0;
  // `text` says why, or what is missing; needed to decline, return, refuse and extend.
  [[nodiscard]] virtual Result<SharingRequest> approve(const Actor& actor, std::string_view id, std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> decline(const Actor& actor, std::string_view id, std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> withdraw(const Actor& actor, std::string_view id, std::string_view text) = 0;
  // `terms` null: all that was asked for.
  [[nodiscard]] virtual Result<SharingRequest> grant(const Actor& actor, std::string_view id, const json::value& terms,
                                                     std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> refuse(const Actor& actor, std::string_view id, std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> give_back(const Actor& actor, std::string_view id, std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> complete(const Actor& actor, std::string_view id, const NewRequest& request,
                                                        std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> extend(const Actor& actor, std::string_view id, int days,
                                                      std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> consent(const Actor& actor, std::string_view id, std::string_view text) = 0;

  // The second approval, by the data authority; and its refusal.
  [[nodiscard]] virtual Result<SharingRequest> confirm(const Actor& actor, std::string_view id, std::string_view text) = 0;
  [[nodiscard]] virtual Result<SharingRequest> object(const Actor& actor, std::string_view id, std::string_view text) = 0;
  // Warns of clocks that end; called now and then.
  [[nodiscard]] virtual Result<void> tick() = 0;

  // not_found also for what the caller may not know of.
  [[nodiscard]] virtual Result<SharingRequest> find(const Actor& actor, std::string_view id) const = 0;
  [[nodiscard]] virtual Result<std::vector<RequestEvent>> events(const Actor& actor, std::string_view id) const = 0;
  struct Filter {
    std::string
        box;  // "mine": made by the caller; "asking": of her department; "incoming": for her department to answer; "": all
    std::optional<RequestState> state;
    std::string before;  // keyset: older than this id
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<SharingRequest>> list(const Actor& actor, const Filter& filter) const = 0;
  // What this person has to do something about, the most urgent first.
  [[nodiscard]] virtual Result<std::vector<SharingRequest>> waiting(const Actor& actor) const = 0;
  // What the caller may do now: "approve", "decline", "withdraw", "grant", "refuse", "return", "complete", "extend", "consent",
  // "confirm", "object".
  [[nodiscard]] virtual std::vector<std::string_view> possible(const Actor& actor, const SharingRequest& request) const = 0;
};

[[nodiscard]] json::object to_json(const SharingRequest& request);

// /api/v1/sharing/requests…, /api/v1/sharing/grants…
void add_sharing_routes(http::Router& router, Requests& requests, const Grants& grants);

}  // namespace qushu::sharing
