// Inside the module: a graph of RDF, written as Turtle, RDF/XML or JSON-LD. Predicates and types are prefixed names of a fixed
// list; subjects are addresses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qushu::opendata {

// For the text and the attributes of XML and HTML; what XML cannot hold is left out.
[[nodiscard]] std::string escaped_xml(std::string_view text);

enum class RdfFormat : std::uint8_t { jsonld, turtle, xml };

class Graph {
 public:
  // subject a type
  void type(const std::string& subject, std::string_view name) {
    add(subject, "rdf:type", {Kind::name, std::string(name), {}});
  }
  void link(const std::string& subject, std::string_view predicate, std::string address) {
    add(subject, predicate, {Kind::address, std::move(address), {}});
  }
  // An empty text is left out. `lang` "zh", or `type` as "xsd:date".
  void text(const std::string& subject, std::string_view predicate, std::string text, std::string_view lang = {});
  void typed(const std::string& subject, std::string_view predicate, std::string text, std::string_view type);
  [[nodiscard]] std::string write(RdfFormat format) const;

 private:
  enum class Kind : std::uint8_t { name, address, text, lang, typed };
  struct Object {
    Kind kind;
    std::string text, more;
  };
  struct Line {
    std::string predicate;
    Object object;
  };
  struct Node {
    std::string subject;
    std::vector<Line> lines;
  };
  void add(const std::string& subject, std::string_view predicate, Object object);
  [[nodiscard]] std::string turtle() const;
  [[nodiscard]] std::string xml() const;
  [[nodiscard]] std::string jsonld() const;

  std::vector<Node> nodes_;  // in order of appearance; a subject's lines follow each other
};

}  // namespace qushu::opendata
