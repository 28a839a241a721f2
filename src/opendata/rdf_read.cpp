#include "rdf_read.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <optional>

#include <fmt/format.h>
#include <serd/serd.h>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepth = 64;  // of nested nodes

Failure wrong(std::string zh, std::string en) {
  return fail(Code::invalid, "rdf.syntax", std::move(zh), std::move(en));
}

bool has_scheme(std::string_view text) {
  auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  return std::ranges::all_of(text.substr(0, colon), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

std::string absolute(const std::string& base, std::string_view reference) {
  if (has_scheme(reference) || base.empty()) return std::string(reference);
  auto plain = base.substr(0, base.find('#'));
  if (reference.empty() || reference.starts_with('#')) return plain + std::string(reference);
  auto host = plain.find("://");
  auto root = host == std::string::npos ? std::string::npos : plain.find('/', host + 3);
  if (reference.starts_with("//")) return plain.substr(0, plain.find(':') + 1) + std::string(reference);
  if (reference.starts_with('/')) return plain.substr(0, root) + std::string(reference);
  plain = plain.substr(0, plain.find('?'));
  if (reference.starts_with('?')) return plain + std::string(reference);
  auto folder = plain.rfind('/');
  if (root == std::string::npos || folder < root) return plain + "/" + std::string(reference);
  return plain.substr(0, folder + 1) + std::string(reference);
}

void RdfRead::add(const std::string& subject, const std::string& predicate, RdfTerm object) {
  if (full()) return;
  ++count_;
  auto [at, fresh] = nodes_.try_emplace(subject);
  if (fresh) order_.push_back(subject);
  at->second.emplace_back(predicate, std::move(object));
}

std::vector<const RdfTerm*> RdfRead::objects(const std::string& subject, std::string_view predicate) const {
  std::vector<const RdfTerm*> out;
  if (auto found = nodes_.find(subject); found != nodes_.end())
    for (const auto& [name, object] : found->second)
      if (name == predicate) out.push_back(&object);
  return out;
}

std::string RdfRead::text(const std::string& subject, std::string_view predicate) const {
  const RdfTerm* best = nullptr;
  int rank = 0;
  for (const auto* term : objects(subject, predicate)) {
    int here = term->lang.starts_with("zh") ? 4 : term->lang.empty() ? 3 : term->lang.starts_with("en") ? 2 : 1;
    if (here <= rank) continue;
    best = term;
    rank = here;
  }
  return best == nullptr ? std::string() : best->text;
}

bool RdfRead::is(const std::string& subject, std::string_view type) const {
  return std::ranges::any_of(objects(subject, kRdfType), [&](const RdfTerm* term) { return term->text == type; });
}

// --- JSON-LD
// -------------------------------------------------------------------------------------------------------------------

namespace {

class JsonLd {
 public:
  JsonLd(RdfRead& out, std::string base) : out_(out) { root_.base = std::move(base); }

  Result<void> read(const json::value& document) {
    QS_TRY(auto first, node_or_list(document, root_, 0));
    static_cast<void>(first);
    if (out_.full()) return wrong("文档太大。", "The document is too large.");
    return {};
  }

 private:
  struct Term {
    std::string address;  // or a keyword
    bool is_address = false, by_language = false;
    std::optional<std::string> lang;
  };
  struct Context {
    std::map<std::string, Term, std::less<>> terms;
    std::string vocabulary, lang, base;
  };

  static std::string string_at(const json::object& o, std::string_view key) {
    const auto* value = o.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  }

  // A term, a prefixed name or an address; empty when it means nothing here.
  static std::string expand(const Context& c, std::string_view name, bool vocabulary) {
    if (name.starts_with('@')) return std::string(name);
    if (vocabulary)
      if (auto term = c.terms.find(name); term != c.terms.end()) return term->second.address;
    auto colon = name.find(':');
    if (colon != std::string_view::npos) {
      auto prefix = name.substr(0, colon), rest = name.substr(colon + 1);
      if (prefix == "_" || rest.starts_with("//")) return std::string(name);
      if (auto known = c.terms.find(prefix); known != c.terms.end()) return known->second.address + std::string(rest);
      return std::string(name);
    }
    if (vocabulary) return c.vocabulary.empty() ? std::string() : c.vocabulary + std::string(name);
    return absolute(c.base, name);
  }

  static void define(Context& c, std::string_view name, const json::value& value) {
    Term term;
    if (value.is_string()) {
      term.address = expand(c, std::string_view(value.get_string()), true);
    } else if (const auto* o = value.if_object()) {
      auto id = string_at(*o, "@id");
      term.address = expand(c, id.empty() ? name : std::string_view(id), true);
      auto type = string_at(*o, "@type");
      term.is_address = type == "@id" || type == "@vocab";
      term.by_language = string_at(*o, "@container") == "@language";
      if (o->contains("@language")) term.lang = string_at(*o, "@language");
    } else {
      c.terms.erase(std::string(name));
      return;
    }
    // Where the same context explains a prefix further down, it is known by the second look.
    c.terms[std::string(name)] = std::move(term);
  }

  static void extend(Context& c, const json::value& value) {
    if (const auto* list = value.if_array()) {
      for (const auto& one : *list)
        if (!one.is_array()) extend(c, one);
      return;
    }
    const auto* o = value.if_object();
    if (o == nullptr) return;  // elsewhere, or nothing
    if (auto vocabulary = string_at(*o, "@vocab"); o->contains("@vocab")) c.vocabulary = std::move(vocabulary);
    if (o->contains("@language")) c.lang = string_at(*o, "@language");
    if (auto base = string_at(*o, "@base"); !base.empty()) c.base = absolute(c.base, base);
    for (int look = 0; look < 2; ++look)
      for (const auto& [key, one] : *o)
        if (!key.starts_with('@')) define(c, key, one);
  }

  Failure deep() const { return wrong("文档嵌套太深。", "The document is nested too deeply."); }

  // What stands at the top or in @graph; the last node's name.
  Result<std::string> node_or_list(const json::value& value, const Context& c, std::size_t depth) {
    if (depth > kDepth) return deep();
    std::string last;
    if (const auto* list = value.if_array()) {
      for (const auto& one : *list) {
        QS_TRY(last, node_or_list(one, c, depth + 1));
      }
    } else if (const auto* o = value.if_object()) {
      QS_TRY(last, node(*o, c, depth));
    }
    return last;
  }

  Result<std::string> node(const json::object& o, const Context& outer, std::size_t depth) {
    if (depth > kDepth) return deep();
    std::optional<Context> own;
    if (const auto* context = o.if_contains("@context")) {
      own = outer;
      extend(*own, *context);
    }
    const auto& c = own ? *own : outer;
    std::string subject;
    for (const auto& [key, value] : o)
      if (expand(c, key, true) == "@id" && value.is_string()) subject = expand(c, std::string_view(value.get_string()), false);
    if (subject.empty()) subject = fmt::format("_:n{}", ++blanks_);
    for (const auto& [key, value] : o) {
      auto predicate = expand(c, key, true);
      if (predicate == "@graph" || predicate == "@included") {
        QS_TRY(auto last, node_or_list(value, c, depth + 1));
        static_cast<void>(last);
      } else if (predicate == "@type") {
        types(subject, value, c);
      } else if (!predicate.empty() && !predicate.starts_with('@')) {
        auto term = c.terms.find(key);
        QS_CHECK(values(subject, predicate, value, c, term == c.terms.end() ? nullptr : &term->second, depth + 1));
      }
    }
    return subject;
  }

  void types(const std::string& subject, const json::value& value, const Context& c) {
    if (const auto* list = value.if_array()) {
      for (const auto& one : *list)
        if (one.is_string()) types(subject, one, c);
    } else if (value.is_string()) {
      auto type = expand(c, std::string_view(value.get_string()), true);
      if (!type.empty()) out_.add(subject, std::string(kRdfType), {RdfTerm::Kind::address, std::move(type), {}});
    }
  }

  static RdfTerm address(std::string text) {
    auto kind = text.starts_with("_:") ? RdfTerm::Kind::blank : RdfTerm::Kind::address;
    return {kind, std::move(text), {}};
  }

  Result<void> values(const std::string& subject, const std::string& predicate, const json::value& value, const Context& c,
                      const Term* term, std::size_t depth) {
    if (depth > kDepth) return deep();
    if (out_.full()) return wrong("文档太大。", "The document is too large.");
    if (const auto* list = value.if_array()) {
      for (const auto& one : *list) QS_CHECK(values(subject, predicate, one, c, term, depth + 1));
      return {};
    }
    if (const auto* o = value.if_object()) return object(subject, predicate, *o, c, term, depth);
    if (value.is_null()) return {};
    if (value.is_string()) {
      std::string text(value.get_string());
      if (term != nullptr && term->is_address)
        out_.add(subject, predicate, address(expand(c, text, false)));
      else
        out_.add(subject, predicate, {RdfTerm::Kind::literal, text, term != nullptr && term->lang ? *term->lang : c.lang});
      return {};
    }
    out_.add(subject, predicate, {RdfTerm::Kind::literal, json::serialize(value), {}});
    return {};
  }

  Result<void> object(const std::string& subject, const std::string& predicate, const json::object& o, const Context& c,
                      const Term* term, std::size_t depth) {
    auto member = [&](std::string_view keyword) -> const json::value* {
      for (const auto& [key, value] : o)
        if (key == keyword || (c.terms.contains(key) && c.terms.find(key)->second.address == keyword)) return &value;
      return nullptr;
    };
    if (const auto* literal = member("@value")) {
      const auto* lang = member("@language");
      if (literal->is_string())
        out_.add(subject, predicate,
                 {RdfTerm::Kind::literal, std::string(literal->get_string()),
                  lang != nullptr && lang->is_string() ? std::string(lang->get_string()) : std::string()});
      else if (literal->is_primitive() && !literal->is_null())
        out_.add(subject, predicate, {RdfTerm::Kind::literal, json::serialize(*literal), {}});
      return {};
    }
    for (const char* collection : {"@list", "@set"})
      if (const auto* inside = member(collection)) return values(subject, predicate, *inside, c, term, depth + 1);
    if (term != nullptr && term->by_language) {
      for (const auto& said : o) {
        std::string lang(said.key());
        auto one = [&](const json::value& text) {
          if (text.is_string()) out_.add(subject, predicate, {RdfTerm::Kind::literal, std::string(text.get_string()), lang});
        };
        if (const auto* list = said.value().if_array())
          for (const auto& text : *list) one(text);
        else
          one(said.value());
      }
      return {};
    }
    QS_TRY(auto inner, node(o, c, depth));
    out_.add(subject, predicate, address(std::move(inner)));
    return {};
  }

  RdfRead& out_;
  Context root_;
  std::size_t blanks_ = 0;
};

}  // namespace

Result<RdfRead> RdfRead::jsonld(std::string_view text, const std::string& base) {
  boost::system::error_code failed;
  json::parse_options options;
  options.max_depth = kDepth;
  auto document = json::parse(text, failed, {}, options);
  if (failed) return wrong("不是有效的 JSON：" + failed.message() + "。", "It is no valid JSON: " + failed.message() + ".");
  RdfRead out;
  QS_CHECK(JsonLd(out, base).read(document));
  return out;
}

// --- Turtle
// --------------------------------------------------------------------------------------------------------------------

namespace {

// serd reads nested nodes by recursion: how deep a document goes is seen before it may. Strings, addresses and comments are
// passed over.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
    } else if (c == '<') {
      while (i < text.size() && text[i] != '>') ++i;
    } else if (c == '"' || c == '\'') {
      bool is_long = text.substr(i, 3) == std::string(3, c);
      for (i += is_long ? 3 : 1; i < text.size(); ++i) {
        if (text[i] == '\\')
          ++i;
        else if (is_long ? text.substr(i, 3) == std::string(3, c) : text[i] == c)
          break;
      }
      if (is_long) i += 2;
    } else if (c == '[' || c == '(') {
      if (++depth > kDepth) return true;
    } else if ((c == ']' || c == ')') && depth > 0) {
      --depth;
    }
  }
  return false;
}

struct Free {
  void operator()(SerdReader* r) const { serd_reader_free(r); }
  void operator()(SerdEnv* e) const { serd_env_free(e); }
};

const std::uint8_t* bytes(const char* text) {
  return reinterpret_cast<const std::uint8_t*>(text);
}

struct Turtle {
  RdfRead out;
  std::unique_ptr<SerdEnv, Free> env;
  std::string problem;

  static std::string plain(const SerdNode& node) {
    return node.buf == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(node.buf), node.n_bytes);
  }
  std::string expanded(const SerdNode& node) {
    if (node.type == SERD_BLANK) return "_:" + plain(node);
    auto full = serd_env_expand_node(env.get(), &node);
    auto text = plain(full);
    serd_node_free(&full);
    if (text.empty() && problem.empty()) problem = "an unknown prefix: " + plain(node);
    return text;
  }
  RdfTerm term(const SerdNode& node, const SerdNode* lang) {
    if (node.type == SERD_LITERAL)
      return {RdfTerm::Kind::literal, well_formed(plain(node)), lang != nullptr ? plain(*lang) : std::string()};
    return {node.type == SERD_BLANK ? RdfTerm::Kind::blank : RdfTerm::Kind::address, expanded(node), {}};
  }

  static SerdStatus on_base(void* self, const SerdNode* uri) {
    return serd_env_set_base_uri(static_cast<Turtle*>(self)->env.get(), uri);
  }
  static SerdStatus on_prefix(void* self, const SerdNode* name, const SerdNode* uri) {
    return serd_env_set_prefix(static_cast<Turtle*>(self)->env.get(), name, uri);
  }
  static SerdStatus on_statement(void* self, SerdStatementFlags, const SerdNode*, const SerdNode* subject,
                                 const SerdNode* predicate, const SerdNode* object, const SerdNode*, const SerdNode* lang) {
    auto& t = *static_cast<Turtle*>(self);
    if (t.out.full()) {
      t.problem = "too many triples";
      return SERD_FAILURE;
    }
    t.out.add(t.expanded(*subject), t.expanded(*predicate), t.term(*object, lang));
    return SERD_SUCCESS;
  }
  static SerdStatus on_error(void* self, const SerdError* error) {
    auto& t = *static_cast<Turtle*>(self);
    if (t.problem.empty()) t.problem = fmt::format("line {}, column {}: {}", error->line, error->col, serd_text(error->status));
    return SERD_SUCCESS;
  }
  static std::string serd_text(SerdStatus status) { return reinterpret_cast<const char*>(serd_strerror(status)); }
};

}  // namespace

Result<RdfRead> RdfRead::turtle(std::string_view text, const std::string& base) {
  if (text.contains('\0') || !is_utf8(text)) return wrong("不是 UTF-8 文本。", "It is no text in UTF-8.");
  if (too_deep(text)) return wrong("文档嵌套太深。", "The document is nested too deeply.");
  Turtle state;
  auto at = serd_node_new_uri_from_string(bytes(base.c_str()), nullptr, nullptr);
  state.env.reset(serd_env_new(&at));
  serd_node_free(&at);
  std::unique_ptr<SerdReader, Free> reader(
      serd_reader_new(SERD_TURTLE, &state, nullptr, Turtle::on_base, Turtle::on_prefix, Turtle::on_statement, nullptr));
  serd_reader_set_strict(reader.get(), true);
  serd_reader_set_error_sink(reader.get(), Turtle::on_error, &state);
  std::string whole(text);
  auto status = serd_reader_read_string(reader.get(), bytes(whole.c_str()));
  if (status != SERD_SUCCESS || !state.problem.empty()) {
    auto where = state.problem.empty() ? Turtle::serd_text(status) : state.problem;
    return wrong("不是有效的 Turtle：" + where + "。", "It is no valid Turtle: " + where + ".");
  }
  return std::move(state.out);
}

Result<RdfRead> RdfRead::read(std::string_view text, std::string_view media_type, const std::string& base) {
  auto type = lower_ascii(trim(media_type.substr(0, media_type.find(';'))));
  auto begin = trim(text.substr(0, 1000));
  if (type.ends_with("json") || begin.starts_with('{') || begin.starts_with('[')) return jsonld(text, base);
  if (type == "text/html" || type == "application/xhtml+xml" || begin.starts_with("<!") || begin.starts_with("<html"))
    return wrong("这是网页，不是数据目录。请填写 JSON-LD、Turtle 或 RDF/XML 的地址。",
                 "This is a page and no catalogue: name the address of its JSON-LD, Turtle or RDF/XML.");
  if (type == "application/rdf+xml" || type.ends_with("xml") || begin.starts_with("<?xml") || begin.starts_with("<rdf:RDF"))
    return xml(text, base);
  return turtle(text, base);
}

}  // namespace qushu::opendata
