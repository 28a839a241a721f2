// Entries of the catalogue by the national compilation guide (发改高技〔2017〕1272号) and 政务数据共享条例.
//
// Every dataset has one entry. Its working copy is what the provider's steward writes: the dataset's own columns (title,
// abstract, cycle …), its fields as items, and what the guide asks besides. What can be told from the data is proposed: an
// item's type, length, name and grade come from its field until a person writes something else.
//
//   draft ──submit──► register_review ──register──► registered ──submit──► publish_review ──publish──► published
//     ▲                     │ return, refuse             │                        │ return, refuse         │
//     └──── returned ◄──────┴────────────────────────────┼────────────────────────┘                        │
//                                                        └───────────────────unpublish◄───────────────────┘
//
// What is submitted is a snapshot, and what a reviewer approves is that snapshot, whatever happens to the data meanwhile. Each
// registration and publication keeps it as a numbered version of the entry. The public face is the version that was published
// last: changing the working copy of a registered or published entry begins a revision (state draft) and leaves the face as it
// is. While an entry is under review its working copy stands still; the data behind it do not.
//
// Every step is kept with who, when and why, and audited in its transaction. Nobody reviews what she submitted herself.
//
// Thread-safety: Entries may be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/catalog/catalog.h"

namespace qushu::catalog {

// An item 信息项. Words of item_types(), sharing_types(), open_types(), levels().
struct Item {
  std::string id, name, english;
  std::string type;         // C N Y D T L M G B I F
  std::int64_t length = 0;  // characters or digits; 0: not stated
  std::string description;
  std::string sharing_type, sharing_condition;  // empty: as the resource
  std::string open_type, open_condition;        // empty: as the resource
  std::string level = "1";
  std::string level_by;  // who confirmed the grade; empty: nobody yet
  bool planned = false;  // announced; the data do not have it (yet)
  friend bool operator==(const Item&, const Item&) = default;
};

// One of the two assessments of article 13. conclusion: pass, measures (passes with the measures in `note`), fail, or empty.
struct Assessment {
  std::string conclusion, by, on, note;  // on: 2026-11-23
  friend bool operator==(const Assessment&, const Assessment&) = default;
};

// The approval of the head of the department.
struct Approval {
  std::string by, on, note;
  friend bool operator==(const Approval&, const Approval&) = default;
};

struct Entry {
  std::string title, abstract;
  std::string department_id, provider, provider_code;
  std::string resource_code;                      // assigned at the first registration, never changed
  std::vector<std::string> classifications;       // ids of the classification; the first one makes the code
  std::vector<std::string> classification_names;  // as they were called: "201 主题信息资源 › 公共服务"
  std::string format;                             // a word of formats()
  std::string theme;
  std::vector<std::string> tags;
  std::string sharing_type, sharing_condition, sharing_method;
  std::string not_shared_reason, not_shared_basis;
  std::string open_type, open_condition;
  std::string update_cycle, published_on;
  std::vector<std::string> related;  // resource codes
  std::string level;
  std::vector<Item> items;
  Assessment secrecy, personal;
  Approval approval;
};

// The words of standards.md section 2 and 3.
[[nodiscard]] std::span<const Word> formats();          // file spreadsheet database image stream markup service
[[nodiscard]] std::span<const Word> item_types();       // C N Y D T L M G B I F
[[nodiscard]] std::span<const Word> sharing_methods();  // database file service
[[nodiscard]] std::span<const Word> open_types();       // unconditional conditional none
[[nodiscard]] std::span<const Word> conclusions();      // pass measures fail
[[nodiscard]] std::span<const Word> entry_states();
// The name of a word, or the word itself.
[[nodiscard]] Text name_of(std::span<const Word> words, std::string_view code);

[[nodiscard]] json::object to_json(const Item& item);
[[nodiscard]] json::object to_json(const Entry& entry);
[[nodiscard]] Entry entry_of(const json::value& value);  // unknown members are ignored

// What a steward writes. Texts by the names that to_json gives them; what is absent stays.
struct EntryChange {
  std::map<std::string, std::string> texts;
  std::optional<std::vector<std::string>> classifications, related, tags;
  struct ItemChange {
    std::string id, name;                      // the item by its id, or by its name: one that is not there is planned
    std::map<std::string, std::string> texts;  // english type description sharing_type … level
    std::optional<std::int64_t> length;
    bool remove = false;  // of a planned item
  };
  std::vector<ItemChange> items;
  std::optional<Assessment> secrecy, personal;
  std::optional<Approval> approval;
};

// One thing that still keeps an entry from being submitted.
struct Missing {
  std::string member;  // "format", "items.id_card.level"
  Text text;
};

struct EntryVersion {
  std::int64_t number = 0;
  std::string kind;  // registered, published
  Entry entry;
  std::string person_name, comment;
  Time at;
};

struct EntryStep {
  std::int64_t number = 0;
  std::string action, from, to;
  std::string person_id, person_name, comment;
  Time at;
};

// A transition as the table of them says it.
struct Transition {
  std::string_view action, from, to;
  bool review = false;         // by a reviewer; otherwise by a steward of the provider
  bool needs_comment = false;  // why
  bool either = false;         // by both
  Text name;                   // on the button: 提交登记
};
[[nodiscard]] std::span<const Transition> transitions();

// Where an entry stands.
struct Standing {
  Dataset dataset;
  Entry entry;                   // the working copy
  std::vector<Missing> missing;  // before it can be submitted for registration
  std::optional<Entry> submitted;
  std::string submitted_by;            // whose review it may not be
  std::vector<EntryStep> steps;        // newest first
  std::vector<EntryVersion> versions;  // newest first, without their entries
};

// A member that differs. Values as people read them.
struct Difference {
  std::string member;  // "title", "items.id_card.level"
  Text label;          // "信息项 身份证号 · 数据级别"
  std::string kind;    // added, removed, changed
  std::string before, after;
};
[[nodiscard]] std::vector<Difference> differences(const Entry& before, const Entry& after, Lang lang);
[[nodiscard]] std::vector<Missing> missing_of(const Entry& entry);

// One line of the queue of reviews.
struct Waiting {
  Dataset dataset;
  std::string action;  // register, publish
  std::string person_name;
  Time at;
  bool own = false;  // submitted by the one who asks: someone else must review it
};

struct SheetResource;  // sheet.h

class Entries {
 public:
  // Both must outlive it.
  [[nodiscard]] static std::unique_ptr<Entries> open(store::Store& store, audit::Audit& audit, Catalog& catalog,
                                                     const Settings& settings, const Clock& clock);
  virtual ~Entries() = default;

  // Who asks was checked by sharing/catalogue.h in all that follows.
  [[nodiscard]] virtual Result<Standing> find(std::string_view dataset_id) const = 0;
  // The dataset that a resource of a spreadsheet speaks of, by its code, its dataset's code, or its title within the provider;
  // nothing when it is new, invalid for a resource code that nobody has.
  [[nodiscard]] virtual Result<std::optional<Dataset>> matching(store::Session& s, const SheetResource& resource,
                                                                std::string_view department_id) const = 0;
  [[nodiscard]] virtual Result<Entry> working(store::Session& s, const Dataset& dataset) const = 0;
  // conflict while it is under review; invalid names the member. Audited with what differs.
  [[nodiscard]] virtual Result<void> change(store::Transaction& t, const Actor& actor, std::string_view dataset_id,
                                            const EntryChange& change) = 0;
  // Confirms grades: field or item id → level. The dataset's level follows its highest.
  [[nodiscard]] virtual Result<void> grade(const Actor& actor, std::string_view dataset_id,
                                           const std::map<std::string, std::string>& levels) = 0;
  // conflict when the state does not allow it, invalid with what is missing, forbidden for a review of one's own submission.
  [[nodiscard]] virtual Result<void> step(const Actor& actor, std::string_view dataset_id, std::string_view action,
                                          std::string_view comment) = 0;
  [[nodiscard]] virtual Result<EntryVersion> version(std::string_view dataset_id, std::int64_t number) const = 0;
  // Oldest first.
  [[nodiscard]] virtual Result<std::vector<Waiting>> reviews(const Actor& actor) const = 0;
  // Entries that were returned or refused, for their stewards.
  [[nodiscard]] virtual Result<std::vector<Waiting>> returned(const Visibility& who, std::size_t limit) const = 0;
};

}  // namespace qushu::catalog
