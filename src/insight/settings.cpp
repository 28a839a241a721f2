#include <array>

#include "qushu/insight/insight.h"

namespace qushu::insight {

std::span<const store::Migration> migrations() {
  static const std::array kMigrations{store::Migration{.id = "insight.0001", .sql = R"(
CREATE TABLE lineage_use (
  dataset_id TEXT NOT NULL,
  field TEXT NOT NULL,
  person_id TEXT NOT NULL,
  calls BIGINT NOT NULL,
  last_day TEXT NOT NULL,
  PRIMARY KEY (dataset_id, field, person_id)
);
CREATE TABLE linkage_sketch (
  dataset_id TEXT PRIMARY KEY,
  number BIGINT NOT NULL,
  method TEXT NOT NULL,
  blob TEXT NOT NULL,
  at BIGINT NOT NULL
);
CREATE INDEX linkage_sketch_blob ON linkage_sketch (blob);
CREATE TABLE linkage_column (
  dataset_id TEXT NOT NULL,
  field TEXT NOT NULL,
  row_count BIGINT NOT NULL,
  value_count BIGINT NOT NULL,
  distinct_count BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, field)
);
CREATE TABLE linkage_pair (
  dataset_a TEXT NOT NULL,
  field_a TEXT NOT NULL,
  dataset_b TEXT NOT NULL,
  field_b TEXT NOT NULL,
  shared BIGINT NOT NULL,
  seen_a BIGINT NOT NULL,
  seen_b BIGINT NOT NULL,
  exact BIGINT NOT NULL,
  PRIMARY KEY (dataset_a, field_a, dataset_b, field_b)
);
CREATE INDEX linkage_pair_b ON linkage_pair (dataset_b);
CREATE TABLE linkage_decision (
  dataset_a TEXT NOT NULL,
  dataset_b TEXT NOT NULL,
  state TEXT NOT NULL,
  source_id TEXT NOT NULL,
  note TEXT NOT NULL,
  person_id TEXT NOT NULL,
  person_name TEXT NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (dataset_a, dataset_b)
);
)"}};
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  static const std::array kSpecs{
      SettingSpec{.key = "insight.lineage_depth",
                  .kind = SettingKind::integer,
                  .default_value = "3",
                  .label = {"血缘图默认向前、向后追溯几个数据集", "Datasets that lineage goes back and forth by default"},
                  .min = 1,
                  .max = 10,
                  .runtime = true},
      SettingSpec{.key = "insight.lineage_nodes",
                  .kind = SettingKind::integer,
                  .default_value = "500",
                  .label = {"血缘图的最多节点数", "Most nodes of a lineage graph"},
                  .min = 10,
                  .max = 10'000,
                  .runtime = true},
      SettingSpec{
          .key = "insight.lineage_days",
          .kind = SettingKind::integer,
          .default_value = "180",
          .label = {"多少天内读取过的人员算使用方", "Days within which somebody who read a dataset counts as its reader"},
          .min = 1,
          .max = 3650,
          .runtime = true},
      SettingSpec{.key = "insight.lineage_notes",
                  .kind = SettingKind::integer,
                  .default_value = "1000",
                  .label = {"内存中等待分析用了哪些信息项的 SQL 条数",
                            "SQL statements that wait in memory to be read for the fields they use"},
                  .min = 1,
                  .max = 100'000,
                  .runtime = true},
      SettingSpec{.key = "insight.sketch_size",
                  .kind = SettingKind::integer,
                  .default_value = "2048",
                  .label = {"每列摘要约保留多少个散列值，越大越准", "Hashes kept of a column, about; more are more exact"},
                  .min = 256,
                  .max = 65'536,
                  .runtime = true},
      SettingSpec{.key = "insight.sketch_time",
                  .kind = SettingKind::seconds,
                  .default_value = "30m",
                  .label = {"制作或比较列摘要的一次查询的时限", "Longest time of a query that makes or compares sketches"},
                  .min = 10,
                  .max = 86'400,
                  .runtime = true},
      SettingSpec{.key = "insight.linkage_distinct",
                  .kind = SettingKind::integer,
                  .default_value = "30",
                  .label = {"不同取值少于多少的列不参与一数一源比对", "Columns with fewer different values are not compared"},
                  .min = 2,
                  .max = 1'000'000,
                  .runtime = true},
      SettingSpec{.key = "insight.linkage_percent",
                  .kind = SettingKind::integer,
                  .default_value = "50",
                  .label = {"一列取值有百分之多少出现在另一列中才提示",
                            "Per cent of a column's values in another that are worth a hint"},
                  .min = 1,
                  .max = 100,
                  .runtime = true},
      SettingSpec{.key = "insight.verify_time",
                  .kind = SettingKind::seconds,
                  .default_value = "60s",
                  .label = {"精确核对两列的时限", "Longest time to compare two columns exactly"},
                  .min = 1,
                  .max = 3600,
                  .runtime = true},
      SettingSpec{.key = "insight.privacy_k",
                  .kind = SettingKind::integer,
                  .default_value = "5",
                  .label = {"隐私评估默认要求的 k（每组至少几行）", "The k that privacy assessments ask for by default"},
                  .min = 2,
                  .max = 1000,
                  .runtime = true,
                  .who = Permission::security_manage},
      SettingSpec{
          .key = "insight.privacy_combination",
          .kind = SettingKind::integer,
          .default_value = "3",
          .label = {"查找最危险组合时，一个组合最多几个信息项", "Most fields of a combination that is examined for danger"},
          .min = 1,
          .max = 8,
          .runtime = true},
      SettingSpec{.key = "insight.privacy_combinations",
                  .kind = SettingKind::integer,
                  .default_value = "300",
                  .label = {"一次最多计算多少个组合", "Most combinations that are examined at once"},
                  .min = 1,
                  .max = 10'000,
                  .runtime = true},
      SettingSpec{.key = "insight.privacy_drop_percent",
                  .kind = SettingKind::integer,
                  .default_value = "1",
                  .label = {"脱敏建议最多可略去百分之几的行", "Per cent of the rows that a masking proposal may leave out"},
                  .min = 0,
                  .max = 50,
                  .runtime = true},
      SettingSpec{.key = "insight.privacy_time",
                  .kind = SettingKind::seconds,
                  .default_value = "60s",
                  .label = {"隐私评估一次查询的时限", "Longest time of a query of a privacy assessment"},
                  .min = 1,
                  .max = 3600,
                  .runtime = true}};
  return kSpecs;
}

}  // namespace qushu::insight
