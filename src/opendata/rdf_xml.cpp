// RDF/XML (W3C, RDF 1.1 XML Syntax) over expat: node and property elements by turns, with everything that hangs on attributes.
// XML literals are read as their text. Nothing outside the document is looked at.
#include <memory>

#include <expat.h>
#include <fmt/format.h>

#include "qushu/base/text.h"

#include "rdf_read.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kDepth = 128;  // of elements
constexpr std::string_view kRdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
constexpr std::string_view kXml = "http://www.w3.org/XML/1998/namespace";
constexpr char kBetween = '\n';  // a namespace and a name

struct Free {
  void operator()(XML_ParserStruct* p) const { XML_ParserFree(p); }
};

// "http://…#Dataset" of expat's "http://…#\nDataset".
std::string joined(std::string_view name) {
  std::string out(name);
  if (auto at = out.find(kBetween); at != std::string::npos) out.erase(at, 1);
  return out;
}

class RdfXml {
 public:
  RdfXml(XML_Parser parser, std::string base) : parser_(parser) {
    stack_.push_back({.kind = Kind::document, .base = std::move(base)});
  }

  void begin(std::string_view name, const char** attributes) {
    if (stack_.size() > kDepth) return stop("文档嵌套太深。", "The document is nested too deeply.");
    if (out_.full()) return stop("文档太大。", "The document is too large.");
    auto& around = stack_.back();
    if (around.kind == Kind::text) {
      stack_.push_back(around);
      stack_.back().inner = true;
      return;
    }
    Given given = given_of(attributes, around);
    auto full = joined(name);
    if (around.kind == Kind::document && full == std::string(kRdf) + "RDF")
      stack_.push_back({.kind = Kind::document, .base = given.base, .lang = given.lang});
    else if (around.kind == Kind::node)
      property(full, given);
    else
      node(full, given);
  }

  void end() {
    auto done = std::move(stack_.back());
    stack_.pop_back();
    if (done.inner) {
      stack_.back().text = std::move(done.text);
      return;
    }
    if (done.kind == Kind::text || (done.kind == Kind::property && !done.answered && !done.collection))
      out_.add(done.subject, done.predicate, {RdfTerm::Kind::literal, std::move(done.text), done.plain ? done.lang : ""});
    if (done.kind == Kind::property && done.collection && !done.tail.empty())
      out_.add(done.tail, std::string(kRdf) + "rest", {RdfTerm::Kind::address, std::string(kRdf) + "nil", {}});
  }

  void characters(std::string_view text) {
    if (stack_.back().kind == Kind::property || stack_.back().kind == Kind::text) stack_.back().text += text;
  }

  RdfRead& out() { return out_; }
  [[nodiscard]] const std::optional<Text>& problem() const { return problem_; }

 private:
  enum class Kind : std::uint8_t { document, node, property, text };
  struct Frame {
    Kind kind = Kind::document;
    std::string base, lang;
    std::string subject, predicate, text;
    bool answered = false;    // the property has its object
    bool collection = false;  // its objects are a list, of which `tail` is the last link
    bool plain = true;        // a literal without a type, so that it has a language
    bool inner = false;       // an element within an XML literal
    std::string tail;
    std::size_t items = 0;  // rdf:li so far
  };
  // The attributes of an element, apart.
  struct Given {
    std::string base, lang;
    std::optional<std::string> about, resource, node_id, datatype, parse;
    std::vector<std::pair<std::string, std::string>> properties;
  };

  static Given given_of(const char** attributes, const Frame& around) {
    Given out{.base = around.base, .lang = around.lang};
    auto each = [&](auto&& take) {
      for (const char** at = attributes; *at != nullptr; at += 2) {
        std::string_view name(at[0]);
        auto between = name.find(kBetween);
        auto space = between == std::string_view::npos ? std::string_view() : name.substr(0, between);
        take(space, name.substr(space.empty() ? 0 : between + 1), std::string_view(at[1]));
      }
    };
    each([&](std::string_view space, std::string_view name, std::string_view value) {
      if (space == kXml && name == "base") out.base = absolute(around.base, value);
      if (space == kXml && name == "lang") out.lang = value;
    });
    each([&](std::string_view space, std::string_view name, std::string_view value) {
      // Old documents leave the prefix of these out.
      if (space != kRdf && !space.empty()) {
        if (space != kXml) out.properties.emplace_back(std::string(space) + std::string(name), value);
      } else if (name == "about") {
        out.about = absolute(out.base, value);
      } else if (name == "ID") {
        out.about = absolute(out.base, "#" + std::string(value));
      } else if (name == "resource") {
        out.resource = absolute(out.base, value);
      } else if (name == "nodeID") {
        out.node_id = value;
      } else if (name == "datatype") {
        out.datatype = value;
      } else if (name == "parseType") {
        out.parse = value;
      } else if (name == "type" && space == kRdf) {
        out.properties.emplace_back(kRdfType, value);
      }
    });
    return out;
  }

  std::string blank(std::string_view name) {
    return name.empty() ? fmt::format("_:x{}", ++blanks_) : "_:n" + std::string(name);
  }
  static RdfTerm term(std::string subject) {
    auto kind = subject.starts_with("_:") ? RdfTerm::Kind::blank : RdfTerm::Kind::address;
    return {kind, std::move(subject), {}};
  }
  void stop(std::string zh, std::string en) {
    if (!problem_) problem_ = Text{std::move(zh), std::move(en)};
    XML_StopParser(parser_, XML_FALSE);
  }

  void say(const std::string& subject, const Given& given) {
    for (const auto& [name, value] : given.properties)
      out_.add(subject, name,
               name == kRdfType ? term(absolute(given.base, value)) : RdfTerm{RdfTerm::Kind::literal, value, given.lang});
  }

  void node(const std::string& name, const Given& given) {
    auto subject = given.about ? *given.about : blank(given.node_id.value_or(""));
    if (name != std::string(kRdf) + "Description") out_.add(subject, std::string(kRdfType), term(name));
    say(subject, given);
    auto& around = stack_.back();
    if (around.kind == Kind::property) {
      if (around.collection) {
        auto link = blank("");
        if (around.tail.empty())
          out_.add(around.subject, around.predicate, term(link));
        else
          out_.add(around.tail, std::string(kRdf) + "rest", term(link));
        out_.add(link, std::string(kRdf) + "first", term(subject));
        around.tail = link;
      } else {
        out_.add(around.subject, around.predicate, term(subject));
      }
      around.answered = true;
    }
    stack_.push_back({.kind = Kind::node, .base = given.base, .lang = given.lang, .subject = subject});
  }

  void property(std::string name, const Given& given) {
    auto& around = stack_.back();
    if (name == std::string(kRdf) + "li") name = fmt::format("{}_{}", kRdf, ++around.items);
    Frame frame{.kind = Kind::property, .base = given.base, .lang = given.lang, .subject = around.subject, .predicate = name};
    auto parse = given.parse.value_or("");
    if (parse == "Resource") {
      auto inside = blank("");
      out_.add(around.subject, name, term(inside));
      frame.kind = Kind::node;
      frame.subject = inside;
    } else if (parse == "Collection") {
      frame.collection = true;
    } else if (given.parse) {
      frame.kind = Kind::text;
      frame.plain = false;
    } else if (given.resource || given.node_id || !given.properties.empty()) {
      auto object = given.resource ? *given.resource : blank(given.node_id.value_or(""));
      out_.add(around.subject, name, term(object));
      say(object, given);
      frame.answered = true;
    }
    frame.plain = frame.plain && !given.datatype;
    stack_.push_back(std::move(frame));
  }

  XML_Parser parser_;
  RdfRead out_;
  std::vector<Frame> stack_;
  std::size_t blanks_ = 0;
  std::optional<Text> problem_;
};

}  // namespace

Result<RdfRead> RdfRead::xml(std::string_view text, const std::string& base) {
  std::unique_ptr<XML_ParserStruct, Free> parser(XML_ParserCreateNS(nullptr, kBetween));
  if (!parser) return fail_internal("no XML parser");
  RdfXml state(parser.get(), base);
  XML_SetUserData(parser.get(), &state);
  XML_SetElementHandler(
      parser.get(), [](void* self, const char* name, const char** given) { static_cast<RdfXml*>(self)->begin(name, given); },
      [](void* self, const char*) { static_cast<RdfXml*>(self)->end(); });
  XML_SetCharacterDataHandler(parser.get(), [](void* self, const char* piece, int size) {
    static_cast<RdfXml*>(self)->characters({piece, static_cast<std::size_t>(size)});
  });
  constexpr std::size_t kPiece = std::size_t{1} << 20U;
  for (std::size_t at = 0; at <= text.size(); at += kPiece) {
    auto piece = text.substr(at, kPiece);
    bool last = at + kPiece > text.size();
    if (XML_Parse(parser.get(), piece.data(), static_cast<int>(piece.size()), last ? 1 : 0) != XML_STATUS_ERROR) continue;
    if (state.problem()) return fail(Code::invalid, "rdf.syntax", state.problem()->zh, state.problem()->en);
    auto why = fmt::format("line {}, column {}: {}", XML_GetCurrentLineNumber(parser.get()),
                           XML_GetCurrentColumnNumber(parser.get()) + 1, XML_ErrorString(XML_GetErrorCode(parser.get())));
    return fail(Code::invalid, "rdf.syntax", "不是有效的 RDF/XML：" + why + "。", "It is no valid RDF/XML: " + why + ".");
  }
  return std::move(state.out());
}

}  // namespace qushu::opendata
