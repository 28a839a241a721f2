#include "formula.h"

#include <array>
#include <numeric>

#include <fmt/format.h>

#include "qushu/base/text.h"

namespace qushu::registers {

enum class Op : std::uint8_t {
  number,
  text,
  field,
  add,
  subtract,
  multiply,
  divide,
  negate,
  equal,
  differ,
  less,
  less_equal,
  both,
  either,
  not_,
  choose,
  round,
  least,
  most,
  absolute,
  filled
};

struct Formula::Node {
  Op op = Op::number;
  FormulaType type = FormulaType::number;
  Fraction number = {};
  std::string text = {};  // or the field's name
  std::vector<std::shared_ptr<const Node>> parts = {};
};

namespace {

using Node = Formula::Node;
using Part = std::shared_ptr<const Node>;
using Type = FormulaType;

constexpr int kDeepest = 60;
constexpr std::size_t kLongest = 2000;

__int128 divisor(__int128 a, __int128 b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a < 0 ? -a : a;
}

// nullopt: too large.
std::optional<Fraction> reduced(__int128 above, __int128 below) {
  if (below < 0) {
    above = -above;
    below = -below;
  }
  auto d = divisor(above, below);
  if (d > 1) {
    above /= d;
    below /= d;
  }
  // Room is left, so that negating never overflows.
  constexpr __int128 kMost = (static_cast<__int128>(1) << 120U);
  if (above > kMost || above < -kMost || below > kMost) return std::nullopt;
  return Fraction{above, below};
}

std::optional<Fraction> times(const Fraction& a, const Fraction& b) {
  __int128 above = 0, below = 0;
  if (__builtin_mul_overflow(a.above, b.above, &above) || __builtin_mul_overflow(a.below, b.below, &below)) return std::nullopt;
  return reduced(above, below);
}

std::optional<Fraction> plus(const Fraction& a, const Fraction& b) {
  __int128 left = 0, right = 0, above = 0, below = 0;
  if (__builtin_mul_overflow(a.above, b.below, &left) || __builtin_mul_overflow(b.above, a.below, &right) ||
      __builtin_add_overflow(left, right, &above) || __builtin_mul_overflow(a.below, b.below, &below))
    return std::nullopt;
  return reduced(above, below);
}

class Parser {
 public:
  Parser(std::string_view text, const Formula::TypeOf& type_of, std::set<std::string>& fields)
      : text_(text), type_of_(type_of), fields_(fields) {}

  Part run() {
    auto node = either();
    space();
    if (at_ < text_.size()) stop({"这里多出了内容。", "Something is left over here."});
    return node;
  }

 private:
  [[noreturn]] void stop(Text why) const { throw FormulaError{.at = at_, .text = std::move(why)}; }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view sign) {
    space();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  static bool in_word(char c) { return (c >= 'a' && c <= 'z') || is_ascii_digit(c) || c == '_'; }
  bool take_word(std::string_view word) {
    space();
    if (!text_.substr(at_).starts_with(word) || (at_ + word.size() < text_.size() && in_word(text_[at_ + word.size()])))
      return false;
    at_ += word.size();
    return true;
  }
  void need(std::string_view sign) {
    if (!take(sign)) stop({fmt::format("这里应为“{}”。", sign), fmt::format("“{}” is expected here.", sign)});
  }
  Part need_type(Part node, Type type) const {
    if (node->type == type) return node;
    static const std::array<Text, 3> kNames{Text{"数值", "a number"}, Text{"文本", "a text"}, Text{"条件", "a condition"}};
    const auto& expected = kNames.at(static_cast<std::size_t>(type));
    stop({fmt::format("这里之前应为{}。", expected.zh), fmt::format("Before here stands no {}.", expected.en.substr(2))});
  }
  static Part make(Op op, Type type, std::vector<Part> parts) {
    return std::make_shared<const Node>(Node{.op = op, .type = type, .parts = std::move(parts)});
  }

  // One level of brackets deeper, however a part is nested.
  struct Deeper {
    explicit Deeper(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kDeepest) parser_.stop({"公式嵌套太深。", "The formula is nested too deeply."});
    }
    ~Deeper() { --parser_.depth_; }
    Deeper(const Deeper&) = delete;
    Deeper& operator=(const Deeper&) = delete;
    Parser& parser_;
  };

  Part either() {
    Deeper deeper(*this);
    auto left = both();
    while (take_word("or")) {
      left = need_type(left, Type::truth);
      left = make(Op::either, Type::truth, {left, need_type(both(), Type::truth)});
    }
    return left;
  }
  Part both() {
    auto left = negated();
    while (take_word("and")) {
      left = need_type(left, Type::truth);
      left = make(Op::both, Type::truth, {left, need_type(negated(), Type::truth)});
    }
    return left;
  }
  Part negated() {
    if (!take_word("not")) return comparison();
    Deeper deeper(*this);
    return make(Op::not_, Type::truth, {need_type(negated(), Type::truth)});
  }
  Part comparison() {
    auto left = sum();
    struct Sign {
      std::string_view text;
      Op op;
      bool turned;
    };
    static constexpr std::array<Sign, 7> kSigns{
        Sign{"!=", Op::differ, false}, {"<=", Op::less_equal, false}, {">=", Op::less_equal, true}, {"=", Op::equal, false},
        {"<", Op::less, false},        {">", Op::less, true},         {"≠", Op::differ, false}};
    for (const auto& sign : kSigns) {
      if (!take(sign.text)) continue;
      auto right = sum();
      if (left->type == Type::truth) left = need_type(left, Type::number);
      bool order = sign.op == Op::less || sign.op == Op::less_equal;
      if (order) left = need_type(left, Type::number);
      right = need_type(right, left->type);
      return make(sign.op, Type::truth, sign.turned ? std::vector{right, left} : std::vector{left, right});
    }
    return left;
  }
  Part sum() {
    auto left = product();
    for (;;) {
      auto op = take("+") ? Op::add : take("-") ? Op::subtract : Op::number;
      if (op == Op::number) return left;
      left = need_type(left, Type::number);
      left = make(op, Type::number, {left, need_type(product(), Type::number)});
    }
  }
  Part product() {
    auto left = signed_part();
    for (;;) {
      auto op = take("*") ? Op::multiply : take("/") ? Op::divide : Op::number;
      if (op == Op::number) return left;
      left = need_type(left, Type::number);
      left = make(op, Type::number, {left, need_type(signed_part(), Type::number)});
    }
  }
  Part signed_part() {
    if (!take("-")) return primary();
    Deeper deeper(*this);
    return make(Op::negate, Type::number, {need_type(signed_part(), Type::number)});
  }
  Part primary() {
    space();
    if (at_ >= text_.size()) stop({"公式没有写完。", "The formula ends too early."});
    char c = text_[at_];
    if (c == '(') {
      ++at_;
      auto inner = either();
      need(")");
      return inner;
    }
    if (c == '\'') return quoted();
    if (is_ascii_digit(c)) return number();
    if (c >= 'a' && c <= 'z') return named();
    stop({"这里应为字段名、数字、引号中的文本或括号。", "A field, a number, a quoted text or a bracket is expected here."});
  }
  Part quoted() {
    auto end = text_.find('\'', at_ + 1);
    if (end == std::string_view::npos) stop({"引号没有结束。", "The quote does not end."});
    auto node = Node{.op = Op::text, .type = Type::text, .text = std::string(text_.substr(at_ + 1, end - at_ - 1))};
    at_ = end + 1;
    return std::make_shared<const Node>(std::move(node));
  }
  Part number() {
    __int128 above = 0, below = 1;
    int digits = 0;
    bool point = false;
    for (; at_ < text_.size() && (is_ascii_digit(text_[at_]) || (text_[at_] == '.' && !point)); ++at_) {
      if (text_[at_] == '.') {
        point = true;
        continue;
      }
      if (++digits > 18) stop({"数字最多 18 位。", "A number has 18 digits at most."});
      above = above * 10 + (text_[at_] - '0');
      if (point) below *= 10;
    }
    return std::make_shared<const Node>(Node{.op = Op::number, .type = Type::number, .number = reduced(above, below).value()});
  }
  Part named() {
    auto begin = at_;
    while (at_ < text_.size() && in_word(text_[at_])) ++at_;
    auto word = text_.substr(begin, at_ - begin);
    if (take("(")) return function(word, begin);
    auto type = type_of_(word);
    if (!type) {
      at_ = begin;
      stop({fmt::format("没有能参与计算的字段“{}”。", word),
            fmt::format("There is no field “{}” that can be computed with.", word)});
    }
    fields_.emplace(word);
    return std::make_shared<const Node>(Node{.op = Op::field, .type = *type, .text = std::string(word)});
  }
  Part function(std::string_view word, std::size_t begin) {
    if (word == "filled") {
      space();
      auto from = at_;
      while (at_ < text_.size() && in_word(text_[at_])) ++at_;
      auto field = text_.substr(from, at_ - from);
      if (!type_of_(field)) stop({fmt::format("没有字段“{}”。", field), fmt::format("There is no field “{}”.", field)});
      fields_.emplace(field);
      need(")");
      return std::make_shared<const Node>(Node{.op = Op::filled, .type = Type::truth, .text = std::string(field)});
    }
    std::vector<Part> parts;
    do parts.push_back(either());
    while (take(","));
    need(")");
    struct Known {
      std::string_view name;
      Op op;
      std::size_t parts;
    };
    static constexpr std::array<Known, 5> kKnown{Known{"if", Op::choose, 3},
                                                 {"round", Op::round, 2},
                                                 {"min", Op::least, 2},
                                                 {"max", Op::most, 2},
                                                 {"abs", Op::absolute, 1}};
    for (const auto& known : kKnown) {
      if (known.name != word) continue;
      if (parts.size() != known.parts)
        stop(
            {fmt::format("{}() 要有 {} 个参数。", word, known.parts), fmt::format("{}() takes {} values.", word, known.parts)});
      if (known.op == Op::choose) {
        parts[0] = need_type(parts[0], Type::truth);
        parts[2] = need_type(parts[2], parts[1]->type);
        auto type = parts[1]->type;
        return make(known.op, type, std::move(parts));
      }
      for (auto& part : parts) part = need_type(part, Type::number);
      return make(known.op, Type::number, std::move(parts));
    }
    at_ = begin;
    stop({fmt::format("没有函数“{}”：可用 if、round、min、max、abs、filled。", word),
          fmt::format("There is no function “{}”: if, round, min, max, abs, filled.", word)});
  }

  std::string_view text_;
  const Formula::TypeOf& type_of_;
  std::set<std::string>& fields_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

using Values = std::function<FormulaValue(std::string_view)>;

struct TooLarge {};

Fraction fits(std::optional<Fraction> value) {
  if (!value) throw TooLarge{};
  return *value;
}

bool unknown(const FormulaValue& value) {
  return std::holds_alternative<std::monostate>(value);
}

int compared(const FormulaValue& a, const FormulaValue& b) {
  if (const auto* text = std::get_if<std::string>(&a)) return text->compare(std::get<std::string>(b));
  auto right = std::get<Fraction>(b);
  auto difference = fits(plus(std::get<Fraction>(a), {-right.above, right.below}));
  return difference.above < 0 ? -1 : difference.above > 0 ? 1 : 0;
}

FormulaValue value_of(const Node& node, const Values& values);

FormulaValue arithmetic(const Node& node, const FormulaValue& first, const FormulaValue& second) {
  auto a = std::get<Fraction>(first), b = std::get<Fraction>(second);
  switch (node.op) {
    case Op::add:
      return fits(plus(a, b));
    case Op::subtract:
      return fits(plus(a, {-b.above, b.below}));
    case Op::multiply:
      return fits(times(a, b));
    case Op::divide:
      if (b.above == 0) return {};
      return fits(times(a, b.above < 0 ? Fraction{-b.below, -b.above} : Fraction{b.below, b.above}));
    case Op::round: {
      if (b.below != 1 || b.above < 0 || b.above > 6) return {};
      auto whole = rounded(a, static_cast<int>(b.above));
      if (!whole) throw TooLarge{};
      return fraction(*whole, static_cast<int>(b.above));
    }
    case Op::least:
      return compared(first, second) <= 0 ? a : b;
    default:
      return compared(first, second) >= 0 ? a : b;
  }
}

FormulaValue logic(const Node& node, const Values& values) {
  auto first = value_of(*node.parts[0], values), second = value_of(*node.parts[1], values);
  bool decides = node.op == Op::either;  // true decides an `or`, false an `and`
  for (const auto* one : {&first, &second})
    if (!unknown(*one) && std::get<bool>(*one) == decides) return decides;
  if (unknown(first) || unknown(second)) return {};
  return !decides;
}

FormulaValue value_of(const Node& node, const Values& values) {
  switch (node.op) {
    case Op::number:
      return node.number;
    case Op::text:
      return node.text;
    case Op::field:
      return values(node.text);
    case Op::filled:
      return !unknown(values(node.text));
    case Op::both:
    case Op::either:
      return logic(node, values);
    case Op::choose: {
      auto condition = value_of(*node.parts[0], values);
      if (unknown(condition)) return {};
      return value_of(*node.parts[std::get<bool>(condition) ? 1 : 2], values);
    }
    default:
      break;
  }
  auto first = value_of(*node.parts[0], values);
  if (unknown(first)) return {};
  if (node.op == Op::not_) return !std::get<bool>(first);
  if (node.op == Op::negate || node.op == Op::absolute) {
    auto a = std::get<Fraction>(first);
    if (node.op == Op::negate || a.above < 0) a.above = -a.above;
    return a;
  }
  auto second = value_of(*node.parts[1], values);
  if (unknown(second)) return {};
  switch (node.op) {
    case Op::equal:
      return compared(first, second) == 0;
    case Op::differ:
      return compared(first, second) != 0;
    case Op::less:
      return compared(first, second) < 0;
    case Op::less_equal:
      return compared(first, second) <= 0;
    default:
      return arithmetic(node, first, second);
  }
}

}  // namespace

std::expected<Formula, FormulaError> Formula::parse(std::string_view text, const TypeOf& type_of) {
  if (text.size() > kLongest)
    return std::unexpected(FormulaError{
        .at = 0,
        .text = {fmt::format("公式最多 {} 字节。", kLongest), fmt::format("A formula has {} bytes at most.", kLongest)}});
  Formula formula;
  // The parser leaves by an exception, which stays in here.
  try {
    formula.root_ = Parser(text, type_of, formula.fields_).run();
  } catch (FormulaError& error) {
    return std::unexpected(std::move(error));
  }
  return formula;
}

FormulaType Formula::type() const {
  return root_->type;
}

Result<FormulaValue> Formula::evaluate(const std::function<FormulaValue(std::string_view)>& values) const {
  try {
    return value_of(*root_, values);
  } catch (const TooLarge&) {
    return fail(Code::invalid, "register.formula", "公式算出的数太大，请检查填写的数值。",
                "The formula's figure is too large; look at the values.");
  }
}

std::optional<std::int64_t> rounded(const Fraction& value, int decimals) {
  auto scaled = value.above;
  for (int i = 0; i < decimals; ++i)
    if (__builtin_mul_overflow(scaled, static_cast<__int128>(10), &scaled)) return std::nullopt;
  auto whole = scaled / value.below, rest = scaled % value.below;
  if (rest < 0) rest = -rest;
  if (rest >= value.below - rest) whole += scaled < 0 ? -1 : 1;
  if (whole > INT64_MAX || whole < INT64_MIN) return std::nullopt;
  return static_cast<std::int64_t>(whole);
}

Fraction fraction(std::int64_t value, int decimals) {
  __int128 below = 1;
  for (int i = 0; i < decimals; ++i) below *= 10;
  return reduced(value, below).value();
}

}  // namespace qushu::registers
