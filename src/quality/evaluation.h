// Inside the module: a dataset's rules over its rows, as few passes as the rules allow. All rules that look at one row are
// counted in one scan; unique values are found by their hashes, and whole values are compared only of those that meet;
// references are anti joins. Failing rows are fetched rule by rule, each reading its own columns, and only where there are any.
#pragma once

#include "qushu/quality/quality.h"

namespace qushu::quality {

// What is judged.
struct Subject {
  const catalog::Dataset* dataset = nullptr;
  std::vector<catalog::Field> fields;
  std::string rows, whole;  // SELECTs; the same text when all rows are judged
  std::uint64_t row_count = 0, whole_count = 0;
  bool publishing = false;   // it is new this very moment
  std::int64_t version = 0;  // whose rows these are; 0: of none yet
  Cancelled cancelled = {};
};

class Evaluation {
 public:
  Evaluation(const Deps& deps, Subject subject) : deps_(deps), subject_(std::move(subject)) {}
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  // An outcome for each rule, in order, without examples.
  [[nodiscard]] Result<std::vector<Outcome>> count(const std::vector<Rule>& rules);
  // After count(): the failing rows of every rule as a blob, at most `keep` of each; fills in the examples. "" when none fail.
  [[nodiscard]] Result<std::string> write_failures(std::vector<Outcome>& outcomes, std::size_t keep);
  // After count(): Verdict::rejects, and how many rows it names.
  [[nodiscard]] Result<std::pair<std::filesystem::path, std::uint64_t>> write_rejects();

 private:
  // A rule about rows as SQL over the subject's rows.
  struct Judged {
    Rule rule;
    std::string applies, fails;  // conditions: which rows are judged, and which of these fail; never null
    std::string ids;             // instead of `fails`: a SELECT of the failing `_id`s
    std::string field, value;    // the names of its fields, and their value as SQL
    Text reason;
    std::uint64_t failed = 0;
    std::vector<engine::Value> params;  // of `fails`, which writes \x01n\x02 for the n-th of them
  };
  [[nodiscard]] Result<Judged> compile(const Rule& rule);
  [[nodiscard]] Result<void> compile_value(const Rule& rule, const catalog::Field& field, Judged& judged);
  [[nodiscard]] Result<void> compile_unique(const Rule& rule, Judged& judged);
  [[nodiscard]] Result<void> compile_reference(const catalog::Field& field, std::string_view dataset, std::string_view other,
                                               Judged& judged);
  [[nodiscard]] Result<void> count_rows(std::vector<Outcome>& outcomes);
  [[nodiscard]] Result<Outcome> judge_total(const Rule& rule);
  [[nodiscard]] Result<Outcome> judge_volume(const Rule& rule);
  [[nodiscard]] Result<Outcome> judge_freshness(const Rule& rule);
  [[nodiscard]] std::string failing_sql(const Judged& judged, std::size_t number, std::size_t limit);
  [[nodiscard]] Result<void> read_examples(const std::filesystem::path& file, std::vector<Outcome>& outcomes);
  [[nodiscard]] const catalog::Field* field(std::string_view id) const;
  [[nodiscard]] engine::Limits limits() const;
  // A parameter of the statement being written.
  std::string bind(engine::Value value);

  const Deps& deps_;
  Subject subject_;
  std::vector<Judged> judged_;
  std::vector<engine::Value> params_;
};

// When a version that was published then should have been followed by the next one: the end of its cycle's last day and of
// `grace` working days after it. nullopt: the cycle promises nothing.
[[nodiscard]] Result<std::optional<Time>> due(const calendar::Calendar& calendar, std::string_view update_cycle, Time published,
                                              int grace);

}  // namespace qushu::quality
