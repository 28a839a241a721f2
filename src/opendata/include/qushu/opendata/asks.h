// What the public asks for: data that are not open yet, by a form of the portal; answered by the data authority.
//
// Who asked is told of an address with the ask's id, which nobody can guess, and finds the answer there. Her name and contact
// are for the authority alone.
//
// Thread-safety: Asks may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/http/router.h"
#include "qushu/store/store.h"

namespace qushu::opendata {

namespace json = boost::json;

struct Ask {
  std::string id;
  std::int64_t number = 0;
  std::string wanted, purpose, name, contact;
  std::string state;  // waiting, accepted, declined
  std::string answer, answered_by;
  Time at;
  std::optional<Time> answered;
};

class Asks {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const Clock& clock;
  };
  explicit Asks(Deps deps) : deps_(deps) {}

  // By anybody; `actor` is nobody with its address. invalid names the member: wanted, purpose, name, contact.
  [[nodiscard]] Result<Ask> add(const Actor& actor, Ask ask);
  // For who knows the id.
  [[nodiscard]] Result<Ask> find(std::string_view id) const;
  // The newest first, those before `before`; `state` empty: all. For the data authority, as what follows.
  [[nodiscard]] Result<std::vector<Ask>> list(const Actor& actor, std::string_view state, std::string_view before,
                                              std::size_t limit) const;
  // May be said again, in other words. invalid without a text.
  [[nodiscard]] Result<Ask> answer(const Actor& actor, std::string_view id, bool accepted, std::string_view text);

 private:
  Deps deps_;
};

[[nodiscard]] json::object to_json(const Ask& ask);

// /api/v1/open/asks…
void add_ask_routes(http::Router& router, Asks& asks);

}  // namespace qushu::opendata
