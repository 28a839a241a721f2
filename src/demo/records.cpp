#include "qushu/demo/records.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "random.h"

namespace qushu::demo {
namespace {

using boost::json::object;
using calendar::Day;
using Days = std::chrono::days;

constexpr int kLinks = 362;
constexpr std::array kUnits{"统计局",     "市场监督管理局", "应急管理局",       "教育局",
                            "生态环境局", "民政局",         "住房和城乡建设局", "云溪街道办事处"};
constexpr std::array kCarriers{"中国电信", "中国联通", "中国移动"};
constexpr std::array kCompanies{"云溪信通服务有限公司", "恒网运维技术有限公司", "数联安保科技有限公司"};

std::string text(Day day) {
  return calendar::to_text(day);
}
constexpr std::int64_t clock(std::int64_t hour) {
  return hour * 60;
}
std::string at(Day day, std::int64_t minute) {
  return fmt::format("{} {:02}:{:02}", text(day), minute / 60, minute % 60);
}

// A month as far as it has passed.
struct Month {
  Day first, last;
  int index;  // 1 to 12

  [[nodiscard]] Day any(Random& r) const {
    return first + Days(static_cast<int>(r.below(static_cast<std::uint64_t>((last - first).count() + 1))));
  }
};

class Year {
 public:
  Year(Day today, std::uint64_t seed) : today_(today), r_(seed) {
    auto ymd = std::chrono::year_month_day(today);
    for (int back = 12; back >= 0; --back) {
      auto month = std::chrono::year_month(ymd.year(), ymd.month()) - std::chrono::months(back);
      Day first(month / 1), last(month / std::chrono::last);
      months_.push_back(
          {.first = first, .last = std::min(last, today), .index = static_cast<int>(static_cast<unsigned>(month.month()))});
    }
  }

  std::vector<Record> run() {
    links();
    older_meeting_systems();
    for (const auto& month : months_) {
      activities(month);
      consultations(month);
      equipment(month);
      faults(month);
      problems(month);
      inspections(month);
      opinions(month);
      construction(month);
      if (month.index % 3 == 2) {
        archives(month);
        staff(month);
      }
      if (month.index <= 9) meeting_system(month.first + Days(9), fmt::format("{} 号会议室", 200 + month.index), month.last);
    }
    return std::move(out_);
  }

 private:
  bool passed(Day day) const { return day <= today_; }
  const char* unit() { return r_.of(kUnits); }
  Record& add(const char* code, object values) {
    return out_.emplace_back(
        Record{.register_code = code, .values = std::move(values), .file_field = {}, .file_name = {}, .moves = {}});
  }

  void links() {
    auto before = months_.front().first;
    for (int i = 1; i <= kLinks; ++i) {
      bool late = i > kLinks - 8;  // opened through the year, two of them after others were closed
      auto opened = late ? months_[static_cast<std::size_t>(i % 8) + 1].first + Days(3) : before - Days(r_.between(30, 900));
      if (!passed(opened)) continue;
      auto& one = add("links", {{"name", fmt::format("{}专线 {:03}", unit(), i)},
                                {"circuit", fmt::format("YX{:06}", 100'000 + i)},
                                {"kind", "link"},
                                {"bandwidth", r_.of(std::array{"50", "100", "200"})},
                                {"carrier", r_.of(kCarriers)},
                                {"fee", std::to_string(r_.between(6, 20) * 1000)},
                                {"opened_on", text(opened)},
                                {"expires_on", text(today_ + Days(r_.between(40, 400)))}});
      one.moves.push_back({.transition = "open", .comment = {}, .values = {}});
      auto closed = months_[static_cast<std::size_t>(i) % 9 + 3].first + Days(11);
      if (i % 90 == 7 && passed(closed))
        one.moves.push_back({.transition = "close", .comment = "单位搬迁", .values = {{"closed_on", text(closed)}}});
    }
    for (int i = 1; i <= 3; ++i)
      add("links", {{"name", fmt::format("互联网出口 {}", i)},
                    {"circuit", fmt::format("YXCK{}", i)},
                    {"kind", "egress"},
                    {"bandwidth", "500"},
                    {"carrier", kCarriers.at(static_cast<std::size_t>(i) - 1)},
                    {"fee", "480000"},
                    {"opened_on", text(before - Days(400))},
                    {"expires_on", text(today_ + Days(200))}})
          .moves.push_back({.transition = "open", .comment = {}, .values = {}});
  }

  void meeting_system(Day started, const std::string& name, Day until) {
    if (started > until || !passed(started)) return;
    add("meeting_systems", {{"name", name}, {"unit_served", unit()}, {"seats", r_.between(12, 60)}, {"model", "终端 MX-4"}})
        .moves.push_back({.transition = "start", .comment = {}, .values = {{"started_on", text(started)}}});
  }
  void older_meeting_systems() {
    for (int i = 1; i <= 12; ++i) {
      auto started = months_.front().first - Days(100 + i * 20);
      meeting_system(started, fmt::format("{} 号会议室", 100 + i), started);
    }
  }

  void activities(const Month& m) {
    auto one = [&](const char* kind, std::string name) {
      auto day = m.any(r_);
      auto expected = r_.between(18, 40);
      auto& record = add("activities", {{"name", std::move(name)},
                                        {"kind", kind},
                                        {"planned_on", text(day)},
                                        {"expected", expected},
                                        {"place", object{{"address", "三楼会议室"}}}});
      record.file_field = "proof";
      record.file_name = "签到表.txt";
      record.moves.push_back(
          {.transition = "hold", .comment = {}, .values = {{"held_on", text(day)}, {"attended", expected - r_.between(0, 4)}}});
    };
    if (m.index % 2 == 0) one("party_study", fmt::format("{} 月主题党日", m.index));
    if (m.index % 4 == 3) one("legal", fmt::format("{} 月普法讲座", m.index));
    one("training", fmt::format("{} 月业务培训", m.index));
  }

  void consultations(const Month& m) {
    for (int i = 0; i < 2; ++i) {
      auto asked = m.any(r_);
      auto answered = asked + Days(r_.between(1, 4));
      auto& one = add("legal_consultations",
                      {{"subject", r_.of(std::array{"合同条款审查", "数据共享协议", "采购程序", "个人信息保护"})},
                       {"question", "请就所附材料提出法律意见。"},
                       {"asked_on", text(asked)}});
      if (passed(answered))
        one.moves.push_back(
            {.transition = "answer",
             .comment = {},
             .values = {{"adviser", "区法律顾问团"}, {"answer", "可以，注意期限。"}, {"answered_on", text(answered)}}});
    }
  }

  void equipment(const Month& m) {
    for (int i = 0; i < 2; ++i) {
      auto needed = m.any(r_);
      auto quantity = r_.between(4, 12);
      bool short_one = m.index == 6 && i == 0;
      auto delivered = needed - Days(r_.between(1, 12));
      auto& one = add("equipment", {{"name", r_.of(std::array{"接入交换机", "防火墙", "服务器", "视频终端", "不间断电源"})},
                                    {"quantity", quantity},
                                    {"price", std::to_string(r_.between(3, 40) * 1000)},
                                    {"needed_on", text(needed)}});
      auto bought = quantity - (short_one ? 1 : 0);
      one.file_field = "report";
      one.file_name = "验收单.txt";
      one.moves.push_back(
          {.transition = "deliver",
           .comment = {},
           .values = {{"bought", bought}, {"cost", std::to_string(bought * 9000)}, {"delivered_on", text(delivered)}}});
      one.moves.push_back({.transition = "accept",
                           .comment = {},
                           .values = {{"accepted", bought}, {"accepted_on", text(std::min(delivered + Days(3), today_))}}});
    }
  }

  void faults(const Month& m) {
    for (int i = 0; i < 6; ++i) {
      auto day = m.any(r_);
      auto minute = r_.between(clock(8), clock(17));
      // One slow month in the past, and a little slow now.
      std::int64_t response = m.index == 4 && i == 0 ? 52 : m.last == today_ && i == 0 ? 34 : r_.between(6, 28);
      auto repaired = minute + response + r_.between(20, 300);
      auto& one = add("network_faults", {{"name", r_.of(std::array{"专线中断", "时延过大", "无法访问政务外网", "光缆损坏"})},
                                         {"link", fmt::format("XL-{:05}", r_.between(1, 340))},
                                         {"reported_at", at(day, minute)},
                                         {"reported_by", unit()}});
      one.moves.push_back({.transition = "respond", .comment = {}, .values = {{"responded_at", at(day, minute + response)}}});
      one.moves.push_back({.transition = "repair",
                           .comment = {},
                           .values = {{"repaired_at", at(day, std::min<std::int64_t>(repaired, 24 * 60 - 1))},
                                      {"cause", r_.of(std::array{"carrier", "device", "power", "configuration"})},
                                      {"remedy", "更换并测试，业务恢复。"}}});
    }
  }

  void problems(const Month& m) {
    for (int i = 0; i < 3; ++i) {
      auto day = m.any(r_);
      bool late = m.index == 8 && i == 0;
      auto handled = day + Days(late ? 9 : r_.between(0, 3));
      auto& one = add("security_problems", {{"name", r_.of(std::array{"弱口令", "未打补丁的组件", "异常登录", "钓鱼邮件"})},
                                            {"kind", r_.of(std::array{"weakness", "attack", "malware"})},
                                            {"grade", r_.chance(9) ? "large" : "general"},
                                            {"found_at", at(day, r_.between(clock(9), clock(12)))},
                                            {"handle_by", text(day + Days(5))},
                                            {"system_name", r_.of(std::array{"门户网站", "数据平台", "邮件系统"})}});
      if (!passed(handled)) continue;
      one.moves.push_back({.transition = "handle",
                           .comment = {},
                           .values = {{"handled_at", at(handled, clock(16))}, {"measures", "已加固并复测。"}}});
      one.moves.push_back({.transition = "verify", .comment = {}, .values = {}});
    }
  }

  void inspections(const Month& m) {
    auto one = [&](const char* kind, const std::string& name, bool good) {
      object values{
          {"name", name}, {"kind", kind}, {"inspected_on", text(m.any(r_))}, {"result", good ? "normal" : "impaired"}};
      if (!good) values["problems"] = "个别功能响应慢，已通知厂商。";
      auto& record = add("inspections", std::move(values));
      record.file_field = "sheet";
      record.file_name = "巡检记录.txt";
      record.moves.push_back({.transition = "confirm", .comment = {}, .values = {}});
    };
    for (int i = 1; i <= 10; ++i)
      one("meeting", fmt::format("{} 号会议室", 100 + i), !(m.index == 7 && i < 3) && !r_.chance(30));
    one("storage_backup", "政务云存储备份系统", true);
    for (int i = 0; i < 2; ++i) one("document_sharing", "文档云存储共享系统", !r_.chance(12));
    for (int i = 0; i < 2; ++i) one("data_platform", "区数据平台", !r_.chance(15));
  }

  void opinions(const Month& m) {
    auto ask = [&](const char* service, int count) {
      for (int i = 0; i < count; ++i) {
        auto luck = r_.below(100);
        add("satisfaction", {{"name", fmt::format("{}联络员", unit())},
                             {"unit_served", unit()},
                             {"service", service},
                             {"answered_on", text(m.any(r_))},
                             {"rating", luck < 62   ? "satisfied"
                                        : luck < 91 ? "fairly"
                                                    : "unsatisfied"}});
      }
    };
    ask("network", 8);
    ask("security", 6);
    ask("overall", 8);
  }

  void construction(const Month& m) {
    auto goal = r_.of(std::array{"network", "meeting", "security"});
    for (const char* which : {"data_platform", goal}) {
      auto due = m.first + Days(19);
      if (!passed(due)) continue;
      auto finished = r_.between(93, 100);
      auto& one = add("construction", {{"name", fmt::format("{} 月建设任务", m.index)},
                                       {"year", static_cast<int>(std::chrono::year_month_day(due).year())},
                                       {"goal", which},
                                       {"starts_on", text(due - Days(40))},
                                       {"ends_on", text(due)},
                                       {"planned", "100"}});
      one.file_field = "proof";
      one.file_name = "验收材料.txt";
      one.moves.push_back({.transition = "begin", .comment = {}, .values = {}});
      one.moves.push_back(
          {.transition = "finish",
           .comment = {},
           .values = {{"finished_on", text(due - Days(r_.between(0, 6)))}, {"finished", std::to_string(finished)}}});
      one.moves.push_back({.transition = "accept", .comment = {}, .values = {}});
    }
  }

  void archives(const Month& m) {
    for (int i = 0; i < 8; ++i) {
      auto& one = add("archives", {{"name", fmt::format("文书档案第 {} 卷", m.index * 10 + i)},
                                   {"category", r_.of(std::array{"document", "project", "accounting"})},
                                   {"year", static_cast<int>(std::chrono::year_month_day(m.first).year()) - 1},
                                   {"retention", r_.of(std::array{"permanent", "years30", "years10"})},
                                   {"pages", r_.between(40, 200)}});
      one.moves.push_back({.transition = "pass",
                           .comment = {},
                           .values = {{"checked_on", text(m.any(r_))}, {"shelf", fmt::format("A-{}", i + 1)}}});
    }
  }

  void staff(const Month& m) {
    for (int i = 0; i < 12; ++i) {
      bool fails = m.index == 5 && i == 0;
      auto& one = add("staff_assessments", {{"name", fmt::format("运维工程师 {:02}", i + 1)}, {"company", r_.of(kCompanies)}});
      one.moves.push_back({.transition = fails ? "fail" : "pass",
                           .comment = fails ? "技能不达标，限期补考" : "",
                           .values = {{"assessed_on", text(m.any(r_))},
                                      {"skill", std::to_string(fails ? 55 : r_.between(78, 98))},
                                      {"duty", std::to_string(r_.between(80, 99))}}});
    }
  }

  Day today_;
  Random r_;
  std::vector<Month> months_;
  std::vector<Record> out_;
};

}  // namespace

std::vector<Record> records(calendar::Day today, std::uint64_t seed) {
  return Year(today, seed).run();
}

}  // namespace qushu::demo
