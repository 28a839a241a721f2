// The tables and settings of year end.
#include <array>

#include "qushu/evaluation/evaluation.h"

namespace qushu::evaluation {
namespace {

const std::array kMigrations{store::Migration{.id = "evaluation.0001", .sql = R"(
CREATE TABLE evaluation (
  id TEXT PRIMARY KEY,
  budget_id TEXT NOT NULL,
  department_id TEXT NOT NULL,
  department_code TEXT NOT NULL,
  department_name TEXT NOT NULL,
  year BIGINT NOT NULL,
  project TEXT NOT NULL,
  project_name TEXT NOT NULL,
  UNIQUE (budget_id, project)
);
CREATE TABLE evaluation_version (
  evaluation_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  revision BIGINT NOT NULL,
  reason TEXT NOT NULL,
  comment TEXT NOT NULL,
  changed BIGINT NOT NULL,
  changed_by TEXT NOT NULL,
  drawn BIGINT NOT NULL,
  budget_version BIGINT NOT NULL,
  initial BIGINT NOT NULL,
  adjusted BIGINT NOT NULL,
  spent BIGINT NOT NULL,
  expected TEXT NOT NULL,
  reached TEXT NOT NULL,
  funds_cause TEXT NOT NULL,
  funds_remedy TEXT NOT NULL,
  PRIMARY KEY (evaluation_id, version)
);
CREATE TABLE evaluation_item (
  evaluation_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  position BIGINT NOT NULL,
  id TEXT NOT NULL,
  level TEXT NOT NULL,
  name TEXT NOT NULL,
  target TEXT NOT NULL,
  unit TEXT NOT NULL,
  direction TEXT NOT NULL,
  weight BIGINT NOT NULL,
  indicator TEXT NOT NULL,
  drawn TEXT NOT NULL,
  numerator BIGINT NOT NULL,
  denominator BIGINT NOT NULL,
  row_count BIGINT NOT NULL,
  error_zh TEXT NOT NULL,
  error_en TEXT NOT NULL,
  hand TEXT NOT NULL,
  hand_reason TEXT NOT NULL,
  cause TEXT NOT NULL,
  remedy TEXT NOT NULL,
  PRIMARY KEY (evaluation_id, version, position)
);
CREATE TABLE evaluation_evidence (
  evaluation_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  item TEXT NOT NULL,
  taken TEXT NOT NULL,
  PRIMARY KEY (evaluation_id, version, item)
);
CREATE TABLE evaluation_file (
  id TEXT PRIMARY KEY,
  evaluation_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  item TEXT NOT NULL,
  name TEXT NOT NULL,
  blob TEXT NOT NULL,
  size BIGINT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX evaluation_file_of ON evaluation_file (evaluation_id, version);
CREATE INDEX evaluation_file_blob ON evaluation_file (blob);
CREATE TABLE evaluation_step (
  id TEXT PRIMARY KEY,
  evaluation_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  at BIGINT NOT NULL,
  action TEXT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  comment TEXT NOT NULL
);
CREATE INDEX evaluation_step_of ON evaluation_step (evaluation_id, version);
CREATE TABLE evaluation_light (
  budget_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  light TEXT NOT NULL,
  PRIMARY KEY (budget_id, subject)
);
)"}};

const std::array kSettings{
    SettingSpec{.key = "evaluation.file_size",
                .kind = SettingKind::bytes,
                .default_value = "50MiB",
                .label = {"自评佐证材料每个文件最大多大", "Size of a file attached to a self-evaluation at most"},
                .min = 1024,
                .max = 4LL << 30U,
                .runtime = true},
    SettingSpec{.key = "evaluation.archive_size",
                .kind = SettingKind::bytes,
                .default_value = "1GiB",
                .label = {"核对的上报材料压缩包最大多大", "Size of an archive that is checked at most"},
                .min = 1024,
                .max = 16LL << 30U,
                .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

}  // namespace qushu::evaluation
