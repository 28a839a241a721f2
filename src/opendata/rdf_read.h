// Inside the module: RDF from outside, as a graph: JSON-LD and RDF/XML, which are read here (over Boost.JSON and expat), and
// Turtle, which serd reads. All are bounded: in nesting, and in triples, so that no document costs more than its size.
//
// Of JSON-LD 1.1 it reads what catalogues are written in: contexts within the document (prefixes, terms, keywords under another
// name, @vocab, @language, @base, types and language maps of terms), @graph, nested nodes, values, @list, @set. A context at
// another address is not fetched; terms that only it would explain are left out.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::opendata {

struct RdfTerm {
  enum class Kind : std::uint8_t { address, blank, literal };
  Kind kind = Kind::literal;
  std::string text, lang;
};

class RdfRead {
 public:
  // Predicate and object, in the order of the document.
  using Lines = std::vector<std::pair<std::string, RdfTerm>>;

  // `base`: the document's address. invalid ("rdf.syntax") says where, as far as can be told.
  [[nodiscard]] static Result<RdfRead> jsonld(std::string_view text, const std::string& base);
  [[nodiscard]] static Result<RdfRead> turtle(std::string_view text, const std::string& base);
  [[nodiscard]] static Result<RdfRead> xml(std::string_view text, const std::string& base);
  // By the media type, and by how it begins where that says nothing.
  [[nodiscard]] static Result<RdfRead> read(std::string_view text, std::string_view media_type, const std::string& base);

  [[nodiscard]] const std::vector<std::string>& subjects() const { return order_; }
  [[nodiscard]] std::vector<const RdfTerm*> objects(const std::string& subject, std::string_view predicate) const;
  // Its text: in Chinese where there is one, else without a language, else in English, else the first.
  [[nodiscard]] std::string text(const std::string& subject, std::string_view predicate) const;
  [[nodiscard]] bool is(const std::string& subject, std::string_view type) const;

  // For the readers.
  void add(const std::string& subject, const std::string& predicate, RdfTerm object);
  [[nodiscard]] bool full() const { return count_ >= kMost; }

 private:
  static constexpr std::size_t kMost = 2'000'000;  // triples

  std::map<std::string, Lines, std::less<>> nodes_;
  std::vector<std::string> order_;
  std::size_t count_ = 0;
};

// `reference` as seen from `base` (RFC 3986, for http and https; dots in paths are left as they are).
[[nodiscard]] std::string absolute(const std::string& base, std::string_view reference);

inline constexpr std::string_view kRdfType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";

}  // namespace qushu::opendata
