#include "quality_fixture.h"

namespace qushu::quality {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kDay = std::chrono::hours(24);

class CorrectionTest : public QualityFixture {
 protected:
  void SetUp() override {
    QualityFixture::SetUp();
    auto dataset = publish("firms", "SELECT 1 AS _id, 'a' AS name", {field("name", "名称", engine::Type::text)});
    take(catalog_->change(steward_, dataset.id, {.readers = std::vector<std::string>{"d2"}}));
  }
  Correction report(const std::string& row = "a") {
    return take(corrections_->report(
        user_, {.dataset = "firms", .row_key = row, .field = "名称", .wrong = "名称写错了", .proposed = "b"}));
  }
  blob::BlobInfo content(std::string_view text) {
    auto writer = take(blobs_->create());
    done(writer->write(text));
    return take(writer->commit());
  }
};
QUSHU_ON_BOTH_STORES(CorrectionTest);

TEST_P(CorrectionTest, FromReportToConfirmation) {
  auto c = report();
  EXPECT_EQ(c.number, 1);
  EXPECT_EQ(c.field, "name");
  EXPECT_EQ(c.state, CorrectionState::pending);
  // Ten working days from Wednesday the 25th of November, which is not counted.
  EXPECT_EQ(calendar::to_text(c.standing->last_day), "2026-12-09");
  EXPECT_EQ(c.standing->left, 10);
  EXPECT_EQ(take(corrections_->waiting(steward_)).size(), 1U);
  EXPECT_THAT(take(corrections_->waiting(user_)), IsEmpty());
  EXPECT_EQ(take(corrections_->accept(steward_, c.id, "")).state, CorrectionState::working);
  clock_.advance(3 * kDay + kDay);  // Sunday
  EXPECT_EQ(take(corrections_->find(user_, c.id)).standing->left, 8);
  auto answered = take(corrections_->answer(steward_, c.id, true, "已改为 b"));
  EXPECT_EQ(answered.state, CorrectionState::corrected);
  EXPECT_EQ(answered.days_taken, 2);
  EXPECT_FALSE(answered.late);
  EXPECT_EQ(take(corrections_->waiting(user_)).size(), 1U);
  EXPECT_EQ(take(corrections_->confirm(user_, c.id)).state, CorrectionState::closed);
  EXPECT_THAT(take(corrections_->waiting(user_)), IsEmpty());
  std::vector<std::string> steps;
  for (const auto& e : take(corrections_->events(user_, c.id))) steps.push_back(e.action + " " + e.text);
  EXPECT_THAT(steps, ElementsAre("report 名称写错了", "accept ", "answer 已改为 b", "confirm "));
  for (const char* action : {"correction.report", "correction.accept", "correction.answer", "correction.confirm"})
    EXPECT_EQ(audited(action), 1U) << action;
}

TEST_P(CorrectionTest, TheClockRunsOutAndStartsAgain) {
  auto c = report();
  clock_.advance(14 * kDay + std::chrono::hours(13));  // 23:00 of the last day
  EXPECT_EQ(take(corrections_->find(steward_, c.id)).standing->left, 0);
  EXPECT_FALSE(take(corrections_->find(steward_, c.id)).late);
  clock_.advance(std::chrono::hours(1));
  EXPECT_TRUE(take(corrections_->find(steward_, c.id)).late);
  clock_.advance(kDay);
  auto answered = take(corrections_->answer(steward_, c.id, false, "与登记一致"));
  EXPECT_TRUE(answered.late);
  EXPECT_EQ(answered.outcome, "refused");
  auto statistics = take(corrections_->statistics(steward_)).at(0);
  EXPECT_EQ(statistics.answered, 1);
  EXPECT_EQ(statistics.in_time, 0);
  EXPECT_EQ(statistics.mean_days, 12);
  // Not content: a new clock.
  auto again = take(corrections_->reopen(user_, c.id, "附上营业执照"));
  EXPECT_EQ(again.state, CorrectionState::pending);
  EXPECT_EQ(again.standing->left, 10);
  EXPECT_FALSE(again.late);
  EXPECT_EQ(take(corrections_->statistics(steward_)).at(0).open, 1);
  clock_.advance(20 * kDay);
  EXPECT_EQ(take(corrections_->statistics(steward_)).at(0).overdue, 1);
}

TEST_P(CorrectionTest, WhoMaySeeAndDoWhat) {
  auto c = report();
  auto stranger = person("p9", "d9", {Permission::dataset_read, Permission::dataset_write});
  EXPECT_EQ(corrections_->find(stranger, c.id).error().code, Code::not_found);
  EXPECT_EQ(corrections_->report(stranger, {.dataset = "firms", .wrong = "不对"}).error().code, Code::not_found);
  EXPECT_THAT(take(corrections_->list(stranger, {})), IsEmpty());
  // A colleague of who reported it is no party to it; one of the provider sees it, and only its stewards answer.
  EXPECT_EQ(corrections_->find(rival_, c.id).error().code, Code::not_found);
  auto clerk = person("p8", "d1", {Permission::dataset_read});
  EXPECT_TRUE(corrections_->find(clerk, c.id));
  EXPECT_EQ(corrections_->accept(clerk, c.id, "").error().code, Code::forbidden);
  EXPECT_EQ(corrections_->accept(user_, c.id, "").error().code, Code::forbidden);
  EXPECT_EQ(corrections_->confirm(user_, c.id).error().code, Code::conflict);
  EXPECT_EQ(corrections_->answer(steward_, c.id, true, " ").error().subject, "text");
  take(corrections_->answer(steward_, c.id, true, "好了"));
  EXPECT_EQ(corrections_->answer(steward_, c.id, true, "又好了").error().code, Code::conflict);
  EXPECT_EQ(corrections_->confirm(steward_, c.id).error().code, Code::forbidden);
  EXPECT_EQ(take(corrections_->list(user_, {.box = "mine"})).size(), 1U);
  EXPECT_THAT(take(corrections_->list(user_, {.box = "incoming"})), IsEmpty());
  EXPECT_EQ(take(corrections_->list(steward_, {.box = "incoming", .state = CorrectionState::corrected})).size(), 1U);
  EXPECT_EQ(corrections_->report(user_, {.dataset = "firms", .field = "nosuch", .wrong = "不对"}).error().subject, "field");
  EXPECT_EQ(corrections_->report(user_, {.dataset = "firms", .wrong = std::string(6000, 'x')}).error().subject, "wrong");
}

TEST_P(CorrectionTest, FilesOfBothSides) {
  auto c = report();
  auto proof = content("营业执照"), scan = content("扫描件");
  auto first = take(corrections_->attach(user_, c.id, std::nullopt, "C:\\我的\\执照.pdf", proof));
  EXPECT_EQ(first.name, "执照.pdf");
  EXPECT_EQ(first.part, FilePart::report);
  EXPECT_EQ(first.size, proof.size);
  auto second = take(corrections_->attach(user_, c.id, FilePart::report, "b.png", scan));
  auto third = take(corrections_->attach(steward_, c.id, std::nullopt, "核实.docx", scan));
  EXPECT_EQ(third.part, FilePart::answer);
  std::vector<std::string> names;
  for (const auto& f : take(corrections_->files(user_, c.id))) names.push_back(std::string(name(f.part)) + " " + f.name);
  EXPECT_THAT(names, ElementsAre("report 执照.pdf", "report b.png", "answer 核实.docx"));
  EXPECT_EQ(audited("correction.attach"), 3U);
  EXPECT_EQ(take(corrections_->events(user_, c.id)).back().text, "核实.docx");
  // The sweep leaves what a ticket names.
  EXPECT_TRUE(take(corrections_->uses_blob(scan.sha256)));
  done(corrections_->detach(user_, c.id, second.id));
  EXPECT_TRUE(take(corrections_->uses_blob(scan.sha256)));  // the answer's is the same content
  done(corrections_->detach(steward_, c.id, third.id));
  EXPECT_FALSE(take(corrections_->uses_blob(scan.sha256)));
  EXPECT_EQ(audited("correction.detach"), 2U);
  // They go with the ticket.
  take(store().write([&](store::Transaction& t) { return t.exec("DELETE FROM correction WHERE id = ?", {c.id}); }));
  EXPECT_FALSE(take(corrections_->uses_blob(proof.sha256)));
}

TEST_P(CorrectionTest, WhoMayAttachAndDownload) {
  auto c = report();
  auto proof = content("x");
  auto file = take(corrections_->attach(user_, c.id, std::nullopt, "a.txt", proof));
  auto stranger = person("p9", "d9", {Permission::dataset_read, Permission::dataset_write});
  auto clerk = person("p8", "d1", {Permission::dataset_read});
  for (const auto& who : {stranger, rival_}) {
    EXPECT_EQ(corrections_->file(who, c.id, file.id).error().code, Code::not_found);
    EXPECT_EQ(corrections_->files(who, c.id).error().code, Code::not_found);
    EXPECT_EQ(corrections_->check_attach(who, c.id, std::nullopt, 1).error().code, Code::not_found);
    EXPECT_EQ(corrections_->attach(who, c.id, FilePart::report, "b.txt", proof).error().code, Code::not_found);
    EXPECT_EQ(corrections_->detach(who, c.id, file.id).error().code, Code::not_found);
  }
  EXPECT_TRUE(corrections_->file(clerk, c.id, file.id));
  EXPECT_EQ(corrections_->attach(clerk, c.id, std::nullopt, "b.txt", proof).error().code, Code::forbidden);
  EXPECT_EQ(corrections_->attach(user_, c.id, FilePart::answer, "b.txt", proof).error().code, Code::forbidden);
  EXPECT_EQ(corrections_->attach(steward_, c.id, FilePart::report, "b.txt", proof).error().code, Code::forbidden);
  EXPECT_EQ(corrections_->detach(steward_, c.id, file.id).error().code, Code::forbidden);
  // A file belongs to its ticket, whoever may see another one.
  auto other = report("b");
  EXPECT_EQ(corrections_->file(user_, other.id, file.id).error().id, "correction.no_file");
  // Once answered the provider's are fixed; once closed all are.
  auto answer = take(corrections_->attach(steward_, c.id, std::nullopt, "c.txt", proof));
  take(corrections_->answer(steward_, c.id, true, "好了"));
  EXPECT_EQ(corrections_->attach(steward_, c.id, std::nullopt, "d.txt", proof).error().code, Code::conflict);
  EXPECT_EQ(corrections_->detach(steward_, c.id, answer.id).error().code, Code::conflict);
  EXPECT_TRUE(corrections_->attach(user_, c.id, std::nullopt, "e.txt", proof));
  take(corrections_->confirm(user_, c.id));
  EXPECT_EQ(corrections_->attach(user_, c.id, std::nullopt, "f.txt", proof).error().code, Code::conflict);
  EXPECT_EQ(corrections_->detach(user_, c.id, file.id).error().code, Code::conflict);
  EXPECT_TRUE(corrections_->file(user_, c.id, answer.id));
}

TEST_P(CorrectionTest, WhatCannotBeAttachedIsSaid) {
  auto c = report();
  ASSERT_TRUE(settings_.set("quality.correction_file_size", "1KiB"));
  ASSERT_TRUE(settings_.set("quality.correction_files", "2"));
  auto big = content(std::string(1025, 'x')), full = content(std::string(1024, 'x'));
  EXPECT_EQ(corrections_->check_attach(user_, c.id, std::nullopt, 1025).error().code, Code::too_large);
  EXPECT_EQ(corrections_->attach(user_, c.id, std::nullopt, "a", big).error().code, Code::too_large);
  EXPECT_EQ(corrections_->attach(user_, c.id, std::nullopt, " / ", full).error().subject, "name");
  EXPECT_EQ(corrections_->attach(user_, c.id, std::nullopt, "a", content("")).error().id, "correction.file_empty");
  take(corrections_->attach(user_, c.id, std::nullopt, "a", full));
  take(corrections_->attach(steward_, c.id, std::nullopt, "b", full));
  EXPECT_EQ(corrections_->attach(user_, c.id, std::nullopt, "c", full).error().id, "correction.files");
  EXPECT_EQ(take(corrections_->files(user_, c.id)).size(), 2U);
}

}  // namespace
}  // namespace qushu::quality
