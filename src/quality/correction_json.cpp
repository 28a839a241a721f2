#include "qushu/base/json.h"
#include "qushu/quality/corrections.h"
#include "qushu/sharing/policy.h"

namespace qushu::quality {
namespace {

bool is_of_provider(const Actor& actor, const Correction& c) {
  return sharing::check_steward(actor, c.provider_id).has_value();
}

}  // namespace

json::object to_json(const Correction& c, const Actor& actor) {
  json::object out{{"id", c.id},
                   {"number", c.number},
                   {"dataset", c.dataset_code},
                   {"dataset_title", c.dataset_title},
                   {"provider_id", c.provider_id},
                   {"provider_name", c.provider_name},
                   {"version", c.version},
                   {"row", c.row_key},
                   {"field", c.field},
                   {"field_name", c.field_name},
                   {"wrong", c.wrong},
                   {"proposed", c.proposed},
                   {"material", c.material},
                   {"state", name(c.state)},
                   {"person_name", c.person_name},
                   {"origin", c.origin},
                   {"contact", is_of_provider(actor, c) ? c.contact : std::string()},
                   {"reported", to_iso(c.reported)},
                   {"started", to_iso(c.started)},
                   {"changed", to_iso(c.changed)},
                   {"answered", time_or_null(c.answered)},
                   {"closed", time_or_null(c.closed)},
                   {"outcome", c.outcome},
                   {"answer", c.answer},
                   {"answered_by", c.answered_by},
                   {"days_allowed", c.days_allowed},
                   {"days_taken", c.days_taken ? json::value(*c.days_taken) : json::value(nullptr)},
                   {"late", c.late},
                   {"may_answer", may_answer(actor, c)},
                   {"may_confirm", may_confirm(actor, c)}};
  json::array attach;
  for (auto part : {FilePart::report, FilePart::answer})
    if (may_attach(actor, c, part)) attach.emplace_back(name(part));
  out["may_attach"] = std::move(attach);
  out["deadline"] = c.standing ? json::value(calendar::to_text(c.standing->last_day)) : json::value(nullptr);
  out["days_left"] = c.standing ? json::value(c.standing->left) : json::value(nullptr);
  out["deadline_sure"] = !c.standing || c.standing->sure;
  return out;
}

json::object to_json(const CorrectionFile& f) {
  return {{"id", f.id},       {"part", name(f.part)},         {"name", f.name},    {"size", f.size},
          {"sha256", f.blob}, {"person_name", f.person_name}, {"at", to_iso(f.at)}};
}

}  // namespace qushu::quality
