// The tables of datasets and versions, and the module's settings.
#include <array>

#include "qushu/catalog/catalog.h"
#include "qushu/catalog/grading.h"

#include "entry_schema.h"

namespace qushu::catalog {
namespace {

const std::array kMigrations{
    store::Migration{
        .id = "catalog.0001",
        .sql = "CREATE TABLE dataset (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, title TEXT NOT NULL, abstract TEXT NOT "
               "NULL, "
               "department_id TEXT NOT NULL, theme TEXT NOT NULL, tags TEXT NOT NULL, update_cycle TEXT NOT NULL, sharing_type "
               "TEXT "
               "NOT NULL, "
               "level TEXT NOT NULL, state TEXT NOT NULL, fields TEXT NOT NULL, version BIGINT NOT NULL DEFAULT 0, "
               "row_count BIGINT NOT NULL DEFAULT 0, byte_count BIGINT NOT NULL DEFAULT 0, created_by TEXT NOT NULL, created "
               "BIGINT "
               "NOT NULL, "
               "changed BIGINT NOT NULL, published BIGINT, search_text TEXT NOT NULL);\n"
               "CREATE INDEX dataset_department ON dataset (department_id);\n"
               "CREATE INDEX dataset_changed ON dataset (changed, id);\n"
               "CREATE TABLE dataset_reader (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, subject_id "
               "TEXT NOT "
               "NULL, "
               "PRIMARY KEY (dataset_id, subject_id));\n"
               "CREATE INDEX dataset_reader_subject ON dataset_reader (subject_id);\n"
               "CREATE TABLE dataset_field (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, name TEXT NOT "
               "NULL, "
               "identifier TEXT NOT NULL, PRIMARY KEY (dataset_id, name), UNIQUE (dataset_id, identifier));\n"
               "CREATE TABLE dataset_version (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, number "
               "BIGINT NOT "
               "NULL, "
               "fields TEXT NOT NULL, parts TEXT NOT NULL, read_count BIGINT NOT NULL, published_count BIGINT NOT NULL, "
               "rejected_count BIGINT NOT NULL, rejects_blob TEXT NOT NULL, profile TEXT NOT NULL, origins TEXT NOT NULL, "
               "job_id TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, at BIGINT NOT NULL, "
               "index_blob TEXT NOT NULL DEFAULT '', PRIMARY KEY (dataset_id, number));\n"
               "CREATE TABLE dataset_blob (blob TEXT NOT NULL, dataset_id TEXT NOT NULL, number BIGINT NOT NULL, "
               "PRIMARY KEY (blob, dataset_id, number), "
               "FOREIGN KEY (dataset_id, number) REFERENCES dataset_version (dataset_id, number) ON DELETE CASCADE);\n"},
    store::Migration{.id = "catalog.0002",
                     .sql = "ALTER TABLE dataset_version ADD COLUMN deletes TEXT NOT NULL DEFAULT '[]';\n"
                            "ALTER TABLE dataset_version ADD COLUMN next_id BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN mode TEXT NOT NULL DEFAULT 'full';\n"
                            "ALTER TABLE dataset_version ADD COLUMN base BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN added_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN changed_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN deleted_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN unchanged_count BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN compacted BIGINT NOT NULL DEFAULT 0;\n"
                            "ALTER TABLE dataset_version ADD COLUMN pushed BIGINT NOT NULL DEFAULT 0;\n"
                            "UPDATE dataset_version SET added_count = published_count;\n"},
    store::Migration{.id = "catalog.0003", .sql = kEntryTables},
    store::Migration{.id = "catalog.0004", .sql = "ALTER TABLE dataset_version ADD COLUMN gone TEXT NOT NULL DEFAULT '[]';\n"},
    store::Migration{.id = "catalog.0005",
                     .sql = "ALTER TABLE classification ADD COLUMN department_id TEXT NOT NULL DEFAULT '';\n"}};

const std::array kSettings{
    SettingSpec{.key = "catalog.sequence_digits",
                .kind = SettingKind::integer,
                .default_value = "6",
                .label = {"信息资源代码顺序号的位数", "Digits of the sequence number in a resource's code"},
                .min = 1,
                .max = 12,
                .runtime = true},
    SettingSpec{.key = "catalog.sheet_rows",
                .kind = SettingKind::integer,
                .default_value = "100000",
                .label = {"一次导入目录表格最多的行数", "Most rows of a catalogue spreadsheet at once"},
                .min = 100,
                .max = 1000000,
                .runtime = true},
    SettingSpec{.key = "catalog.grading_levels",
                .kind = SettingKind::text,
                .default_value = kGradingLevels,
                .label = {"各类数据的建议级别，写成 类别=级别，以空格分隔",
                          "Grade proposed for each kind of data: kind=grade, by spaces"},
                .runtime = true,
                .who = Permission::security_manage},
    SettingSpec{.key = "catalog.grading_rows",
                .kind = SettingKind::integer,
                .default_value = "20000",
                .label = {"分级建议抽查的数据行数", "Rows that are looked at to propose grades"},
                .min = 100,
                .max = 10000000,
                .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  return kSettings;
}

}  // namespace qushu::catalog
