// Sentences that a library says in English, said in Chinese.
//
// Thread-safety: a Phrasebook may be used from any thread.
#pragma once

#include <optional>
#include <regex>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace qushu {

struct Phrase {
  const char* english;  // a regular expression (ECMAScript) that matches the whole sentence
  const char* chinese;  // $1 …: what its parts in brackets were
};

class Phrasebook {
 public:
  // The particular phrases stand before the general ones.
  explicit Phrasebook(std::span<const Phrase> phrases);
  // nullopt: no phrase is like that.
  [[nodiscard]] std::optional<std::string> in_chinese(const std::string& sentence) const;

 private:
  std::vector<std::pair<std::regex, const char*>> phrases_;
};

}  // namespace qushu
