#include "qushu/notify/notify.h"

#include <gmock/gmock.h>

#include "mail.h"
#include "store_fixture.h"

namespace qushu::notify {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

TEST(MailTest, IsPlainAsciiOnTheWire) {
  auto text = composed({.url = "smtp://x", .user = {}, .password = {}, .from = "qushu@example.gov.cn"},
                       {.id = "01A",
                        .to = "a@example.gov.cn",
                        .subject = "共享申请 12 即将到期，请在 2026-12-09 前答复；逾期将通报数据主管部门",
                        .text = std::string(200, 'x') + "区枢",
                        .sender_name = "区枢",
                        .at = *parse_iso("2026-11-29T01:02:03Z")});
  EXPECT_THAT(text, HasSubstr("Date: Sun, 29 Nov 2026 01:02:03 +0000\r\n"));
  EXPECT_THAT(text, HasSubstr("From: =?UTF-8?B?5Yy65p6i?= <qushu@example.gov.cn>\r\n"));
  EXPECT_THAT(text, HasSubstr("Message-ID: <01A@example.gov.cn>\r\n"));
  std::size_t line = 0;
  for (char c : text) {
    EXPECT_LT(static_cast<unsigned char>(c), 0x80);
    line = c == '\n' ? 0 : line + 1;
    EXPECT_LE(line, 78U);
  }
}

class NotifyTest : public testing::StoreTest {
 protected:
  void SetUp() override {
    testing::StoreTest::SetUp();
    open_with(audit::migrations(), jobs::migrations(), identity::migrations(), notice_migrations());
    for (auto specs : {audit::settings(), jobs::settings(), identity::settings(), settings()}) settings_.declare(specs);
    static const std::array kSite{
        SettingSpec{.key = "site.name", .kind = SettingKind::text, .default_value = "区枢", .label = {"名称", "Name"}}};
    settings_.declare(kSite);
    std::filesystem::create_directories(folder() / "keys");
    audit_ = take(audit::Audit::open(store(), settings_, folder(), clock_));
    jobs_ = take(jobs::Jobs::open(store(), *audit_, settings_, clock_));
    identity_ = take(identity::Identity::open(store(), *audit_, settings_, folder() / "keys", clock_));
    take(identity_->first_start("本级政府"));
    notify_ = std::make_unique<Notify>(
        Notify::Deps{.store = store(), .jobs = *jobs_, .identity = *identity_, .settings = settings_, .clock = clock_});
    notify_->register_jobs();
    for (const auto* code : {"a", "b"})
      departments_.push_back(
          take(identity_->add_department(Actor::system(), {.code = code, .name = code, .parent_id = "root"})).id);
  }
  template <class T>
  static T take(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().id + ": " + result.error().text.en + " " + result.error().detail);
    return *std::move(result);
  }
  std::string person(const std::string& login, std::size_t department, std::vector<std::string> roles, std::string email = {}) {
    return take(identity_->add_person(Actor::system(), {.login = login,
                                                        .name = login,
                                                        .department_id = departments_[department],
                                                        .email = std::move(email),
                                                        .roles = std::move(roles)}))
        .first.id;
  }
  void tell(const Actor& actor, const Message& message) {
    auto told = store().write([&](store::Transaction& t) { return notify_->tell(t, actor, message); });
    ASSERT_TRUE(told) << told.error().detail;
    for (const auto& job : take(jobs_->list({.kind = "notify.tell", .state = jobs::State::queued})))
      EXPECT_EQ(take(jobs_->run_now(job.id)).state, jobs::State::succeeded);
  }
  std::vector<std::string> told(const std::string& id) {
    std::vector<std::string> out;
    for (const auto& n : take(store().read([&](store::Session& s) { return notices_of(s, id, 10); })))
      out.push_back(n.title.zh);
    return out;
  }
  Settings settings_;
  ManualClock clock_{*parse_iso("2026-11-25T10:00:00Z")};
  std::unique_ptr<audit::Audit> audit_;
  std::unique_ptr<jobs::Jobs> jobs_;
  std::unique_ptr<identity::Identity> identity_;
  std::unique_ptr<Notify> notify_;
  std::vector<std::string> departments_;
};
QUSHU_ON_BOTH_STORES(NotifyTest);

TEST_P(NotifyTest, TellsPeopleAndWhoeverHasTheDuty) {
  auto asker = person("asker", 0, {"data_user"});
  auto officer = person("officer", 1, {"sharing_officer"});
  auto other = person("other", 0, {"sharing_officer"});
  auto gone = person("gone", 1, {"sharing_officer"});
  take(identity_->change_person(Actor::system(), gone, {.state = identity::PersonState::disabled}));
  Actor actor = take(identity_->actor_of(officer));
  Message m{.people = {asker, officer},
            .duties = {{Permission::share_review, departments_[1]}},
            .kind = "request",
            .link = "/x",
            .title = {"标题", "Title"},
            .detail = {"细节", "Detail"}};
  tell(actor, m);
  EXPECT_THAT(told(asker), ElementsAre("标题"));
  EXPECT_THAT(told(officer), SizeIs(0)) << "who did it knows";
  tell(Actor::system(), m);
  EXPECT_THAT(told(officer), ElementsAre("标题"));
  EXPECT_THAT(told(other), SizeIs(0));
  EXPECT_THAT(told(gone), SizeIs(0));
  // Without a transaction that holds, nobody is told.
  auto failed = store().write([&](store::Transaction& t) -> Result<void> {
    QS_CHECK(notify_->tell(t, Actor::system(), m));
    return fail_internal("not this time");
  });
  EXPECT_FALSE(failed);
  EXPECT_THAT(take(jobs_->list({.kind = "notify.tell", .state = jobs::State::queued})), SizeIs(0));
}

TEST_P(NotifyTest, MailsThoseWithAnAddress) {
  ASSERT_TRUE(settings_.set("notify.smtp_url", "smtp://127.0.0.1:1"));
  ASSERT_TRUE(settings_.set("notify.mail_from", "qushu@example.gov.cn"));
  auto with = person("with", 0, {"data_user"}, "with@example.gov.cn");
  auto without = person("without", 0, {"data_user"});
  tell(Actor::system(),
       {.people = {with, without}, .kind = "x", .link = "/x", .title = {"标题", "T"}, .detail = {"细节", "D"}});
  auto mails = take(jobs_->list({.kind = "notify.mail"}));
  ASSERT_THAT(mails, SizeIs(1));
  EXPECT_EQ(mails[0].input.at("to").as_string(), "with@example.gov.cn");
  // Nobody listens there: an error of the kind that a job tries again.
  EXPECT_EQ(notify_->try_mail("with@example.gov.cn").error().code, Code::unavailable);
  ASSERT_TRUE(settings_.set("notify.mail_from", "nobody"));
  EXPECT_EQ(notify_->try_mail("a@b.cn").error().subject, "notify.mail_from");
}

}  // namespace
}  // namespace qushu::notify
