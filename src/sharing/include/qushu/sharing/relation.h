// Relations: what modules offer to SQL beside the datasets, such as the records of a register. The policy asks for them as it
// asks for datasets, so that one place decides what a statement may name; who may see which rows of a relation is answered by
// whoever offers it, and the rows that it hands out hold nothing else.
//
// Thread-safety: implementations may be used from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/actor.h"
#include "qushu/base/error.h"
#include "qushu/engine/engine.h"

namespace qushu::sharing {

struct RelationColumn {
  std::string id;
  Text name;
  engine::Type type = engine::Type::text;
  std::string level;  // grade, as of a dataset's fields
};

struct Relation {
  std::string name;  // as SQL names it; no dataset is reached by it
  Text title;
  std::vector<RelationColumn> columns;
};

// The rows of a relation that one caller sees.
struct RelationRows {
  std::string select;                        // SELECT …, for use as a view
  std::vector<std::filesystem::path> files;  // what it reads
  std::shared_ptr<const void> keep;          // as long as this lives, the files do
  bool all = false;                          // nothing is hidden from the caller
};

class Relations {
 public:
  virtual ~Relations() = default;
  // Those that the actor may name; none for nobody.
  [[nodiscard]] virtual Result<std::vector<Relation>> relations(const Actor& actor) const = 0;
  // Whether there is such a relation, whoever asks.
  [[nodiscard]] virtual bool is_relation(std::string_view name) const = 0;
  [[nodiscard]] virtual Result<RelationRows> rows(const Actor& actor, std::string_view name) const = 0;
};

}  // namespace qushu::sharing
