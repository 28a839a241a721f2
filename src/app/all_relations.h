// Everything that modules offer to SQL, as one.
#pragma once

#include <vector>

#include "qushu/sharing/relation.h"

namespace qushu::app {

// Thread-safe as those that it is made of, which outlive it.
class AllRelations final : public sharing::Relations {
 public:
  explicit AllRelations(std::vector<const sharing::Relations*> parts) : parts_(std::move(parts)) {}

  [[nodiscard]] Result<std::vector<sharing::Relation>> relations(const Actor& actor) const override {
    std::vector<sharing::Relation> out;
    for (const auto* part : parts_) {
      QS_TRY(auto some, part->relations(actor));
      for (auto& one : some) out.push_back(std::move(one));
    }
    return out;
  }
  [[nodiscard]] bool is_relation(std::string_view name) const override { return of(name) != nullptr; }
  [[nodiscard]] Result<sharing::RelationRows> rows(const Actor& actor, std::string_view name) const override {
    const auto* part = of(name);
    if (part == nullptr) return fail(Code::not_found, "relation.not_found", "没有这个关系表。", "There is no such relation.");
    return part->rows(actor, name);
  }

 private:
  [[nodiscard]] const sharing::Relations* of(std::string_view name) const {
    for (const auto* part : parts_)
      if (part->is_relation(name)) return part;
    return nullptr;
  }

  std::vector<const sharing::Relations*> parts_;
};

}  // namespace qushu::app
