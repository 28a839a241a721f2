#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "target.h"

namespace qushu::sources {
namespace {

using Input = Field::Input;

constexpr std::array<std::string_view, 7> kNames{"http", "s3", "sftp", "postgresql", "mysql", "sqlite", "odbc"};

Field host() {
  return {.name = "host", .label = {"主机", "Host"}, .required = true, .address = true};
}
Field port(std::string_view otherwise) {
  return {.name = "port", .input = Input::integer, .label = {"端口", "Port"}, .otherwise = otherwise, .address = true};
}
Field user(bool required) {
  return {.name = "user", .label = {"用户名", "User"}, .required = required};
}
Field password() {
  return {.name = "password", .input = Input::secret, .label = {"口令", "Password"}};
}
Field database() {
  return {.name = "database", .label = {"数据库", "Database"}, .required = true};
}
Field tls() {
  return {.name = "tls",
          .input = Input::choice,
          .label = {"加密", "Encryption"},
          .otherwise = "prefer",
          .choices = "prefer|require|verify|off",
          .address = true,
          .note = {"prefer：能加密则加密；require：必须加密；verify：还要核验证书；off：不加密",
                   "prefer: when the server can; require: always; verify: and its certificate is checked; off: never"}};
}
Field ca() {
  return {.name = "ca",
          .input = Input::lines,
          .label = {"自有 CA 证书（PEM）", "Own CA certificates (PEM)"},
          .address = true,
          .note = {"为空则用系统信任的证书", "Empty: those that the system trusts"}};
}

const std::array kHttp{Field{.name = "url",
                             .label = {"地址", "Address"},
                             .required = true,
                             .address = true,
                             .note = {"一个文件的 http:// 或 https:// 地址", "The http:// or https:// address of one file"}},
                       Field{.name = "auth",
                             .input = Input::choice,
                             .label = {"认证方式", "Authentication"},
                             .otherwise = "none",
                             .choices = "none|basic|bearer|header",
                             .note = {"basic 用户名和口令；bearer 令牌；header 自定义请求头",
                                      "basic: user and password; bearer: a token; header: a request header of its own"}},
                       user(false),
                       Field{.name = "header", .label = {"请求头名称", "Header's name"}},
                       Field{.name = "password", .input = Input::secret, .label = {"口令或令牌", "Password or token"}},
                       ca()};

const std::array kS3{Field{.name = "endpoint",
                           .label = {"服务地址", "Endpoint"},
                           .required = true,
                           .address = true,
                           .note = {"如 https://oss.example.gov.cn", "Such as https://oss.example.gov.cn"}},
                     Field{.name = "region", .label = {"区域", "Region"}, .otherwise = "us-east-1"},
                     Field{.name = "bucket", .label = {"存储桶", "Bucket"}, .required = true, .address = true},
                     Field{.name = "prefix", .label = {"目录前缀", "Prefix"}},
                     Field{.name = "path_style",
                           .input = Input::boolean,
                           .label = {"存储桶写在路径里", "Bucket in the path"},
                           .otherwise = "true",
                           .address = true,
                           .note = {"关闭则写在域名里", "Off: in the host's name"}},
                     Field{.name = "access_key", .label = {"访问密钥编号", "Access key"}},
                     Field{.name = "secret_key", .input = Input::secret, .label = {"访问密钥", "Secret key"}},
                     ca()};

const std::array kSftp{host(),
                       port("22"),
                       user(true),
                       Field{.name = "folder", .label = {"目录", "Folder"}, .otherwise = "."},
                       Field{.name = "host_key",
                             .label = {"主机密钥指纹", "Host key's fingerprint"},
                             .address = true,
                             .note = {"SHA256:…，首次测试连接时记下，此后不符即拒绝",
                                      "SHA256:…, kept at the first check; another one is refused from then on"}},
                       password(),
                       Field{.name = "private_key", .input = Input::secret, .label = {"私钥（PEM）", "Private key (PEM)"}},
                       Field{.name = "passphrase", .input = Input::secret, .label = {"私钥口令", "Key's passphrase"}}};

const std::array kPostgresql{host(), port("5432"), database(), user(true), password(), tls(), ca()};

const std::array kMysql{host(),
                        port("3306"),
                        database(),
                        user(true),
                        password(),
                        tls(),
                        ca(),
                        Field{.name = "tinyint",
                              .input = Input::choice,
                              .label = {"tinyint(1) 读作", "tinyint(1) is read as"},
                              .otherwise = "boolean",
                              .choices = "boolean|integer"}};

const std::array kSqlite{Field{.name = "file",
                               .label = {"数据库文件", "Database file"},
                               .required = true,
                               .address = true,
                               .note = {"在设置 sources.folder 所指的目录之内", "Below the folder that sources.folder names"}}};

const std::array kOdbc{Field{.name = "dsn",
                             .label = {"系统数据源名", "System DSN"},
                             .address = true,
                             .note = {"管理员在 odbc.ini 中定义的名称；与驱动二者填一",
                                      "A name that the administrator defined in odbc.ini; either this or a driver"}},
                       Field{.name = "driver",
                             .label = {"驱动", "Driver"},
                             .address = true,
                             .note = {"odbcinst.ini 中登记的驱动名", "A driver's name as registered in odbcinst.ini"}},
                       Field{.name = "host", .label = {"主机", "Host"}, .address = true},
                       Field{.name = "port", .input = Input::integer, .label = {"端口", "Port"}, .address = true},
                       Field{.name = "database", .label = {"数据库", "Database"}, .address = true},
                       user(false),
                       password(),
                       Field{.name = "options",
                             .label = {"其他连接参数", "Further options"},
                             .address = true,
                             .note = {"键=值，以分号隔开；可用的键见设置 sources.odbc_options",
                                      "key=value, separated by semicolons; the setting sources.odbc_options says which"}}};

const std::array<Text, 7> kTitles{{{"HTTP 地址", "HTTP address"},
                                   {"S3 对象存储", "S3 storage"},
                                   {"SFTP 目录", "SFTP folder"},
                                   {"PostgreSQL", "PostgreSQL"},
                                   {"MySQL / MariaDB", "MySQL / MariaDB"},
                                   {"SQLite 文件", "SQLite file"},
                                   {"ODBC 数据库", "ODBC database"}}};

Failure misfit(const Field& field, std::string zh, std::string en) {
  return fail(wrong("source.setting", fmt::format("settings.{}", field.name), fmt::format("“{}”{}", field.label.zh, zh),
                    fmt::format("“{}” {}", field.label.en, en)));
}

Result<json::value> value_of(const Field& field, const json::value& given) {
  switch (field.input) {
    case Input::integer:
      if (given.is_int64() && given.as_int64() >= 0 && given.as_int64() <= 65535) return given;
      if (given.is_string())
        if (auto n = to_int(given.as_string()); n && *n >= 0 && *n <= 65535) return json::value(*n);
      return misfit(field, "应为 0 到 65535 的整数。", "is a whole number from 0 to 65535.");
    case Input::boolean:
      if (given.is_bool()) return given;
      if (given.is_string() && (given.as_string() == "true" || given.as_string() == "false"))
        return json::value(given.as_string() == "true");
      return misfit(field, "应为 true 或 false。", "is true or false.");
    case Input::choice: {
      auto choices = split(field.choices, '|');
      if (given.is_string() && std::ranges::find(choices, std::string_view(given.as_string())) != choices.end()) return given;
      return misfit(field, fmt::format("应为 {} 之一。", field.choices), fmt::format("is one of {}.", field.choices));
    }
    default: {
      if (!given.is_string()) return misfit(field, "应为文字。", "is a text.");
      auto text = std::string(trim(std::string_view(given.as_string())));
      auto control = std::ranges::any_of(text, [&](char c) {
        return static_cast<unsigned char>(c) < 0x20 && (field.input != Input::lines || (c != '\n' && c != '\r'));
      });
      if (control || text.size() > 65536)
        return misfit(field, "含有控制字符，或过长。", "holds control characters or is too long.");
      return json::value(text);
    }
  }
}

}  // namespace

std::string_view name(Kind kind) {
  return kNames.at(static_cast<std::size_t>(kind));
}

bool parse(std::string_view text, Kind& out) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] != text) continue;
    out = static_cast<Kind>(i);
    return true;
  }
  return false;
}

bool holds_files(Kind kind) {
  return kind == Kind::http || kind == Kind::s3 || kind == Kind::sftp;
}

std::span<const Field> fields(Kind kind) {
  switch (kind) {
    case Kind::http:
      return kHttp;
    case Kind::s3:
      return kS3;
    case Kind::sftp:
      return kSftp;
    case Kind::postgresql:
      return kPostgresql;
    case Kind::mysql:
      return kMysql;
    case Kind::sqlite:
      return kSqlite;
    case Kind::odbc:
      return kOdbc;
  }
  return {};
}

const Text& title(Kind kind) {
  return kTitles.at(static_cast<std::size_t>(kind));
}

Error wrong(std::string_view id, std::string_view field, std::string zh, std::string en) {
  return {.code = Code::invalid, .id = std::string(id), .text = {std::move(zh), std::move(en)}, .subject = std::string(field)};
}

Result<json::object> complete(Kind kind, const json::object& given) {
  json::object out;
  for (const auto& field : fields(kind)) {
    if (field.input == Input::secret) continue;
    const auto* found = given.if_contains(field.name);
    auto blank =
        found == nullptr || found->is_null() || (found->is_string() && trim(std::string_view(found->as_string())).empty());
    if (blank && field.required) return misfit(field, "必须填写。", "is needed.");
    json::value value = blank ? json::value(json::string(field.otherwise)) : *found;
    if (blank && field.otherwise.empty()) {
      if (field.input == Input::integer) value = 0;
      if (field.input == Input::boolean) value = false;
    }
    QS_TRY(out[field.name], value_of(field, value));
  }
  for (const auto& item : given)
    if (!out.contains(item.key()))
      return fail(
          wrong("source.setting", fmt::format("settings.{}", std::string_view(item.key())),
                fmt::format("“{}”没有“{}”这个设置；口令等请放在 secrets 里。", title(kind).zh, std::string_view(item.key())),
                fmt::format("{} has no setting “{}”; passwords belong under secrets.", title(kind).en,
                            std::string_view(item.key()))));
  return out;
}

Result<void> check_secrets(Kind kind, const std::map<std::string, std::string>& secrets) {
  for (const auto& [key, value] : secrets) {
    auto known = std::ranges::any_of(fields(kind), [&](const Field& f) { return f.input == Input::secret && f.name == key; });
    if (!known)
      return fail(wrong("source.secret", fmt::format("secrets.{}", key),
                        fmt::format("“{}”没有“{}”这个凭据。", title(kind).zh, key),
                        fmt::format("{} has no secret “{}”.", title(kind).en, key)));
    if (value.size() > 65536 || value.find('\0') != std::string::npos)
      return fail(wrong("source.secret", fmt::format("secrets.{}", key), "凭据过长，或含有空字符。",
                        "The secret is too long or holds a NUL."));
  }
  return {};
}

bool same_address(Kind kind, const json::object& a, const json::object& b) {
  return std::ranges::all_of(fields(kind), [&](const Field& field) {
    if (!field.address) return true;
    const auto* left = a.if_contains(field.name);
    const auto* right = b.if_contains(field.name);
    // A host key that is pinned for the first time is no other address.
    if (field.name == "host_key" && left != nullptr && left->is_string() && left->as_string().empty()) return true;
    return left != nullptr && right != nullptr && *left == *right;
  });
}

std::string Target::text(std::string_view field) const {
  const auto* found = settings.if_contains(field);
  return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
}
std::int64_t Target::integer(std::string_view field) const {
  const auto* found = settings.if_contains(field);
  return found != nullptr && found->is_int64() ? found->as_int64() : 0;
}
bool Target::flag(std::string_view field) const {
  const auto* found = settings.if_contains(field);
  return found != nullptr && found->is_bool() && found->as_bool();
}
std::string Target::secret(std::string_view field) const {
  auto found = secrets.find(std::string(field));
  return found == secrets.end() ? std::string() : found->second;
}
std::string Target::place() const {
  for (std::string_view field : {"url", "endpoint", "host", "file", "dsn", "driver"})
    if (auto value = text(field); !value.empty()) {
      value = value.substr(0, value.find_first_of("?#"));  // where tokens hide
      auto number = integer("port");
      return field == "host" && number != 0 ? fmt::format("{} {}:{}", name(kind), value, number)
                                            : fmt::format("{} {}", name(kind), value);
    }
  return std::string(name(kind));
}

}  // namespace qushu::sources
