#include "qushu/base/config.h"

#include <array>
#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace qushu {
namespace {

const std::array kSpecs{
    SettingSpec{.key = "http.port",
                .kind = SettingKind::integer,
                .default_value = "8080",
                .label = {"端口", "Port"},
                .min = 0,
                .max = 65535},
    SettingSpec{.key = "http.idle_timeout",
                .kind = SettingKind::seconds,
                .default_value = "30m",
                .label = {"空闲", "Idle"},
                .min = 1,
                .max = 86400},
    SettingSpec{.key = "store.limit", .kind = SettingKind::bytes, .default_value = "2GiB", .label = {"上限", "Limit"}},
    SettingSpec{
        .key = "audit.kind", .kind = SettingKind::choice, .default_value = "a", .label = {"种类", "Kind"}, .choices = "a|b"},
    SettingSpec{.key = "mail.secret", .kind = SettingKind::secret, .default_value = "", .label = {"口令", "Secret"}},
};

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override { settings_.declare(kSpecs); }
  Settings settings_;
};

TEST_F(ConfigTest, DefaultsAreKeptInBaseUnits) {
  EXPECT_EQ(settings_.integer("http.port"), 8080);
  EXPECT_EQ(settings_.integer("http.idle_timeout"), 1800);
  EXPECT_EQ(settings_.integer("store.limit"), 2LL << 30);
}

TEST_F(ConfigTest, WrongValuesAreRefusedAndNamed) {
  struct Case {
    std::string key, value;
  };
  for (const auto& c : {Case{"http.port", "70000"},
                        {"http.port", "80a"},
                        {"http.idle_timeout", "0"},
                        {"http.idle_timeout", "2d"},
                        {"audit.kind", "c"},
                        {"store.limit", "9999999999999TiB"}}) {
    auto set = settings_.set(c.key, c.value);
    ASSERT_FALSE(set) << c.key << "=" << c.value;
    EXPECT_EQ(set.error().code, Code::invalid);
    EXPECT_EQ(set.error().subject, c.key);
    EXPECT_THAT(set.error().text.zh, ::testing::HasSubstr(c.value));
  }
  EXPECT_EQ(settings_.set("no.such", "1").error().id, "setting.unknown");
}

TEST_F(ConfigTest, FileAndEnvironmentOverride) {
  auto file = std::filesystem::temp_directory_path() / "qushu_config_test.toml";
  std::ofstream(file) << "[http]\nport = 9000\nidle_timeout = \"1h\"\n[mail]\nsecret = \"s3\"\n";
  ASSERT_TRUE(settings_.load_file(file));
  EXPECT_EQ(settings_.integer("http.port"), 9000);
  EXPECT_EQ(settings_.integer("http.idle_timeout"), 3600);
  EXPECT_EQ(settings_.shown("mail.secret"), "***");
  setenv("QUSHU_HTTP_IDLE_TIMEOUT", "90s", 1);
  ASSERT_TRUE(settings_.load_environment());
  unsetenv("QUSHU_HTTP_IDLE_TIMEOUT");
  EXPECT_EQ(settings_.integer("http.idle_timeout"), 90);
  std::ofstream(file) << "[http]\nport = \n";
  auto broken = settings_.load_file(file);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().subject, "line 2");
  std::ofstream(file) << "[http]\nprot = 1\n";
  EXPECT_EQ(settings_.load_file(file).error().subject, "http.prot");
  std::filesystem::remove(file);
}

}  // namespace
}  // namespace qushu
