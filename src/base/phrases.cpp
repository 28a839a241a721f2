#include "qushu/base/phrases.h"

namespace qushu {

Phrasebook::Phrasebook(std::span<const Phrase> phrases) {
  for (const auto& phrase : phrases) phrases_.emplace_back(std::regex(phrase.english), phrase.chinese);
}

std::optional<std::string> Phrasebook::in_chinese(const std::string& sentence) const {
  for (const auto& [english, chinese] : phrases_)
    if (std::regex_match(sentence, english)) return std::regex_replace(sentence, english, chinese);
  return std::nullopt;
}

}  // namespace qushu
