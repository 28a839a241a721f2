// The records of registers for SQL: the relation register_CODE, with a column for every field and for what every record has
// (id, number, state, department, creator, created, changed, since, due, revision). Where a value has a name beside its code
// or identifier, the column NAME__name holds it; a place has also NAME__lon and NAME__lat. Times are those of the district's
// clock. Who may see which records here is what the register's definition says everywhere else.
//
// A relation is read from a snapshot in columns, beside which whatever changed since lies (decision 0017). A statement sees
// every change that this process has committed before it, those of other processes at most 10 ms (SQLite) or 250 ms
// (PostgreSQL) late. Snapshots are nobody's record: they lie in the process's scratch folder and are made again.
//
// Thread-safety: RecordRelations may be used from any thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "qushu/registers/registers.h"
#include "qushu/sharing/relation.h"

namespace qushu::registers {

inline constexpr std::string_view kRelationPrefix = "register_";

struct Snapshot;

class RecordRelations final : public sharing::Relations {
 public:
  // `scratch`: a folder of the process's own.
  RecordRelations(const Registers& registers, std::filesystem::path scratch);
  ~RecordRelations() override;
  RecordRelations(const RecordRelations&) = delete;
  RecordRelations& operator=(const RecordRelations&) = delete;

  [[nodiscard]] Result<std::vector<sharing::Relation>> relations(const Actor& actor) const override;
  [[nodiscard]] bool is_relation(std::string_view name) const override;
  [[nodiscard]] Result<sharing::RelationRows> rows(const Actor& actor, std::string_view name) const override;

  // Of these records of a register, those that the actor may see.
  [[nodiscard]] Result<std::set<std::string>> seen(const Actor& actor, std::string_view code,
                                                   const std::vector<std::string>& ids) const;
  // Whether the actor sees every record of the relation, now and later.
  [[nodiscard]] Result<bool> sees_all(const Actor& actor, std::string_view name) const;

 private:
  struct Slot;
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> snapshot(const std::shared_ptr<const Loaded>& loaded) const;
  [[nodiscard]] Result<std::shared_ptr<const Snapshot>> renew(store::Session& s, const Loaded& loaded,
                                                              const std::shared_ptr<const Snapshot>& old) const;

  const Registers& registers_;
  std::filesystem::path scratch_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<Slot>, std::less<>> slots_;  // by code; guarded by mutex_
};

}  // namespace qushu::registers
