// The tables of entries and of the classification, with the classification's first nodes (standards.md section 2).
#pragma once

#include <string_view>

namespace qushu::catalog {

inline constexpr std::string_view kEntryTables =
    "ALTER TABLE dataset ADD COLUMN entry_state TEXT NOT NULL DEFAULT 'draft';\n"
    "ALTER TABLE dataset ADD COLUMN resource_code TEXT NOT NULL DEFAULT '';\n"
    "ALTER TABLE dataset ADD COLUMN classifications TEXT NOT NULL DEFAULT '[]';\n"
    "ALTER TABLE dataset ADD COLUMN format TEXT NOT NULL DEFAULT '';\n"
    "ALTER TABLE dataset ADD COLUMN face BIGINT NOT NULL DEFAULT 0;\n"
    "ALTER TABLE dataset ADD COLUMN entry TEXT NOT NULL DEFAULT '{}';\n"
    "ALTER TABLE dataset ADD COLUMN change_number BIGINT NOT NULL DEFAULT 0;\n"
    "CREATE UNIQUE INDEX dataset_resource_code ON dataset (resource_code) WHERE resource_code <> '';\n"
    "CREATE INDEX dataset_change_number ON dataset (change_number, id);\n"
    "CREATE INDEX dataset_entry_state ON dataset (entry_state);\n"
    "CREATE TABLE entry_version (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, number BIGINT NOT NULL, "
    "kind TEXT NOT NULL, entry TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, comment TEXT NOT NULL, "
    "at BIGINT NOT NULL, PRIMARY KEY (dataset_id, number));\n"
    "CREATE TABLE entry_step (dataset_id TEXT NOT NULL REFERENCES dataset (id) ON DELETE CASCADE, number BIGINT NOT NULL, "
    "action TEXT NOT NULL, from_state TEXT NOT NULL, to_state TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT "
    "NULL, comment TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (dataset_id, number));\n"
    "CREATE TABLE entry_submission (dataset_id TEXT PRIMARY KEY REFERENCES dataset (id) ON DELETE CASCADE, entry TEXT NOT "
    "NULL, "
    "person_id TEXT NOT NULL, person_name TEXT NOT NULL, at BIGINT NOT NULL);\n"
    "CREATE TABLE provider_code (department_id TEXT PRIMARY KEY, code TEXT NOT NULL);\n"
    "CREATE TABLE catalog_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);\n"
    "CREATE TABLE catalog_import (id TEXT PRIMARY KEY, file_name TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT "
    "NULL, at BIGINT NOT NULL, result TEXT NOT NULL);\n"
    "CREATE TABLE classification (id TEXT PRIMARY KEY, parent_id TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, "
    "retired BIGINT NOT NULL DEFAULT 0, UNIQUE (parent_id, code));\n"
    "CREATE TABLE classification_use (node_id TEXT NOT NULL, dataset_id TEXT NOT NULL, PRIMARY KEY (node_id, dataset_id));\n"
    "INSERT INTO classification (id, parent_id, code, name) VALUES "
    "('1', '', '1', '基础信息资源'), ('2', '', '2', '主题信息资源'), ('3', '', '3', '部门信息资源'), "
    "('101', '1', '01', '人口信息'), ('102', '1', '02', '法人单位信息'), ('103', '1', '03', '自然资源和空间地理信息'), "
    "('104', '1', '04', '社会信用信息'), ('105', '1', '05', '电子证照信息'), "
    "('201', '2', '01', '公共服务'), ('202', '2', '02', '健康保障'), ('203', '2', '03', '社会保障'), "
    "('204', '2', '04', '食品药品安全'), ('205', '2', '05', '安全生产'), ('206', '2', '06', '价格监管'), "
    "('207', '2', '07', '能源安全'), ('208', '2', '08', '信用体系'), ('209', '2', '09', '城乡建设'), "
    "('210', '2', '10', '社区治理'), ('211', '2', '11', '生态环保'), ('212', '2', '12', '应急维稳'), "
    "('301', '3', '01', '区级部门');\n";

}  // namespace qushu::catalog
