// Correction tickets (校核, article 26 of the regulation on sharing government data): whoever uses a dataset reports what is
// wrong in it, and the department that provides it verifies, corrects and answers within `quality.correction_days` working
// days.
//
//   pending ──accept──► working ──answer──► corrected or refused ──confirm──► closed
//      └──────────────────answer────────────────┘       └──reopen (a new clock)──► pending
//
// One that came from the public has nobody to confirm it: the answer closes it.
//
// A ticket is seen by who reported it, by the providing department and those above it, and by those who may everything; it is
// worked on by the provider's stewards. Every step is kept with its text and audited in its transaction.
//
// Files that prove something are blobs: who reported it attaches hers until the ticket is closed, the provider's stewards
// theirs while it is to be answered. Who sees the ticket may download them.
//
// Thread-safety: Corrections may be used from any thread.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/audit/audit.h"
#include "qushu/base/actor.h"
#include "qushu/base/config.h"
#include "qushu/base/error.h"
#include "qushu/base/time.h"
#include "qushu/blob/blob_store.h"
#include "qushu/calendar/calendar.h"
#include "qushu/http/router.h"
#include "qushu/sharing/policy.h"
#include "qushu/store/store.h"

namespace qushu::quality {

namespace json = boost::json;

enum class CorrectionState : std::uint8_t { pending, working, corrected, refused, closed };
[[nodiscard]] std::string_view name(CorrectionState state);
[[nodiscard]] bool parse(std::string_view text, CorrectionState& out);

struct Correction {
  std::string id;
  std::int64_t number = 0;  // as people call it: 12
  std::string dataset_id, dataset_code, dataset_title;
  std::string provider_id, provider_name;  // the department that answers
  std::int64_t version = 0;                // that was current when it was reported
  std::string row_key;                     // how the row is found, in words; may be empty
  std::string field, field_name;           // may be empty
  std::string wrong, proposed, material;   // what is wrong, what would be right, what proves it
  CorrectionState state = CorrectionState::pending;
  std::string person_id, person_name, department_id;  // who reported it
  std::string origin;               // "public": by somebody without an account, through the public portal; else empty
  std::string contact;              // how she can be reached, for the provider alone
  Time reported, started, changed;  // started: when the clock did
  std::optional<Time> answered, closed;
  std::string outcome, answer, answered_by;  // "corrected", "refused"
  int days_allowed = 10;
  std::optional<int> days_taken;               // working days from the start to the answer
  bool late = false;                           // answered late, or not answered and over time
  std::optional<calendar::Standing> standing;  // while it is to be answered
};

struct CorrectionEvent {
  Time at;
  std::string action;  // "report", "accept", "answer", "confirm", "reopen"; "attach", "detach": the text is the file's name
  CorrectionState state;
  std::string text, person_name;
};

struct NewCorrection {
  std::string dataset;  // code
  std::string row_key = {}, field = {}, wrong, proposed = {}, material = {};
  std::string origin = {}, contact = {};
};

enum class FilePart : std::uint8_t { report, answer };
[[nodiscard]] std::string_view name(FilePart part);

struct CorrectionFile {
  std::string id, correction_id;
  FilePart part = FilePart::report;
  std::string name, blob;
  std::uint64_t size = 0;
  std::string person_id, person_name;
  Time at;
};

class Corrections {
 public:
  struct Deps {
    store::Store& store;
    audit::Audit& audit;
    const calendar::Calendar& calendar;
    const sharing::Policy& policy;
    const Settings& settings;
    const Clock& clock;
  };
  [[nodiscard]] static std::unique_ptr<Corrections> open(Deps deps);
  virtual ~Corrections() = default;

  [[nodiscard]] virtual Result<Correction> report(const Actor& actor, const NewCorrection& correction) = 0;
  // By the provider: it is being looked into.
  [[nodiscard]] virtual Result<Correction> accept(const Actor& actor, std::string_view id, std::string_view text) = 0;
  // By the provider: corrected, or not and why.
  [[nodiscard]] virtual Result<Correction> answer(const Actor& actor, std::string_view id, bool corrected,
                                                  std::string_view text) = 0;
  // By who reported it: content, or not and why.
  [[nodiscard]] virtual Result<Correction> confirm(const Actor& actor, std::string_view id) = 0;
  [[nodiscard]] virtual Result<Correction> reopen(const Actor& actor, std::string_view id, std::string_view text) = 0;

  // not_found also for what the caller may not know of.
  [[nodiscard]] virtual Result<Correction> find(const Actor& actor, std::string_view id) const = 0;
  [[nodiscard]] virtual Result<std::vector<CorrectionEvent>> events(const Actor& actor, std::string_view id) const = 0;
  struct Filter {
    std::string box;      // "mine": reported by the caller; "incoming": for her department to answer; "": both
    std::string dataset;  // code
    std::optional<CorrectionState> state;
    std::string before;  // keyset: older than this id
    std::size_t limit = 50;
  };
  [[nodiscard]] virtual Result<std::vector<Correction>> list(const Actor& actor, const Filter& filter) const = 0;
  // What this person has to do something about: to answer, or to confirm. The most urgent first.
  [[nodiscard]] virtual Result<std::vector<Correction>> waiting(const Actor& actor) const = 0;

  // --- files -----------------------------------------------------------------------------------------------------------------
  // Whether the caller may attach a file of this size now (0: not known yet), before it is received; and as which part, the
  // reporter's own where she might do both.
  [[nodiscard]] virtual Result<FilePart> check_attach(const Actor& actor, std::string_view id, std::optional<FilePart> part,
                                                      std::uint64_t size) const = 0;
  [[nodiscard]] virtual Result<CorrectionFile> attach(const Actor& actor, std::string_view id, std::optional<FilePart> part,
                                                      std::string_view file_name, const blob::BlobInfo& content) = 0;
  // By who attached it, as long as she may attach.
  [[nodiscard]] virtual Result<void> detach(const Actor& actor, std::string_view id, std::string_view file) = 0;
  [[nodiscard]] virtual Result<std::vector<CorrectionFile>> files(const Actor& actor, std::string_view id) const = 0;
  [[nodiscard]] virtual Result<CorrectionFile> file(const Actor& actor, std::string_view id, std::string_view file) const = 0;
  // Whether any ticket names the blob; for the sweep.
  [[nodiscard]] virtual Result<bool> uses_blob(std::string_view sha256) const = 0;

  // How the providing departments answer, those that the caller sees.
  struct Statistic {
    std::string department_id, department_name;
    std::int64_t total = 0, open = 0, overdue = 0, answered = 0, in_time = 0, corrected = 0;
    double mean_days = 0;  // of those answered
  };
  [[nodiscard]] virtual Result<std::vector<Statistic>> statistics(const Actor& actor) const = 0;
};

[[nodiscard]] json::object to_json(const Correction& correction, const Actor& actor);
[[nodiscard]] json::object to_json(const CorrectionFile& file);
// Whether the caller may answer it, may confirm it or raise it again, may attach a file of this part.
[[nodiscard]] bool may_answer(const Actor& actor, const Correction& correction);
[[nodiscard]] bool may_confirm(const Actor& actor, const Correction& correction);
[[nodiscard]] bool may_attach(const Actor& actor, const Correction& correction, FilePart part);

// /api/v1/corrections…
void add_correction_routes(http::Router& router, Corrections& corrections);
// /api/v1/corrections/{id}/files…
void add_correction_file_routes(http::Router& router, Corrections& corrections, blob::BlobStore& blobs,
                                const Settings& settings);

}  // namespace qushu::quality
