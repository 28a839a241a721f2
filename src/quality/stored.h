// Inside the module: rules and checks over the store.
#pragma once

#include <mutex>

#include "evaluation.h"

namespace qushu::quality {

class StoredQuality final : public Quality {
 public:
  explicit StoredQuality(Deps deps) : deps_(deps) {}
  void register_jobs();

  Result<std::vector<Rule>> rules(const Actor& actor, std::string_view code) const override;
  Result<std::vector<Rule>> add(const Actor& actor, std::string_view code, const json::array& rules) override;
  Result<Rule> change(const Actor& actor, std::string_view code, std::string_view id, const json::object& change) override;
  Result<void> remove(const Actor& actor, std::string_view code, std::string_view id) override;
  Result<Outcome> test(const Actor& actor, std::string_view code, const json::object& rule,
                       const Cancelled& cancelled) const override;
  Result<Proposals> propose(const Actor& actor, std::string_view code, const Cancelled& cancelled) const override;

  Result<Verdict> examine(const Candidate& candidate) override;
  Result<void> keep(store::Transaction& t, const catalog::Dataset& dataset, std::int64_t version,
                    const Verdict& verdict) override;
  Result<Check> waive(const Actor& actor, std::string_view check_id, std::string_view reason) override;
  Result<std::string> request_check(const Actor& actor, std::string_view code) override;
  Result<void> tick() override;

  Result<std::vector<Check>> checks(const Actor& actor, std::string_view code, std::size_t limit) const override;
  Result<Check> check(const Actor& actor, std::string_view id) const override;
  Result<catalog::Dataset> failures_dataset(const Actor& actor, const Check& check) const override;
  Result<Overview> overview(const Actor& actor) const override;
  Result<std::optional<Scores>> public_scores(std::string_view dataset_id, std::int64_t version,
                                              const std::vector<std::string>& fields) const override;
  Result<std::vector<Check>> stopped(const Actor& actor) const override;
  Result<bool> uses_blob(std::string_view sha256) const override;

 private:
  [[nodiscard]] Result<catalog::Dataset> visible(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<catalog::Dataset> writable(const Actor& actor, std::string_view code) const;
  [[nodiscard]] Result<std::vector<Rule>> load_rules(std::string_view dataset_id, bool enabled_only) const;
  // Everything about the rule that needs a look at other data: the dataset that it refers to, its expression, its pattern.
  [[nodiscard]] Result<void> check_deep(const Actor& actor, const catalog::Dataset& dataset, const Rule& rule) const;
  [[nodiscard]] Result<void> insert(store::Transaction& t, const Check& check) const;
  [[nodiscard]] Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action,
                                    const catalog::Dataset& dataset, json::object detail) const;
  // The latest check of this version that was not stopped.
  [[nodiscard]] Result<std::optional<Check>> latest(store::Session& s, std::string_view dataset_id, std::int64_t version) const;
  [[nodiscard]] Scores score(const std::vector<Outcome>& outcomes) const;
  [[nodiscard]] Result<bool> is_waived(const Check& check) const;
  // A check of the current version; `full` false: rules about rows are taken over from the latest check of it.
  [[nodiscard]] Result<std::optional<Check>> evaluate(const catalog::Dataset& dataset, std::string_view trigger, bool full,
                                                      const Cancelled& cancelled) const;
  [[nodiscard]] Result<jobs::Finish> run_check(jobs::Context& context);
  [[nodiscard]] Result<jobs::Finish> run_daily(jobs::Context& context);
  [[nodiscard]] std::size_t failures_kept() const;

  Deps deps_;
  std::mutex mutex_;
  std::string ticked_;  // the day whose daily check was queued
};

// The propositions for one version, without those that `had` says already.
[[nodiscard]] Result<Proposals> propose_rules(const Deps& deps, const sharing::Shown& shown, const std::vector<Rule>& had,
                                              const Cancelled& cancelled);

// Rules and checks as they are stored.
[[nodiscard]] Rule rule_of(const store::Row& row);
[[nodiscard]] std::string outcomes_text(const std::vector<Outcome>& outcomes);
[[nodiscard]] std::vector<Outcome> outcomes_of(std::string_view text, std::string_view dataset_id);
[[nodiscard]] Check check_of(const store::Row& row);
inline constexpr std::string_view kRuleColumns =
    "id, dataset_id, kind, severity, fields, params, note, enabled, person_id, person_name, created, changed";
inline constexpr std::string_view kCheckColumns =
    "id, dataset_id, version, trigger_kind, stopped, row_count, outcomes, score, completeness, validity, uniqueness, "
    "consistency, "
    "timeliness, failures_blob, waived_by, waiver, person_id, person_name, job_id, at";

[[nodiscard]] Failure no_check();

}  // namespace qushu::quality
