// The module's tables and settings.
#include <array>

#include "qushu/opendata/opendata.h"

namespace qushu::opendata {

std::span<const store::Migration> migrations() {
  static const std::array kMigrations{store::Migration{.id = "opendata.0001", .sql = R"(
CREATE TABLE open_release (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  state TEXT NOT NULL,
  fields TEXT NOT NULL,
  licence TEXT NOT NULL,
  title_en TEXT NOT NULL,
  abstract_en TEXT NOT NULL,
  excuses TEXT NOT NULL,
  privacy TEXT NOT NULL,
  version BIGINT NOT NULL,
  held TEXT NOT NULL DEFAULT '{}',
  proposed_by TEXT NOT NULL,
  proposed_name TEXT NOT NULL,
  proposed_at BIGINT NOT NULL,
  reason TEXT NOT NULL,
  decided_by TEXT NOT NULL DEFAULT '',
  decided_name TEXT NOT NULL DEFAULT '',
  decided_at BIGINT,
  decision TEXT NOT NULL DEFAULT '',
  withdrawn_by TEXT NOT NULL DEFAULT '',
  withdrawn_name TEXT NOT NULL DEFAULT '',
  withdrawn_at BIGINT,
  withdrawal TEXT NOT NULL DEFAULT '',
  change_number BIGINT NOT NULL
);
CREATE UNIQUE INDEX open_release_live ON open_release (dataset_id) WHERE state = 'approved';
CREATE UNIQUE INDEX open_release_waiting ON open_release (dataset_id) WHERE state = 'proposed';
CREATE INDEX open_release_dataset ON open_release (dataset_id, id);
CREATE INDEX open_release_change ON open_release (change_number);
CREATE TABLE open_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE open_licence (
  id TEXT PRIMARY KEY,
  title_zh TEXT NOT NULL,
  title_en TEXT NOT NULL,
  text_zh TEXT NOT NULL,
  text_en TEXT NOT NULL,
  url TEXT NOT NULL,
  is_open BIGINT NOT NULL,
  retired BIGINT NOT NULL,
  position BIGINT NOT NULL
);
INSERT INTO open_licence (id, title_zh, title_en, text_zh, text_en, url, is_open, retired, position) VALUES
  ('district-open', '公共数据开放许可', 'District open data licence',
   '可以免费、不限目的地使用、复制、加工和再发布，须注明数据来源和更新时间，不得歪曲数据原意。',
   'Free to use, copy, process and republish for any purpose, naming the source and its date and not distorting what the data say.',
   '', 1, 0, 1),
  ('cc-by', '知识共享 署名 4.0', 'Creative Commons Attribution 4.0', '使用时须署名。', 'Attribution is required.',
   'https://creativecommons.org/licenses/by/4.0/', 1, 0, 2),
  ('cc-zero', '知识共享 CC0 1.0', 'Creative Commons CC0 1.0', '放弃权利，任意使用。', 'Rights waived: any use.',
   'https://creativecommons.org/publicdomain/zero/1.0/', 1, 0, 3),
  ('odc-by', '开放数据共用 署名', 'Open Data Commons Attribution', '使用时须署名。', 'Attribution is required.',
   'https://opendatacommons.org/licenses/by/1-0/', 1, 0, 4);
)"},
                                      store::Migration{.id = "opendata.0002", .sql = R"(
CREATE TABLE open_package (
  dataset_id TEXT PRIMARY KEY,
  package_id TEXT NOT NULL,
  said TEXT NOT NULL
);
CREATE UNIQUE INDEX open_package_id ON open_package (package_id);
CREATE TABLE open_resource (
  id TEXT PRIMARY KEY,
  dataset_id TEXT NOT NULL,
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  format TEXT NOT NULL,
  url TEXT NOT NULL,
  linked BIGINT NOT NULL,
  import_id TEXT NOT NULL,
  file_name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  size BIGINT NOT NULL,
  created BIGINT NOT NULL,
  changed BIGINT NOT NULL
);
CREATE UNIQUE INDEX open_resource_dataset ON open_resource (dataset_id);
)"},
                                      store::Migration{.id = "opendata.0003", .sql = R"(
CREATE TABLE open_harvest (
  id TEXT PRIMARY KEY,
  code TEXT NOT NULL UNIQUE,
  title TEXT NOT NULL,
  kind TEXT NOT NULL,
  address TEXT NOT NULL,
  department_id TEXT NOT NULL,
  owner_id TEXT NOT NULL,
  owner_name TEXT NOT NULL,
  enabled BIGINT NOT NULL,
  cron TEXT NOT NULL,
  days TEXT NOT NULL,
  next_due BIGINT,
  created BIGINT NOT NULL,
  changed BIGINT NOT NULL
);
CREATE INDEX open_harvest_due ON open_harvest (next_due);
CREATE TABLE open_harvest_run (
  id TEXT PRIMARY KEY,
  harvest_id TEXT NOT NULL,
  job_id TEXT NOT NULL,
  cause TEXT NOT NULL,
  person_name TEXT NOT NULL,
  seen_count BIGINT NOT NULL DEFAULT 0,
  created_count BIGINT NOT NULL DEFAULT 0,
  changed_count BIGINT NOT NULL DEFAULT 0,
  unchanged_count BIGINT NOT NULL DEFAULT 0,
  gone_count BIGINT NOT NULL DEFAULT 0,
  failed_count BIGINT NOT NULL DEFAULT 0,
  whole BIGINT NOT NULL DEFAULT 1,
  created BIGINT NOT NULL,
  ended BIGINT
);
CREATE INDEX open_harvest_run_harvest ON open_harvest_run (harvest_id, id);
CREATE TABLE open_harvest_entry (
  harvest_id TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  dataset_id TEXT NOT NULL,
  said TEXT NOT NULL,
  digest TEXT NOT NULL,
  run_id TEXT NOT NULL,
  outcome TEXT NOT NULL,
  first_seen BIGINT NOT NULL,
  last_seen BIGINT NOT NULL,
  gone BIGINT,
  PRIMARY KEY (harvest_id, remote_id)
);
CREATE TABLE open_harvest_error (
  run_id TEXT NOT NULL,
  number BIGINT NOT NULL,
  remote_id TEXT NOT NULL,
  title TEXT NOT NULL,
  zh TEXT NOT NULL,
  en TEXT NOT NULL,
  PRIMARY KEY (run_id, number)
);
)"},
                                      store::Migration{.id = "opendata.0004", .sql = R"(
CREATE TABLE open_ask (
  id TEXT PRIMARY KEY,
  number BIGINT NOT NULL UNIQUE,
  wanted TEXT NOT NULL,
  purpose TEXT NOT NULL,
  name TEXT NOT NULL,
  contact TEXT NOT NULL,
  state TEXT NOT NULL,
  answer TEXT NOT NULL DEFAULT '',
  answered_by TEXT NOT NULL DEFAULT '',
  at BIGINT NOT NULL,
  answered BIGINT
);
CREATE INDEX open_ask_state ON open_ask (state, id);
)"},
                                      store::Migration{.id = "opendata.0005", .sql = R"(
CREATE TABLE open_boundary (
  code TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  rings TEXT NOT NULL
);
CREATE TABLE open_boundary_set (
  name TEXT PRIMARY KEY,
  count BIGINT NOT NULL,
  digest TEXT NOT NULL,
  person_name TEXT NOT NULL,
  at BIGINT NOT NULL
);
)"},
                                      // Of what was open before, the version that was open last is known.
                                      store::Migration{.id = "opendata.0006", .sql = R"(
CREATE TABLE open_version (
  dataset_id TEXT NOT NULL,
  version BIGINT NOT NULL,
  opened BIGINT NOT NULL,
  PRIMARY KEY (dataset_id, version)
);
INSERT INTO open_version (dataset_id, version, opened)
  SELECT dataset_id, version, max(decided_at) FROM open_release
  WHERE state IN ('approved', 'superseded', 'withdrawn') AND version > 0 AND decided_at IS NOT NULL
  GROUP BY dataset_id, version;
)"}};
  return kMigrations;
}

std::span<const SettingSpec> settings() {
  static const std::array kSpecs{
      SettingSpec{.key = "opendata.level",
                  .kind = SettingKind::choice,
                  .default_value = "1",
                  .label = {"可以向公众开放的最高数据级别", "Highest grade of a field that may be released to the public"},
                  .choices = "1|2|3|4",
                  .runtime = true,
                  .who = Permission::security_manage},
      SettingSpec{.key = "opendata.k",
                  .kind = SettingKind::integer,
                  .default_value = "5",
                  .label = {"开放前须达到的 k-匿名", "k-anonymity that a release must reach"},
                  .min = 2,
                  .max = 1000,
                  .runtime = true,
                  .who = Permission::security_manage},
      SettingSpec{.key = "opendata.check_time",
                  .kind = SettingKind::seconds,
                  .default_value = "120s",
                  .label = {"一次隐私检查的时限", "Longest time of one privacy check"},
                  .min = 1,
                  .max = 3600,
                  .runtime = true},
      SettingSpec{.key = "opendata.boundary_bytes",
                  .kind = SettingKind::bytes,
                  .default_value = "32MiB",
                  .label = {"区域边界文件的大小上限", "Size limit of the file with the outlines of regions"},
                  .min = 1024,
                  .max = 256 << 20,
                  .runtime = true},
      SettingSpec{.key = "opendata.ckan_memory",
                  .kind = SettingKind::bytes,
                  .default_value = "64MiB",
                  .label = {"为 CKAN 接口的答复留用的内存", "Memory that keeps what answers of CKAN's API are made of"},
                  .min = 1 << 20,
                  .max = std::int64_t{4} << 30,
                  .runtime = true},
      SettingSpec{
          .key = "opendata.ckan_wait",
          .kind = SettingKind::seconds,
          .default_value = "30s",
          .label = {"经 CKAN 接口上传的文件，最多等多久再答复；没有处理完的在后台继续",
                    "How long a client of CKAN's API waits for its file to be taken in; what takes longer goes on behind"},
          .min = 0,
          .max = 600,
          .runtime = true},
      SettingSpec{
          .key = "opendata.harvest_private",
          .kind = SettingKind::boolean,
          .default_value = "false",
          .label = {"允许采集内部网络地址上的数据目录", "Whether catalogues at addresses of private networks may be harvested"},
          .runtime = true},
      SettingSpec{.key = "opendata.harvest_size",
                  .kind = SettingKind::bytes,
                  .default_value = "32MiB",
                  .label = {"采集目录时一个文档的最大长度", "Longest document of a catalogue that is harvested"},
                  .min = 1024,
                  .max = 1073741824,
                  .runtime = true},
      SettingSpec{.key = "opendata.harvest_time",
                  .kind = SettingKind::seconds,
                  .default_value = "60s",
                  .label = {"采集目录时一个文档的时限", "Longest time of one document of a catalogue that is harvested"},
                  .min = 1,
                  .max = 3600,
                  .runtime = true},
      SettingSpec{.key = "opendata.harvest_datasets",
                  .kind = SettingKind::integer,
                  .default_value = "100000",
                  .label = {"一次采集最多多少个数据集", "How many datasets of a catalogue are harvested at most"},
                  .min = 1,
                  .max = 10000000,
                  .runtime = true},
      SettingSpec{.key = "opendata.form_limit",
                  .kind = SettingKind::integer,
                  .default_value = "10",
                  .label = {"一个地址每小时最多提交几次公众表单", "How often an hour one address may send the public's forms"},
                  .min = 1,
                  .max = 100000,
                  .runtime = true},
      SettingSpec{.key = "opendata.form_total",
                  .kind = SettingKind::integer,
                  .default_value = "500",
                  .label = {"所有地址每小时最多提交几次公众表单",
                            "How often an hour all addresses together may send the public's forms"},
                  .min = 1,
                  .max = 1000000,
                  .runtime = true},
      SettingSpec{.key = "opendata.form_seconds",
                  .kind = SettingKind::seconds,
                  .default_value = "3s",
                  .label = {"公众表单打开后多久才能提交", "How long after it was opened one of the public's forms may be sent"},
                  .min = 0,
                  .max = 600,
                  .runtime = true},
      SettingSpec{.key = "opendata.url",
                  .kind = SettingKind::text,
                  .default_value = "",
                  .label = {"开放平台对外的网址，如 https://data.example.gov.cn；不填则按请求的主机名",
                            "Address of the public portal, such as https://data.example.gov.cn; the request's host when empty"},
                  .runtime = true},
      SettingSpec{.key = "opendata.title",
                  .kind = SettingKind::text,
                  .default_value = "公共数据开放平台",
                  .label = {"开放平台的名称", "Title of the public portal in Chinese"},
                  .runtime = true},
      SettingSpec{.key = "opendata.title_en",
                  .kind = SettingKind::text,
                  .default_value = "Open data portal",
                  .label = {"开放平台的英文名称", "Title of the public portal in English"},
                  .runtime = true},
      SettingSpec{.key = "opendata.query_time",
                  .kind = SettingKind::seconds,
                  .default_value = "10s",
                  .label = {"公众一次查询的时限", "Longest time of one question of the public"},
                  .min = 1,
                  .max = 600,
                  .runtime = true},
      SettingSpec{.key = "opendata.sql_time",
                  .kind = SettingKind::seconds,
                  .default_value = "5s",
                  .label = {"公众一条 SQL 的时限", "Longest time of one SQL statement of the public"},
                  .min = 1,
                  .max = 600,
                  .runtime = true},
      SettingSpec{.key = "opendata.download_time",
                  .kind = SettingKind::seconds,
                  .default_value = "1h",
                  .label = {"公众一次下载的时限", "Longest time of one download of the public"},
                  .min = 10,
                  .max = 86400,
                  .runtime = true}};
  return kSpecs;
}

}  // namespace qushu::opendata
