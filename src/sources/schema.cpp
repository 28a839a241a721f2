// The table and settings of sources.
#include <array>

#include "qushu/sources/sources.h"

namespace qushu::sources {
namespace {

const std::array kMigrations{store::Migration{
    .id = "sources.0001",
    .sql =
        "CREATE TABLE source (id TEXT PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT NOT NULL, kind TEXT NOT NULL, "
        "department_id TEXT NOT NULL, settings TEXT NOT NULL, secrets TEXT NOT NULL, secret_names TEXT NOT NULL, parallel "
        "BIGINT "
        "NOT NULL, state TEXT NOT NULL, version TEXT NOT NULL, error TEXT NOT NULL, checked BIGINT, person_id TEXT NOT NULL, "
        "person_name TEXT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL);\n"
        "CREATE INDEX source_department ON source (department_id);\n"}};

const std::array kSettings{
    SettingSpec{
        .key = "sources.denied_addresses",
        .kind = SettingKind::text,
        .default_value =
            "0.0.0.0/8, 169.254.0.0/16, 100.100.100.200/32, 224.0.0.0/4, ::/128, fe80::/10, fd00:ec2::254/128, ff00::/8",
        .label = {"数据源不得连接的网段（默认含云主机元数据地址）",
                  "Ranges that sources may not reach (those of cloud metadata by default)"},
        .runtime = true,
        .who = Permission::security_manage},
    SettingSpec{.key = "sources.allow_loopback",
                .kind = SettingKind::boolean,
                .default_value = "false",
                .label = {"数据源可以连接本机", "Sources may reach this machine itself"},
                .runtime = true,
                .who = Permission::security_manage},
    SettingSpec{.key = "sources.folder",
                .kind = SettingKind::text,
                .default_value = "",
                .label = {"存放可读取的数据库文件的目录（SQLite 等）；为空则不可读取",
                          "Folder of database files that may be read (SQLite …); none when empty"}},
    SettingSpec{.key = "sources.odbc_options",
                .kind = SettingKind::text,
                .default_value = "Encrypt,TrustServerCertificate,TDS_Version,ClientCharset,Charset,SSLmode,Schema,BoolsAsChar,"
                                 "MaxVarcharSize,UseDeclareFetch,Fetch",
                .label = {"ODBC 数据源可以使用的连接参数", "Options that ODBC sources may use"}},
    SettingSpec{.key = "sources.connect_timeout",
                .kind = SettingKind::seconds,
                .default_value = "10s",
                .label = {"连接数据源的时限", "Time to connect to a source"},
                .min = 1,
                .max = 300,
                .runtime = true},
    SettingSpec{.key = "sources.query_timeout",
                .kind = SettingKind::seconds,
                .default_value = "10m",
                .label = {"等待数据源第一行的时限", "Time to wait for a source's first row"},
                .min = 1,
                .max = 86400,
                .runtime = true},
    SettingSpec{.key = "sources.stall_timeout",
                .kind = SettingKind::seconds,
                .default_value = "60s",
                .label = {"数据源多久没有新数据即中止", "Time without anything new after which reading a source ends"},
                .min = 1,
                .max = 3600,
                .runtime = true},
    SettingSpec{.key = "sources.file_limit",
                .kind = SettingKind::bytes,
                .default_value = "64GiB",
                .label = {"从数据源取回的单个文件的最大大小", "Largest file fetched from a source"},
                .min = 1024,
                .runtime = true},
    SettingSpec{.key = "sources.list_limit",
                .kind = SettingKind::integer,
                .default_value = "100000",
                .label = {"一个目录最多列出的文件数", "Most files listed of a folder"},
                .min = 1,
                .max = 10000000,
                .runtime = true},
    SettingSpec{.key = "sources.preview_limit",
                .kind = SettingKind::bytes,
                .default_value = "8MiB",
                .label = {"预览文件时最多取回的大小", "Most that is fetched of a file for its preview"},
                .min = 1024,
                .max = 1 << 30,
                .runtime = true},
    SettingSpec{.key = "sources.retries",
                .kind = SettingKind::integer,
                .default_value = "5",
                .label = {"下载中断后续传的最多次数", "How often a download that was cut is resumed"},
                .min = 0,
                .max = 100,
                .runtime = true},
    SettingSpec{.key = "sources.redirects",
                .kind = SettingKind::integer,
                .default_value = "5",
                .label = {"跟随重定向的最多次数", "Most redirects that are followed"},
                .min = 0,
                .max = 20,
                .runtime = true}};

}  // namespace

std::span<const store::Migration> migrations() {
  return kMigrations;
}
std::span<const SettingSpec> settings() {
  return kSettings;
}

}  // namespace qushu::sources
