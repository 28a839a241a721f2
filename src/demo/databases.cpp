#include <array>

#include <fmt/format.h>

#include "qushu/demo/demo.h"
#include "qushu/store/store.h"

#include "random.h"
#include "streets.h"

namespace qushu::demo {
namespace {

constexpr int kBefore = 3000;  // applications of the year before the first day
constexpr auto kZone = std::chrono::hours(8);
constexpr auto kYear = std::chrono::days(365);

constexpr std::array<std::string_view, 16> kSurnames{"王", "李", "张", "刘", "陈", "杨", "黄", "赵",
                                                     "吴", "周", "徐", "孙", "马", "朱", "胡", "郭"};
constexpr std::array<std::string_view, 12> kGiven{"桂兰", "建国", "秀英", "志强", "玉珍", "德明",
                                                  "春花", "国庆", "凤霞", "长贵", "小燕", "永福"};
constexpr std::array<std::string_view, 6> kKinds{"最低生活保障", "最低生活保障", "临时救助",
                                                 "医疗救助",     "特困供养",     "教育救助"};
constexpr std::array<std::string_view, 4> kStates{"已办结", "已办结", "审核中", "不予批准"};

// As the vendor's system writes it: local time, without saying so.
std::string local(Time at) {
  auto text = to_iso(at + kZone);
  return text.substr(0, 10) + " " + text.substr(11, 8);
}

class Relief {
 public:
  Relief(store::Transaction& t, std::uint64_t seed, Time now) : t_(t), r_(seed), now_(now) {}

  Result<void> first_day() {
    QS_CHECK(
        t_.exec("CREATE TABLE JZSQ (SQBH TEXT PRIMARY KEY, XM TEXT NOT NULL, SFZH TEXT NOT NULL, JDMC TEXT NOT NULL, "
                "JZLX TEXT NOT NULL, JE DECIMAL(10,2) NOT NULL, SQRQ DATE NOT NULL, BLZT TEXT NOT NULL, GXSJ DATETIME NOT "
                "NULL)"));
    auto begun = now_ - kYear;
    auto step = std::chrono::seconds(kYear - std::chrono::hours(40)) / kBefore;
    for (int i = 0; i < kBefore; ++i) QS_CHECK(apply(i, begun + i * step));
    return {};
  }
  // New applications, and older ones on which the office has decided.
  Result<void> next_day() {
    auto at = now_ - std::chrono::hours(18);
    for (int i = 0; i < kReliefNew; ++i) QS_CHECK(apply(kBefore + i, at + i * std::chrono::minutes(1)));
    for (int i = 0; i < kReliefChanged; ++i)
      QS_CHECK(t_.exec("UPDATE JZSQ SET BLZT = '已办结', JE = JE + 120, GXSJ = ? WHERE SQBH = ?",
                       {local(at + std::chrono::minutes(kReliefNew + i)), number(kBefore - 1 - i * 7)}));
    return {};
  }
  // The vendor's new release has a column more.
  Result<void> new_release() {
    QS_CHECK(t_.exec("ALTER TABLE JZSQ ADD COLUMN LXDH TEXT"));
    QS_CHECK(
        t_.exec("UPDATE JZSQ SET LXDH = '1990105' || substr(SQBH, -4), GXSJ = ? WHERE SQBH IN (SELECT SQBH FROM JZSQ ORDER "
                "BY GXSJ DESC LIMIT 30)",
                {local(now_ - std::chrono::hours(12))}));
    return {};
  }

 private:
  static std::string number(int i) { return fmt::format("JZ{:08}", i + 1); }

  Result<void> apply(int i, Time at) {
    auto name = fmt::format("{}{}", r_.of(kSurnames), r_.of(kGiven));
    auto amount = fmt::format("{}.{:02}", r_.between(180, 4200), r_.chance(3) ? 50 : 0);
    QS_CHECK(
        t_.exec("INSERT INTO JZSQ VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                {number(i), name, id_card(r_), std::string(r_.of(kStreets)), std::string(r_.of(kKinds)), amount,
                 local(at).substr(0, 10), std::string(r_.of(kStates)), local(at + std::chrono::minutes(r_.between(5, 240)))}));
    return {};
  }

  store::Transaction& t_;
  Random r_;
  Time now_;
};

}  // namespace

Result<void> write_relief(const std::filesystem::path& file, std::uint64_t seed, Time now, ReliefDay day) {
  QS_TRY(auto database, store::Store::open({.url = "sqlite://" + file.string()}));
  return database->write([&](store::Transaction& t) -> Result<void> {
    Relief relief(t, seed + static_cast<std::uint64_t>(day), now);
    switch (day) {
      case ReliefDay::first:
        return relief.first_day();
      case ReliefDay::next:
        return relief.next_day();
      case ReliefDay::released:
        return relief.new_release();
    }
    return {};
  });
}

}  // namespace qushu::demo
