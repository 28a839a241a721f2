// The lists that a paragraph's sentences make: where one opens ("其中", "包括", "分为"), which mentions are its parts, where it
// ends, and what may be its total. A list may stand within another.
#pragma once

#include <optional>
#include <span>

#include "model.h"

namespace qushu::budget {

using Parts = std::vector<const Mention*>;

// How far a total, a whole or a list is looked for.
constexpr std::size_t kParagraphsBack = 100, kMostParts = 64;

// The amounts and numbers that the section's paragraphs above that one state, in the order of the text.
[[nodiscard]] Parts levels_above(const Model& model, std::size_t index);
[[nodiscard]] bool same_measure(const Mention& a, const Mention& b);
// The runs of paragraphs that stand in one section and speak of one unit.
[[nodiscard]] std::vector<std::span<const ParagraphView>> sections_of(const Model& model);

// `model` and `view` outlive it. Thread-safety: of a value.
class Groups {
 public:
  Groups(const Model& model, const ParagraphView& view)
      : model_(model), view_(view), text_(view.said.paragraph->text), mentions_(view.said.mentions) {}

  // The text since the mention before, within the sentence.
  [[nodiscard]] std::u32string_view gap(std::size_t k) const;
  // "主要包括：基本工资；公用经费30万元": what was to follow the marker came to its end without a figure.
  [[nodiscard]] bool opens_parts(std::size_t k) const;
  // Parts of the same whole: 人员经费 and 公用经费, one class of expenditure and another.
  [[nodiscard]] static bool is_sibling(const Mention& a, const Mention& b);
  // "收入包括", "支出按功能分类分为": the side whose total the parts make up; neither where the marker names none.
  enum class Side : std::uint8_t { none, income, expenditure };
  [[nodiscard]] Side side_of_marker(std::size_t k) const;
  [[nodiscard]] std::int64_t half(const Mention& m) const;
  [[nodiscard]] std::int64_t tolerance(const Mention& total, const Parts& parts) const;
  static std::int64_t sum_of(const Parts& parts);
  // The parts that the marker before mention k opens; `nested`: one of them has parts of its own behind it, and where those end
  // is not certain.
  Parts parts_from(std::size_t k, bool& nested) const;
  // A list within another ends at the stop of the outer one, or at what is none of its own.
  [[nodiscard]] std::size_t end_of_nested(std::size_t outer, std::size_t from) const;
  // Whether the list that begins at k stands within another of its sentence.
  [[nodiscard]] std::optional<std::size_t> outer_of(std::size_t k) const;
  // What may be the total of parts that begin at mention k, the nearest first.
  [[nodiscard]] Parts totals_before(std::size_t k) const;

 private:
  // Where the last marker of parts ends in `text`; npos without one.
  [[nodiscard]] static std::size_t marker_end(std::u32string_view text);
  [[nodiscard]] static bool names_nothing(const Mention& m);
  [[nodiscard]] static bool is_part(const Mention& m, const Mention& first);
  // Whether mention i is no part of the list that begins at k, by what it names: a sibling of the list's total.
  [[nodiscard]] bool ends_list(std::size_t k, std::size_t i) const;
  [[nodiscard]] const Mention* level_before(std::size_t k) const;
  // The nested list [from, to) adds up to its own total, or what follows is known to be none of it.
  [[nodiscard]] bool is_certain(std::size_t from, std::size_t to) const;
  [[nodiscard]] bool closed_between(std::size_t from, std::size_t to) const;
  // "收支总预算", "收、支总计" is the total of both sides.
  [[nodiscard]] static bool is_total_of(const Mention& m, Side side);

  const Model& model_;
  const ParagraphView& view_;
  const std::u32string& text_;
  const std::vector<Mention>& mentions_;
};

}  // namespace qushu::budget
