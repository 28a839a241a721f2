// Shapes of JSON: declared once per route, checked on every request, printed into the OpenAPI 3.1 description.
//
//   schema::object({
//     {"code", schema::text().pattern("^[a-z][a-z0-9_]{0,62}$").note("数据集代码", "Dataset code")},
//     {"title", schema::text().length(1, 200)},
//     {"fields", schema::array(schema::object({…})).optional()},
//   })
//
// Checking is strict: unknown members, missing members, wrong kinds and values out of range are all reported, each with its
// path
// ("fields[3].type"), what was expected and what came, in the reader's language.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::http {

namespace json = boost::json;

class Schema;
struct Member;

namespace schema {
Schema text();
Schema integer();
Schema number();
Schema boolean();
Schema choice(std::vector<std::string> values);  // a text that is one of these
Schema time();                                   // ISO 8601 text
Schema any();                                    // whatever JSON
Schema array(Schema of);
Schema object(std::vector<Member> members);  // exactly these members
Schema map(Schema of);                       // any member names, all of one shape
}  // namespace schema

class Schema {
 public:
  Schema length(std::size_t min, std::size_t max) &&;   // of text in code points, of array in elements, of map in members
  Schema range(std::int64_t min, std::int64_t max) &&;  // of integer and number
  Schema pattern(std::string ecma_regex) &&;            // of text (std::regex, matched whole)
  Schema optional() &&;                                 // the member may be left out
  Schema nullable() &&;                                 // null is allowed
  Schema note(std::string zh, std::string en) &&;       // description
  Schema named(std::string component) &&;               // printed once under components/schemas and referred to

  struct Node;
  [[nodiscard]] const Node& node() const { return *node_; }
  explicit Schema(std::shared_ptr<const Node> node) : node_(std::move(node)) {}

 private:
  std::shared_ptr<const Node> node_;
};

struct Member {
  std::string name;
  Schema shape;
};

// One thing wrong with a value.
struct Flaw {
  std::string path;  // "fields[3].type"; "" is the whole body
  Text text;
};

// All that is wrong with `value`, at most 50 flaws; empty when it fits.
[[nodiscard]] std::vector<Flaw> check(const Schema& schema, const json::value& value);
// The JSON Schema (2020-12) form. Components are added to `components` on the way.
[[nodiscard]] json::object describe(const Schema& schema, Lang lang, json::object& components);

}  // namespace qushu::http
