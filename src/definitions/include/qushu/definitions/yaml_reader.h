// Reading members of a YAML map, each once, with every mistake told where it stands.
#pragma once

#include <functional>
#include <optional>
#include <set>

#include "qushu/definitions/yaml.h"

namespace qushu::definitions {

// Where one stands in the file and what went wrong so far.
class Mistakes {
 public:
  explicit Mistakes(std::vector<Mistake>& list) : list_(list) {}
  void add(const YamlNode& node, std::string key, Text text) {
    if (list_.size() < kMost)
      list_.push_back({.line = node.line, .column = node.column, .key = std::move(key), .text = std::move(text)});
  }

 private:
  static constexpr std::size_t kMost = 50;
  std::vector<Mistake>& list_;
};

// A map being read. What was not asked for when it ends is an unknown key.
class MapReader {
 public:
  MapReader(const YamlNode& node, std::string path, Mistakes& mistakes);
  ~MapReader();
  MapReader(const MapReader&) = delete;
  MapReader& operator=(const MapReader&) = delete;

  [[nodiscard]] const YamlNode& node() const { return node_; }
  [[nodiscard]] std::string path(std::string_view key) const;
  // The member, or nullptr when it is absent or null.
  const YamlNode* get(std::string_view key);
  const YamlNode* need(std::string_view key);
  void wrong(const YamlNode& at, std::string_view key, Text text) { mistakes_.add(at, path(key), std::move(text)); }

  [[nodiscard]] std::string text(std::string_view key, std::string otherwise = {});
  [[nodiscard]] Text words(std::string_view key, bool needed);  // {zh, en} or one text
  [[nodiscard]] bool flag(std::string_view key);
  [[nodiscard]] std::int64_t whole(std::string_view key, std::int64_t min, std::int64_t max, std::int64_t otherwise);
  // A name of our own kind: a letter, then letters, digits and single _.
  [[nodiscard]] std::string identifier(std::string_view key, std::size_t longest, bool needed);
  // One text or a list of them.
  [[nodiscard]] std::vector<std::string> texts(std::string_view key);
  // What else stands here is nobody's business: the reason why it is wrong was told already.
  void leave_rest() { rest_ = false; }
  // Each element of a list of maps.
  void each(std::string_view key, std::size_t most, const std::function<void(MapReader&)>& one);

 private:
  const YamlNode& node_;
  std::string path_;
  Mistakes& mistakes_;
  std::set<std::string, std::less<>> asked_;
  bool rest_ = true;
};

[[nodiscard]] bool is_identifier(std::string_view text, std::size_t longest);

}  // namespace qushu::definitions
