#include <array>

#include "qushu/ingest/ingest.h"

namespace qushu::ingest {
namespace {

const std::array kMigrations{
    store::Migration{.id = "ingest.0001",
                     .sql = "CREATE TABLE import (id TEXT PRIMARY KEY, file_name TEXT NOT NULL, "
                            "file_blob TEXT NOT NULL, byte_count BIGINT NOT NULL, state TEXT NOT NULL, "
                            "job_id TEXT NOT NULL, person_id TEXT NOT NULL, person_name TEXT NOT NULL, "
                            "department_id TEXT NOT NULL, dataset_hint TEXT NOT NULL, "
                            "entry TEXT NOT NULL, tables TEXT NOT NULL, error_zh TEXT, error_en TEXT, "
                            "created BIGINT NOT NULL, changed BIGINT NOT NULL);\n"
                            "CREATE INDEX import_person ON import (person_id, id);\n"
                            "CREATE INDEX import_department ON import (department_id, id);\n"
                            "CREATE INDEX import_blob ON import (file_blob);\n"},
    store::Migration{
        .id = "ingest.0002",
        .sql = "CREATE TABLE push_batch (id TEXT PRIMARY KEY, dataset_id TEXT NOT NULL, place BIGINT NOT NULL, mode TEXT "
               "NOT NULL, columns TEXT NOT NULL, row_count BIGINT NOT NULL, rejected_count BIGINT NOT NULL, person_id "
               "TEXT NOT NULL, person_name TEXT NOT NULL, at BIGINT NOT NULL, rejects TEXT NOT NULL, payload TEXT NOT "
               "NULL);\n"
               "CREATE INDEX push_batch_place ON push_batch (dataset_id, place);\n"
               "CREATE TABLE push_key (dataset_id TEXT NOT NULL, person_id TEXT NOT NULL, key TEXT NOT NULL, part BIGINT "
               "NOT NULL, digest TEXT NOT NULL, answer TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (dataset_id, "
               "person_id, key, part));\n"
               "CREATE INDEX push_key_at ON push_key (at);\n"
               "CREATE TABLE push_flush (dataset_id TEXT PRIMARY KEY, due BIGINT NOT NULL);\n"},
    store::Migration{.id = "ingest.0003",
                     .sql = "CREATE TABLE push_pause (dataset_id TEXT PRIMARY KEY, job_id TEXT NOT NULL);\n"},
    store::Migration{.id = "ingest.0004",
                     .sql = "CREATE TABLE push_outcome (batch_id TEXT PRIMARY KEY, rejected BIGINT NOT NULL, faults TEXT NOT "
                            "NULL, at BIGINT NOT NULL);\n"}};

const std::array kSettings{
    SettingSpec{.key = "ingest.minimum_free",
                .kind = SettingKind::bytes,
                .default_value = "1GiB",
                .label = {"磁盘剩余空间低于此值时拒绝上传", "Uploads are refused when less disk space is free"},
                .min = 0},
    SettingSpec{.key = "ingest.compare_full",
                .kind = SettingKind::boolean,
                .default_value = "true",
                .label = {"全量更新有主键的数据集时，与上一版本比较，统计新增、变化、删除和未变的行",
                          "Full loads of datasets with a key are compared with the version before, to count what changed"},
                .runtime = true},
    SettingSpec{.key = "ingest.repeated_keys",
                .kind = SettingKind::choice,
                .default_value = "last",
                .label = {"一批数据里主键重复时：以最后一行为准、其余剔除，或者全部剔除",
                          "Rows of one load with the same key: last keeps the last one and rejects the others, reject all"},
                .choices = "last|reject",
                .runtime = true},
    SettingSpec{.key = "ingest.key_check_rows",
                .kind = SettingKind::integer,
                .default_value = "1000000",
                .label = {"全量导入不超过多少行时，发布前检查主键：主键为空或重复的行剔除；更大的导入不检查，先发布",
                          "Full loads of up to so many rows have their keys looked at first: rows whose key is empty or comes "
                          "again are rejected; larger ones are published without"},
                .min = 0,
                .max = 1'000'000'000,
                .runtime = true},
    SettingSpec{.key = "ingest.push_interval",
                .kind = SettingKind::seconds,
                .default_value = "5s",
                .label = {"推送的数据最迟多久后进入版本", "Pushed rows are in a version after that long at most"},
                .min = 1,
                .max = 3600,
                .runtime = true},
    SettingSpec{.key = "ingest.push_batch",
                .kind = SettingKind::integer,
                .default_value = "1000",
                .label = {"推送时每多少行一次落盘", "Pushed rows that are made durable together"},
                .min = 1,
                .max = 100'000,
                .runtime = true},
    SettingSpec{.key = "ingest.push_body",
                .kind = SettingKind::bytes,
                .default_value = "16MiB",
                .label = {"一次推送的 JSON，或 NDJSON 的一行，最多多少字节", "Largest JSON body of a push, or line of NDJSON"},
                .min = 1024,
                .max = 1LL << 30,
                .runtime = true},
    SettingSpec{.key = "ingest.push_row",
                .kind = SettingKind::bytes,
                .default_value = "1MiB",
                .label = {"推送的一行最多多少字节", "Largest pushed row"},
                .min = 256,
                .max = 16LL << 20,
                .runtime = true},
    SettingSpec{.key = "ingest.push_waiting",
                .kind = SettingKind::integer,
                .default_value = "5000000",
                .label = {"每个数据集等待入库的推送数据最多多少行，再多就请发送方稍后重试",
                          "Most pushed rows of a dataset that may wait for a version; senders are asked to try later"},
                .min = 1000,
                .runtime = true},
    SettingSpec{.key = "ingest.push_flush",
                .kind = SettingKind::integer,
                .default_value = "500000",
                .label = {"一次入库最多多少行推送数据", "Most pushed rows that one version takes in"},
                .min = 1000,
                .max = 100'000'000,
                .runtime = true},
    SettingSpec{.key = "ingest.push_wait",
                .kind = SettingKind::seconds,
                .default_value = "30s",
                .label = {"推送时要求等到可查的，最长等多久", "Longest wait of a push that asked to be visible"},
                .min = 1,
                .max = 600,
                .runtime = true},
    SettingSpec{.key = "ingest.push_key_keep",
                .kind = SettingKind::seconds,
                .default_value = "24h",
                .label = {"推送请求的幂等键记住多久", "How long an Idempotency-Key is remembered"},
                .min = 60,
                .max = 31'536'000,
                .runtime = true},
    SettingSpec{.key = "ingest.push_versions",
                .kind = SettingKind::integer,
                .default_value = "500",
                .label = {"由推送形成的版本最多保留几个，更早的不再保留",
                          "Versions made of pushed rows that are kept; older ones are forgotten"},
                .min = 1,
                .max = 1'000'000,
                .runtime = true},
    SettingSpec{.key = "ingest.compact_parts",
                .kind = SettingKind::integer,
                .default_value = "24",
                .label = {"当前版本的数据文件或删除清单超过几个时合并",
                          "Parts or lists of deletes of the current version beyond which they are made fewer"},
                .min = 2,
                .max = 10'000,
                .runtime = true},
    SettingSpec{
        .key = "ingest.compact_deleted",
        .kind = SettingKind::number,
        .default_value = "0.2",
        .label = {"已删除的行超过多大比例时重写数据文件", "Share of deleted rows beyond which the parts are written anew"},
        .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

}  // namespace qushu::ingest
