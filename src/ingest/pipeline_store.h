// Pipelines over the store, in parts: definitions, schedules, runs, and what one run does.
#pragma once

#include "qushu/ingest/pipelines.h"

namespace qushu::ingest {

// A definition without what the runs keep: what is stored, and what a person edits.
[[nodiscard]] json::object definition_of(const Pipeline& pipeline);
[[nodiscard]] json::array to_json(const std::vector<Mapped>& fields);
[[nodiscard]] Error wrong_member(std::string path, std::string zh, std::string en);

inline constexpr std::string_view kRunJob = "pipeline.run";

struct Gathered;

// The states of a run in which another one of the pipeline must wait.
[[nodiscard]] bool is_active(std::string_view state);

class StoredPipelines final : public Pipelines {
 public:
  explicit StoredPipelines(Deps deps) : deps_(deps) {}
  void register_jobs();

  // pipelines.cpp
  Result<Pipeline> find(const Actor& actor, std::string_view code) const override;
  Result<std::vector<Pipeline>> list(const Actor& actor) const override;
  Result<Pipeline> add(const Actor& actor, const Pipeline& pipeline) override;
  Result<Pipeline> change(const Actor& actor, std::string_view code, const Pipeline& pipeline,
                          const std::optional<Time>& seen) override;
  Result<Pipeline> enable(const Actor& actor, std::string_view code, bool enabled) override;
  Result<Pipeline> forget(const Actor& actor, std::string_view code) override;
  Result<void> remove(const Actor& actor, std::string_view code) override;
  Result<std::vector<sources::Sources::Use>> users_of(store::Session& s, std::string_view code) const override;
  // trial.cpp
  Result<Trial> attempt(const Actor& actor, const Pipeline& pipeline) const override;
  // runs.cpp
  Result<Run> run(const Actor& actor, std::string_view code) override;
  Result<Run> find_run(const Actor& actor, std::string_view id) const override;
  Result<std::vector<Run>> runs(const Actor& actor, const Filter& filter) const override;
  Result<Run> cancel(const Actor& actor, std::string_view id) override;
  Result<Run> decide(const Actor& actor, std::string_view id, const std::vector<Decision>& decisions,
                     bool accept_loss) override;
  Result<bool> uses_blob(std::string_view sha256) const override;
  // scheduler.cpp
  Result<void> tick() override;
  Result<void> published(store::Transaction& t, const catalog::Dataset& dataset) override;

 private:
  // --- definitions
  Result<std::vector<Pipeline>> all(store::Session& s) const;
  Result<Pipeline> load(store::Session& s, std::string_view code_or_id) const;
  Result<void> save(store::Transaction& t, const Pipeline& pipeline) const;
  // The department, source, dataset and dependencies exist and may be used by the actor, and nothing runs after itself.
  Result<void> check(store::Session& s, const Actor& actor, Pipeline& pipeline) const;
  Result<void> check_cycle(store::Session& s, const Pipeline& pipeline) const;
  Result<Pipeline> changed_by(const Actor& actor, std::string_view code, std::string_view action,
                              const std::function<Result<void>(store::Transaction&, Pipeline&)>& change);
  Result<void> record(store::Transaction& t, const Actor& actor, std::string_view action, const Pipeline& pipeline,
                      json::object detail = {}) const;
  [[nodiscard]] static bool may_see(const Actor& actor, const Pipeline& pipeline);
  // As whom its runs read and publish: its owner as she is today.
  Result<Actor> owner_of(const Pipeline& pipeline) const;

  // --- schedules
  Result<std::optional<Time>> next_due(const Pipeline& pipeline, Time after, const calendar::WorkingDays& days) const;
  Result<void> queue_due(const Pipeline& pipeline);
  Result<void> look_for_files(const Pipeline& pipeline);
  Result<void> settle();
  // Those that run after this one, when all that they wait for have succeeded since they last ran.
  Result<void> queue_followers(store::Transaction& t, const Pipeline& pipeline, std::string_view run_id);

  // --- runs
  struct Cause {
    std::string trigger;
    std::optional<Time> due = {};
    std::string once = {};  // a run with the same words is the same run
  };
  // nullopt: one is active already, or this one was queued before.
  Result<std::optional<Run>> queue(store::Transaction& t, const Actor& actor, const Pipeline& pipeline, const Cause& cause);
  Result<std::string> queue_job(store::Transaction& t, const Actor& actor, const Pipeline& pipeline, std::string_view run_id);
  Result<Run> load_run(store::Session& s, std::string_view id) const;
  Result<void> save_run(store::Transaction& t, const Run& run) const;
  Result<void> settle_one(std::string_view id, const jobs::Job& job);
  Result<Run> visible_run(store::Session& s, const Actor& actor, std::string_view id) const;
  Result<jobs::Finish> perform(jobs::Context& context);
  Result<jobs::Finish> execute(jobs::Context& context, Run run, const Pipeline& pipeline);
  // The transaction in which a run ends well; without a change nothing was new.
  jobs::Finish finish_run(jobs::Context& context, Run run, const Pipeline& pipeline, std::shared_ptr<Gathered> gathered,
                          std::shared_ptr<Change> change);
  Result<jobs::Finish> stop_and_ask(jobs::Context& context, Run run, const Pipeline& pipeline, std::vector<Drift> drifts);
  // The same where the rows would become so many fewer.
  Result<jobs::Finish> stop_for_loss(jobs::Context& context, Run run, const Pipeline& pipeline);
  // The owner learns of a run's warnings.
  Result<void> tell_warnings(store::Transaction& t, const Pipeline& pipeline, const Run& run);
  // Each of the schedules is due some day.
  [[nodiscard]] Result<void> check_schedules(const Pipeline& pipeline, const calendar::WorkingDays& days) const;
  // Whoever reads the dataset learns that its source has changed.
  Result<void> tell_consumers(store::Transaction& t, const Pipeline& pipeline, const std::vector<Drift>& drifts);
  // What the dataset is called when the first run adds it.
  [[nodiscard]] static catalog::NewDataset entry_of(const Pipeline& pipeline);
  // The files at the source that no run has read.
  Result<std::vector<sources::File>> new_files(const Actor& owner, const Pipeline& pipeline, bool all_of_them) const;

  Deps deps_;
};

}  // namespace qushu::ingest
