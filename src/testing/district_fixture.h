// A district for each test, on both databases: two departments, people in them, a calendar, an audit and an engine, on a clock
// that the test moves. It is a Wednesday in November 2026 unless the test says otherwise.
//
//   class FooTest : public testing::DistrictTest {
//     void SetUp() override {
//       DistrictTest::SetUp();
//       open_district({foo::settings()}, foo::migrations());
//       li_ = person("li", "mzj", "data_user");
#pragma once

#include <gmock/gmock.h>

#include "qushu/audit/audit.h"
#include "qushu/calendar/calendar.h"
#include "qushu/engine/engine.h"
#include "qushu/identity/identity.h"

#include "store_fixture.h"

namespace qushu::testing {

class DistrictTest : public StoreTest {
 protected:
  explicit DistrictTest(Time now = *parse_iso("2026-11-25T02:00:00Z")) : clock_(now) {}

  // What the module needs beside the settings and tables of the district's own.
  template <class... Lists>
  void open_district(std::initializer_list<std::span<const SettingSpec>> settings, const Lists&... migrations) {
    open_with(audit::migrations(), identity::migrations(), calendar::migrations(), migrations...);
    for (auto specs : {audit::settings(), identity::settings(), calendar::settings(), engine::settings()})
      settings_.declare(specs);
    for (auto specs : settings) settings_.declare(specs);
    engine_ = take(engine::Engine::open(settings_, folder() / "engine"));
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", clock_));
    (void)take(identity_->first_start("测试区"));
    calendar_ = take(calendar::Calendar::open(store(), *audit_, settings_, clock_));
    for (const auto& [code, name] : {std::pair{"mzj", "民政局"}, std::pair{"wjw", "卫健委"}})
      (void)take(identity_->add_department(console_, {.code = code, .name = name, .parent_id = "root"}));
  }
  // Somebody who has signed in; `name` empty: called as she signs in.
  Actor person(const std::string& login, const std::string& department, const std::string& role, const std::string& name = "") {
    (void)take(identity_->add_person(console_, {.login = login,
                                                .name = name.empty() ? login : name,
                                                .department_id = department,
                                                .roles = {role},
                                                .password = "Zhen-Shi-2026-kl"}));
    auto actor = take(identity_->actor_of(login));
    actor.via = "session";
    return actor;
  }

  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  static Error wrong(const auto& result) { return result ? Error{.id = "no error"} : result.error(); }

  ManualClock clock_;
  Settings settings_;
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<calendar::Calendar> calendar_;
  std::unique_ptr<engine::Engine> engine_;
  const Actor console_ = Actor::operator_on_console("root");
};

}  // namespace qushu::testing
