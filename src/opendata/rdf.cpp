#include "rdf.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

namespace json = boost::json;

struct Prefix {
  std::string_view name, address;
};
constexpr std::array kPrefixes{
    Prefix{"dcat", "http://www.w3.org/ns/dcat#"},           Prefix{"dct", "http://purl.org/dc/terms/"},
    Prefix{"foaf", "http://xmlns.com/foaf/0.1/"},           Prefix{"vcard", "http://www.w3.org/2006/vcard/ns#"},
    Prefix{"skos", "http://www.w3.org/2004/02/skos/core#"}, Prefix{"dcatap", "http://data.europa.eu/r5r/"},
    Prefix{"hydra", "http://www.w3.org/ns/hydra/core#"},    Prefix{"rdf", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"},
    Prefix{"xsd", "http://www.w3.org/2001/XMLSchema#"},     Prefix{"rdfs", "http://www.w3.org/2000/01/rdf-schema#"}};

std::string expanded(std::string_view name) {
  auto colon = name.find(':');
  for (const auto& p : kPrefixes)
    if (p.name == name.substr(0, colon)) return std::string(p.address) + std::string(name.substr(colon + 1));
  return std::string(name);
}

std::string escaped_turtle(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out;
}

// What may not stand in an address is percent-encoded.
std::string address(std::string_view text) {
  std::string out;
  for (char c : text)
    if (static_cast<unsigned char>(c) <= 0x20 || std::string_view("<>\"{}|^`\\").contains(c))
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      out += c;
  return out;
}

}  // namespace

std::string escaped_xml(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' || c == '\r')
      out += c;
  }
  return out;
}

void Graph::add(const std::string& subject, std::string_view predicate, Object object) {
  if (nodes_.empty() || nodes_.back().subject != subject) {
    auto known = std::ranges::find(nodes_, subject, &Node::subject);
    if (known != nodes_.end()) {
      known->lines.push_back({std::string(predicate), std::move(object)});
      return;
    }
    nodes_.push_back({subject, {}});
  }
  nodes_.back().lines.push_back({std::string(predicate), std::move(object)});
}

void Graph::text(const std::string& subject, std::string_view predicate, std::string text, std::string_view lang) {
  if (text.empty()) return;
  add(subject, predicate, {lang.empty() ? Kind::text : Kind::lang, std::move(text), std::string(lang)});
}

void Graph::typed(const std::string& subject, std::string_view predicate, std::string text, std::string_view type) {
  if (!text.empty()) add(subject, predicate, {Kind::typed, std::move(text), std::string(type)});
}

std::string Graph::write(RdfFormat format) const {
  return format == RdfFormat::turtle ? turtle() : format == RdfFormat::xml ? xml() : jsonld();
}

std::string Graph::turtle() const {
  std::string out;
  for (const auto& p : kPrefixes) out += fmt::format("@prefix {}: <{}> .\n", p.name, p.address);
  for (const auto& node : nodes_) {
    out += fmt::format("\n<{}>", address(node.subject));
    for (std::size_t i = 0; i < node.lines.size(); ++i) {
      const auto& [predicate, o] = node.lines[i];
      out += fmt::format("{}{} ", i == 0 ? " " : " ;\n  ", predicate == "rdf:type" ? "a" : predicate);
      switch (o.kind) {
        case Kind::name:
          out += o.text;
          break;
        case Kind::address:
          out += "<" + address(o.text) + ">";
          break;
        case Kind::text:
          out += "\"" + escaped_turtle(o.text) + "\"";
          break;
        case Kind::lang:
          out += "\"" + escaped_turtle(o.text) + "\"@" + o.more;
          break;
        case Kind::typed:
          out += "\"" + escaped_turtle(o.text) + "\"^^" + o.more;
          break;
      }
    }
    out += " .\n";
  }
  return out;
}

std::string Graph::xml() const {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rdf:RDF";
  for (const auto& p : kPrefixes) out += fmt::format(" xmlns:{}=\"{}\"", p.name, p.address);
  out += ">\n";
  for (const auto& node : nodes_) {
    out += fmt::format("<rdf:Description rdf:about=\"{}\">\n", escaped_xml(address(node.subject)));
    for (const auto& [predicate, o] : node.lines) {
      if (o.kind == Kind::name || o.kind == Kind::address)
        out += fmt::format("  <{} rdf:resource=\"{}\"/>\n", predicate,
                           escaped_xml(o.kind == Kind::name ? expanded(o.text) : address(o.text)));
      else
        out += fmt::format("  <{}{}>{}</{}>\n", predicate,
                           o.kind == Kind::lang    ? fmt::format(" xml:lang=\"{}\"", o.more)
                           : o.kind == Kind::typed ? fmt::format(" rdf:datatype=\"{}\"", expanded(o.more))
                                                   : "",
                           escaped_xml(o.text), predicate);
    }
    out += "</rdf:Description>\n";
  }
  return out + "</rdf:RDF>\n";
}

std::string Graph::jsonld() const {
  json::object context;
  for (const auto& p : kPrefixes) context[p.name] = p.address;
  json::array graph;
  for (const auto& node : nodes_) {
    json::object one{{"@id", address(node.subject)}};
    for (const auto& [predicate, o] : node.lines) {
      auto key = predicate == "rdf:type" ? std::string("@type") : predicate;
      auto& list = one[key];
      if (!list.is_array()) list = json::array();
      switch (o.kind) {
        case Kind::name:
          list.as_array().emplace_back(o.text);
          break;
        case Kind::address:
          list.as_array().emplace_back(json::object{{"@id", address(o.text)}});
          break;
        case Kind::text:
          list.as_array().emplace_back(o.text);
          break;
        case Kind::lang:
          list.as_array().emplace_back(json::object{{"@value", o.text}, {"@language", o.more}});
          break;
        case Kind::typed:
          list.as_array().emplace_back(json::object{{"@value", o.text}, {"@type", o.more}});
          break;
      }
    }
    graph.emplace_back(std::move(one));
  }
  return json::serialize(json::object{{"@context", std::move(context)}, {"@graph", std::move(graph)}});
}

}  // namespace qushu::opendata
