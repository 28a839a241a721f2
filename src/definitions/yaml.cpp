#include "qushu/definitions/yaml.h"

#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "qushu/base/text.h"

namespace qushu::definitions {
namespace {

constexpr std::size_t kDeepest = 32;

struct Stop {
  Mistake why;
};

std::uint32_t line_of(const YAML::Mark& mark) {
  return mark.line < 0 ? 1 : static_cast<std::uint32_t>(mark.line) + 1;
}
std::uint32_t column_of(const YAML::Mark& mark) {
  return mark.column < 0 ? 1 : static_cast<std::uint32_t>(mark.column) + 1;
}

class Builder final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    add(node(YamlNode::Kind::null, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { refuse_anchor(mark, 1); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    auto one = node(YamlNode::Kind::scalar, mark);
    one.text = value;
    one.quoted = tag == "!";
    if (!one.quoted && (value.empty() || value == "~" || value == "null")) one.kind = YamlNode::Kind::null;
    add(std::move(one));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    begin(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { end(); }

  YamlNode root;

 private:
  struct Open {
    YamlNode node, key;
    bool has_key = false;
  };

  static YamlNode node(YamlNode::Kind kind, const YAML::Mark& mark) {
    return {.kind = kind, .line = line_of(mark), .column = column_of(mark), .text = {}, .quoted = false, .items = {}};
  }
  static void refuse(const YAML::Mark& mark, Text text) {
    throw Stop{{.line = line_of(mark), .column = column_of(mark), .key = {}, .text = std::move(text)}};
  }
  static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0)
      refuse(mark, {"不支持锚点（&）和别名（*），请把内容写全。", "Anchors (&) and aliases (*) are not taken; write it out."});
  }
  static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") refuse(mark, {"不支持标签（!）。", "Tags (!) are not taken."});
  }

  void begin(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    refuse_tag(mark, tag);
    if (open_.size() >= kDeepest)
      refuse(mark, {fmt::format("嵌套超过 {} 层。", kDeepest), fmt::format("It is nested more than {} deep.", kDeepest)});
    open_.push_back({.node = node(kind, mark), .key = {}});
  }
  void end() {
    auto done = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(done));
  }
  void add(YamlNode one) {
    if (open_.empty()) {
      root = std::move(one);
      return;
    }
    auto& into = open_.back();
    if (into.node.kind == YamlNode::Kind::list) {
      into.node.items.push_back(std::move(one));
    } else if (!into.has_key) {
      into.key = std::move(one);
      into.has_key = true;
    } else {
      into.node.members.emplace_back(std::move(into.key), std::move(one));
      into.has_key = false;
    }
  }

  std::vector<Open> open_;
};

}  // namespace

YamlNode parse_yaml(std::string_view text, std::vector<Mistake>& mistakes) {
  auto wrong = [&](Mistake mistake) {
    mistakes.push_back(std::move(mistake));
    return YamlNode{};
  };
  if (text.size() > kMostYaml)
    return wrong({.line = 1,
                  .column = 1,
                  .key = {},
                  .text = {fmt::format("定义文件超过 {}。", human_bytes(kMostYaml)),
                           fmt::format("The definition is larger than {}.", human_bytes(kMostYaml))}});
  if (!is_utf8(text) || text.contains('\0'))
    return wrong({.line = 1, .column = 1, .key = {}, .text = {"文件不是 UTF-8 文本。", "The file is not UTF-8 text."}});
  // yaml-cpp throws; nothing of it leaves this function.
  try {
    std::istringstream in{std::string(text)};
    YAML::Parser parser(in);
    Builder builder;
    if (!parser.HandleNextDocument(builder))
      return wrong({.line = 1, .column = 1, .key = {}, .text = {"文件是空的。", "The file is empty."}});
    Builder another;
    if (parser.HandleNextDocument(another))
      return wrong(
          {.line = another.root.line,
           .column = 1,
           .key = {},
           .text = {"一个文件只能有一个定义（去掉“---”后的内容）。", "A file holds one definition; drop what follows “---”."}});
    return std::move(builder.root);
  } catch (const Stop& stop) {
    return wrong(stop.why);
  } catch (const YAML::Exception& thrown) {
    return wrong(
        {.line = line_of(thrown.mark),
         .column = column_of(thrown.mark),
         .key = {},
         .text = {fmt::format("不是有效的 YAML（{}）。请检查缩进、引号和冒号后的空格。", thrown.msg),
                  fmt::format("This is not YAML ({}). Look at indentation, quotes and the space after colons.", thrown.msg)}});
  }
}

}  // namespace qushu::definitions
