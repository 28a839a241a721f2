#include "solr.h"

#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::opendata {
namespace {

constexpr std::size_t kLongest = 4000;  // bytes of a query
constexpr int kDeepest = 20;

Failure unreadable(std::size_t at) {
  return fail(Error{.code = Code::invalid,
                    .id = "open.query",
                    .text = {fmt::format("检索式在第 {} 个字节处无法理解。", at + 1),
                             fmt::format("The query cannot be understood at byte {}.", at + 1)},
                    .subject = "q"});
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == ',';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<QueryNode> all() {
    QS_TRY(auto out, either(0));
    skip();
    if (at_ < text_.size()) return unreadable(at_);
    return out;
  }

 private:
  void skip() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool take(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    auto end = at_ + word.size();
    if (std::isalpha(static_cast<unsigned char>(word[0])) != 0 && end < text_.size() && !is_space(text_[end]) &&
        text_[end] != '(')
      return false;
    at_ = end;
    return true;
  }

  Result<QueryNode> either(int depth) {
    if (depth > kDeepest) return unreadable(at_);
    std::vector<QueryNode> all;
    do {
      QS_TRY(auto one, both(depth));
      all.push_back(std::move(one));
    } while (take("OR") || take("||"));
    if (all.size() == 1) return std::move(all.front());
    return QueryNode{.kind = QueryNode::Kind::either, .of = std::move(all)};
  }

  Result<QueryNode> both(int depth) {
    std::vector<QueryNode> all;
    while (true) {
      if (take("AND") || take("&&")) continue;
      skip();
      auto rest = text_.substr(at_);
      if (rest.empty() || rest[0] == ')' || rest.starts_with("||")) break;
      if (rest.starts_with("OR") && (rest.size() == 2 || is_space(rest[2]) || rest[2] == '(')) break;
      QS_TRY(auto one, single(depth));
      all.push_back(std::move(one));
    }
    if (all.empty()) return QueryNode{};
    if (all.size() == 1) return std::move(all.front());
    return QueryNode{.kind = QueryNode::Kind::both, .of = std::move(all)};
  }

  Result<QueryNode> single(int depth) {
    if (depth > kDeepest) return unreadable(at_);
    if (take("NOT") || take("-") || take("!")) {
      QS_TRY(auto one, single(depth + 1));
      return QueryNode{.kind = QueryNode::Kind::none_of, .of = {std::move(one)}};
    }
    take("+");
    skip();
    if (at_ < text_.size() && text_[at_] == '(') return bracket(depth, "");
    std::string field;
    auto start = at_;
    while (at_ < text_.size() &&
           (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_' || text_[at_] == '*'))
      ++at_;
    if (at_ > start && at_ < text_.size() && text_[at_] == ':')
      field = std::string(text_.substr(start, at_++ - start));
    else
      at_ = start;
    if (at_ < text_.size() && text_[at_] == '(') return bracket(depth, field);
    return value(field);
  }

  // field:(a OR b): the field is that of all words within.
  Result<QueryNode> bracket(int depth, const std::string& field) {
    auto start = at_++;
    QS_TRY(auto inner, either(depth + 1));
    skip();
    if (at_ >= text_.size() || text_[at_] != ')') return unreadable(start);
    ++at_;
    if (!field.empty()) give(inner, field);
    return inner;
  }
  static void give(QueryNode& node, const std::string& field) {
    if (node.field.empty()) node.field = field;
    for (auto& one : node.of) give(one, field);
  }

  Result<QueryNode> value(const std::string& field) {
    QueryNode out{.kind = QueryNode::Kind::word, .field = field};
    if (at_ < text_.size() && (text_[at_] == '[' || text_[at_] == '{')) return range(field);
    if (at_ < text_.size() && text_[at_] == '"') {
      auto end = ++at_;
      for (; end < text_.size() && text_[end] != '"'; ++end) {
        if (text_[end] == '\\' && end + 1 < text_.size()) ++end;
        out.text += text_[end];
      }
      if (end >= text_.size()) return unreadable(at_ - 1);
      at_ = end + 1;
    } else {
      auto start = at_;
      while (at_ < text_.size() && !is_space(text_[at_]) &&
             std::string_view("()\"^~").find(text_[at_]) == std::string_view::npos) {
        if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
        out.text += text_[at_++];
      }
      if (at_ == start) return unreadable(at_);
      if (out.text.ends_with('*')) {
        out.prefix = true;
        out.text.pop_back();
      }
    }
    // Boosts (word^2) and nearness ("a b"~3) change the order in Solr; here they are taken and left.
    while (at_ < text_.size() && (text_[at_] == '^' || text_[at_] == '~'))
      for (++at_; at_ < text_.size() && (is_ascii_digit(text_[at_]) || text_[at_] == '.');) ++at_;
    out.text = lower_ascii(out.text);
    if (out.prefix && out.text.empty()) return QueryNode{.kind = QueryNode::Kind::all, .field = field};
    return out;
  }

  Result<QueryNode> range(const std::string& field) {
    auto start = at_;
    auto end = text_.find_first_of("]}", at_);
    if (end == std::string_view::npos || field.empty()) return unreadable(start);
    auto inside = text_.substr(at_ + 1, end - at_ - 1);
    auto to = inside.find(" TO ");
    if (to == std::string_view::npos) return unreadable(start);
    auto ends = [](std::string_view part) { return trim(part) == "*" ? std::string() : std::string(trim(part)); };
    at_ = end + 1;
    return QueryNode{
        .kind = QueryNode::Kind::range, .field = field, .from = ends(inside.substr(0, to)), .to = ends(inside.substr(to + 4))};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<QueryNode> parse_query(std::string_view text) {
  if (text.size() > kLongest)
    return fail(Error{.code = Code::invalid,
                      .id = "open.query",
                      .text = {"检索式太长，最多 4000 个字节。", "The query is too long, 4000 bytes at most."},
                      .subject = "q"});
  auto bare = trim(text);
  if (bare.empty()) return QueryNode{};
  return Parser(bare).all();
}

std::vector<std::string> terms_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word, last;  // of letters; the Chinese character before
  bool alone = false;      // `last` has not been part of a pair
  auto end_word = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  auto end_run = [&] {
    if (alone) out.push_back(last);
    last.clear();
    alone = false;
  };
  auto lower = lower_ascii(text);
  for (std::size_t i = 0; i < lower.size();) {
    auto c = static_cast<unsigned char>(lower[i]);
    std::size_t n = c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
    auto one = lower.substr(i, n);
    i += n;
    bool letter = n == 1 ? std::isalnum(c) != 0 : n == 2;
    bool wide =
        n >= 3 && !(one >= "\xE3\x80\x80" && one <= "\xE3\x80\xBF") && !(one >= "\xEF\xBC\x80" && one <= "\xEF\xBC\x8F");
    if (letter) {
      end_run();
      word += one;
      continue;
    }
    end_word();
    if (!wide) {
      end_run();
      continue;
    }
    if (!last.empty()) out.push_back(last + one);
    alone = last.empty();
    last = std::move(one);
  }
  end_word();
  end_run();
  return out;
}

}  // namespace qushu::opendata
