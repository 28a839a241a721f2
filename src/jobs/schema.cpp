// The tables and settings of jobs.
#include <array>

#include "qushu/jobs/jobs.h"

namespace qushu::jobs {
namespace {

const std::array kMigrations{
    store::Migration{
        .id = "jobs.0001",
        .sql = "CREATE TABLE job (id TEXT PRIMARY KEY, kind TEXT NOT NULL, title_zh TEXT NOT NULL, title_en TEXT NOT NULL, "
               "state TEXT NOT NULL, input TEXT NOT NULL, output TEXT NOT NULL DEFAULT '{}', object_kind TEXT NOT NULL, "
               "object_id TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, department_id TEXT NOT NULL, "
               "actor TEXT NOT NULL, progress DOUBLE PRECISION NOT NULL DEFAULT 0, step_zh TEXT NOT NULL DEFAULT '', "
               "step_en TEXT NOT NULL DEFAULT '', done_units BIGINT NOT NULL DEFAULT 0, total_units BIGINT NOT NULL DEFAULT 0, "
               "unit TEXT NOT NULL DEFAULT '', attempts BIGINT NOT NULL DEFAULT 0, max_attempts BIGINT NOT NULL, error TEXT, "
               "created BIGINT NOT NULL, changed BIGINT NOT NULL, started BIGINT, ended BIGINT, run_after BIGINT NOT NULL, "
               "cancel_asked BIGINT NOT NULL DEFAULT 0, lease_owner TEXT NOT NULL DEFAULT '', lease_until BIGINT NOT NULL "
               "DEFAULT 0, "
               "idempotency_key TEXT UNIQUE);\n"
               "CREATE INDEX job_state ON job (state, run_after);\n"
               "CREATE INDEX job_object ON job (object_kind, object_id);\n"
               "CREATE INDEX job_changed ON job (changed);\n"
               "CREATE TABLE job_log (job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, number BIGINT NOT NULL, "
               "at BIGINT NOT NULL, level TEXT NOT NULL, text_zh TEXT NOT NULL, text_en TEXT NOT NULL, PRIMARY KEY (job_id, "
               "number));\n"},
    store::Migration{.id = "jobs.0002",
                     .sql = "ALTER TABLE job ADD COLUMN lane TEXT NOT NULL DEFAULT '';\n"
                            "ALTER TABLE job ADD COLUMN lane_limit BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE job ADD COLUMN backoff BIGINT NOT NULL DEFAULT 0;\n"
                            "CREATE INDEX job_lane ON job (lane, state);\n"}};

const std::array kSettings{
    SettingSpec{.key = "jobs.workers",
                .kind = SettingKind::integer,
                .default_value = "2",
                .label = {"同时运行的作业数", "Jobs that run at the same time"},
                .min = 1,
                .max = 64},
    SettingSpec{.key = "jobs.lease",
                .kind = SettingKind::seconds,
                .default_value = "30s",
                .label = {"作业租约：进程失联多久后由别的进程接管",
                          "Lease of a job: how long after a process is gone another takes over"},
                .min = 5,
                .max = 3600},
    SettingSpec{.key = "jobs.progress_interval",
                .kind = SettingKind::integer,
                .default_value = "500",
                .label = {"写入进度的间隔（毫秒）", "Interval at which progress is written (milliseconds)"},
                .min = 50,
                .max = 10000},
    SettingSpec{.key = "jobs.backoff",
                .kind = SettingKind::seconds,
                .default_value = "5s",
                .label = {"失败后第一次重试前的等待", "Pause before the first new attempt"},
                .min = 0,
                .max = 3600},
    SettingSpec{.key = "jobs.keep_days",
                .kind = SettingKind::integer,
                .default_value = "180",
                .label = {"已结束的作业保留天数", "Days for which ended jobs are kept"},
                .min = 1,
                .max = 36500},
    SettingSpec{.key = "jobs.log_limit",
                .kind = SettingKind::integer,
                .default_value = "10000",
                .label = {"每个作业日志的最多行数", "Lines of log per job at most"},
                .min = 100,
                .max = 10000000}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  return kSettings;
}

}  // namespace qushu::jobs
