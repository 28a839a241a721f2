// Inside the module: formulas of computed fields and of checks. Exact: numbers are fractions of whole numbers.
//
//   amount - paid          + - * / and brackets; dates count as days
//   start <= finish        = != < <= > >=, and, or, not
//   if(paid >= amount, 100, round(paid / amount * 100, 1)), min(a, b), max(a, b), abs(a), filled(field)
//   kind = 'car'           texts and choices are compared with quoted texts
//
// What is empty is unknown: so is what is computed from it, and a check that is unknown passes. Dividing by zero is unknown
// too.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "qushu/base/error.h"

namespace qushu::registers {

struct Fraction {
  __int128 above = 0, below = 1;  // below > 0, no common divisor
};

using FormulaValue = std::variant<std::monostate, bool, Fraction, std::string>;
enum class FormulaType : std::uint8_t { number, text, truth };

struct FormulaError {
  std::size_t at = 0;  // byte of the formula
  Text text;
};

class Formula {
 public:
  // What a name stands for; nullopt: there is no such field, or none that can be computed with.
  using TypeOf = std::function<std::optional<FormulaType>(std::string_view)>;
  [[nodiscard]] static std::expected<Formula, FormulaError> parse(std::string_view text, const TypeOf& type_of);

  [[nodiscard]] FormulaType type() const;
  [[nodiscard]] const std::set<std::string>& fields() const { return fields_; }
  // Code::invalid "register.formula" when a figure grows beyond what can be counted.
  [[nodiscard]] Result<FormulaValue> evaluate(const std::function<FormulaValue(std::string_view)>& value_of) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
  std::set<std::string> fields_;
};

// Rounded half away from zero to a whole number of 10^-decimals; nullopt when it does not fit.
[[nodiscard]] std::optional<std::int64_t> rounded(const Fraction& value, int decimals);
[[nodiscard]] Fraction fraction(std::int64_t value, int decimals);

}  // namespace qushu::registers
