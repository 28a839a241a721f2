// For tests: consistent documents of made-up units, from a random model, in several layouts and wordings. Every figure is known
// by its place, so that a test can change one of them.
#pragma once

#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "qushu/budget/document.h"

#include "decimal.h"
#include "folded.h"

namespace qushu::budget::testing {

enum class Shape : std::uint8_t { spaced, tabs, wide, cell_a_line };

struct Style {
  Shape shape = Shape::spaced;
  bool yuan = false;        // amounts of tables in 元 with thousands separators
  bool full_width = false;  // digits of sentences
  bool broken = true;       // paragraphs broken into lines, a blank one after each
  bool final_account = false;
  bool changes = true;      // with comparisons to the year before
  bool own_income = false;  // 事业收入 beside the grant
  bool carried = false;     // 上年结转
  int percent_digits = 2;
  int year = 2023;
};

// A figure as it stands in the document.
struct Printed {
  std::size_t line = 0, begin = 0, length = 0;  // bytes
  std::int64_t value = 0;                       // fen, or millionths of a percentage
  bool percent = false, yuan = false;
  bool zero_tied = false;
  int digits = 2;
  bool thousands = false, full_width = false;
  std::string what;
};

struct Generated {
  Document document;
  std::vector<Printed> figures;
};

class Generator {
 public:
  Generator(unsigned seed, Style style) : random_(seed), s_(style) {}

  Generated make() {
    draw();
    tables();
    text();
    if (!s_.final_account) goals();
    return std::move(out_);
  }

  // As it would be printed.
  static std::string print(const Printed& f, std::int64_t value) {
    auto shown = f.yuan ? to_text(value * 10'000, f.digits) : to_text(value, f.digits);
    if (f.thousands) {
      auto point = shown.find('.');
      auto whole = shown.substr(0, point);
      std::size_t first = whole.starts_with('-') ? 1 : 0;
      for (auto at = whole.size(); at > first + 3;) {
        at -= 3;
        whole.insert(at, ",");
      }
      shown = whole + (point == std::string::npos ? "" : shown.substr(point));
    }
    if (!f.full_width) return shown;
    std::u32string wide;
    for (char32_t c : decoded(shown)) wide += c >= U'0' && c <= U'9' ? c - U'0' + U'０' : c == U'.' ? U'．' : c;
    return encoded(wide);
  }

  // The same document with one figure changed.
  static Document mutated(const Generated& from, const Printed& figure, std::int64_t value) {
    auto out = from.document;
    out.lines[figure.line].replace(figure.begin, figure.length, print(figure, value));
    return out;
  }

 private:
  struct Function {
    const char* code;
    const char* name;
    const char* code5;
    const char* name5;
    const char* code7;
    const char* name7;
    std::int64_t basic = 0, project = 0, own = 0;  // own: paid from 事业收入
    [[nodiscard]] std::int64_t all() const { return basic + project; }
  };
  struct Economic {
    const char* code;
    const char* name;
    std::int64_t value = 0;
  };
  struct Project {
    std::string name;
    std::vector<std::pair<std::string, std::int64_t>> items;
    std::int64_t total = 0;
  };

  std::int64_t amount(int low, int high) {
    return std::uniform_int_distribution<std::int64_t>(low * 100LL, high * 100LL)(random_) * 10'000;
  }
  bool chance(int percent) { return std::uniform_int_distribution<int>(0, 99)(random_) < percent; }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(random_)];
  }

  void draw() {
    unit_ =
        pick<std::string>({"青川市林业局", "云溪区图书馆", "临江县疾病预防控制中心", "东港市应急管理局", "西陵区人民检察院"});
    economic_ = {{"30101", "基本工资", amount(80, 200)}, {"30102", "津贴补贴", amount(30, 90)},
                 {"30103", "奖金", amount(10, 60)},      {"30112", "其他社会保障缴费", amount(1, 9)},
                 {"30201", "办公费", amount(5, 20)},     {"30206", "电费", amount(2, 12)},
                 {"30228", "工会经费", amount(1, 8)},    {"30239", "其他交通费用", amount(3, 9)},
                 {"30302", "退休费", amount(5, 30)},     {"30309", "奖励金", amount(1, 3)}};
    for (const auto& e : economic_) {
      basic_ += e.value;
      (std::string_view(e.code).starts_with("302") ? public_ : personnel_) += e.value;
    }
    for (const char* name : {"信息系统运行维护经费", "宣传教育活动经费", "业务用房维修改造"}) {
      Project p{.name = name};
      for (const char* item : {"设备购置费", "委托业务费", "维修维护费"}) {
        p.items.emplace_back(item, amount(3, 70));
        p.total += p.items.back().second;
      }
      project_ += p.total;
      projects_.push_back(std::move(p));
      if (projects_.size() == 2 && chance(40)) break;
    }
    functions_ = {{"208", "社会保障和就业支出", "20805", "行政事业单位养老支出", "2080505", "机关事业单位基本养老保险缴费支出",
                   amount(10, 30)},
                  {"210", "卫生健康支出", "21011", "行政事业单位医疗", "2101102", "事业单位医疗", amount(5, 20)},
                  {"221", "住房保障支出", "22102", "住房改革支出", "2210201", "住房公积金", amount(10, 25)}};
    Function main{"213", "农林水支出", "21302", "林业和草原", "2130204", "事业机构"};
    main.basic = basic_;
    for (const auto& f : functions_) main.basic -= f.basic;
    main.project = project_;
    if (s_.own_income) main.own = amount(1, 8);
    functions_.push_back(main);
    total_ = basic_ + project_;
    own_ = main.own;
    carried_ = s_.carried ? amount(1, 9) : 0;
    grant_ = total_ - own_ - carried_;
    general_spent_ = total_ - own_;
    before_ = {total_ + amount(-60, 60), basic_ + amount(-30, 30), general_spent_ + amount(-50, 50)};
    car_purchase_ = chance(50) ? amount(10, 25) : 0;
    car_run_ = amount(2, 9);
    reception_ = amount(1, 4);
    abroad_ = chance(30) ? amount(2, 9) : 0;
    goods_ = amount(5, 40);
    works_ = chance(50) ? amount(10, 60) : 0;
    services_ = amount(5, 90);
  }

  // --- writing
  // -----------------------------------------------------------------------------------------------------------------

  struct Cell {
    std::string text;
    std::int64_t value = 0;
    bool figure = false;
  };
  static Cell word(std::string text) { return {.text = std::move(text)}; }
  static Cell money(std::int64_t value) { return {.text = {}, .value = value, .figure = true}; }

  void line(std::string text) {
    out_.document.lines.push_back(std::move(text));
    if (s_.broken && s_.shape != Shape::tabs) out_.document.lines.emplace_back();
  }
  void unit_line() { line(s_.yuan ? "金额单位：元" : "单位：万元"); }

  void row(const std::vector<Cell>& cells, const char* what) {
    std::string text;
    std::vector<Printed> figures;
    auto flush = [&] {
      for (auto& f : figures) {
        f.line = out_.document.lines.size();
        out_.figures.push_back(f);
      }
      figures.clear();
      line(std::move(text));
      text.clear();
    };
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const auto& c = cells[i];
      bool blank = c.figure && c.value == 0 && s_.shape == Shape::tabs;
      if (i > 0) text += s_.shape == Shape::tabs ? "\t" : s_.shape == Shape::wide ? std::string(6 + i % 3 * 4, ' ') : " ";
      if (!c.figure) {
        text += c.text;
      } else if (!blank) {
        Printed f{.begin = text.size(), .value = c.value, .yuan = s_.yuan, .thousands = s_.yuan, .what = what};
        auto shown = print(f, c.value);
        f.length = shown.size();
        text += shown;
        figures.push_back(f);
      }
      if (s_.shape == Shape::cell_a_line) flush();
    }
    if (s_.shape != Shape::cell_a_line) flush();
  }

  // A paragraph: {} are figures, in their order.
  void say(const std::string& pattern, const std::vector<Printed>& figures) {
    std::string text;
    std::vector<Printed> placed;
    std::size_t next = 0;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
      if (pattern.compare(i, 2, "{}") != 0) {
        text += pattern[i];
        continue;
      }
      auto f = figures.at(next++);
      f.full_width = s_.full_width;
      auto shown = print(f, f.value);
      f.begin = text.size();
      f.length = shown.size();
      text += shown;
      placed.push_back(f);
      ++i;
    }
    wrap(text, placed);
  }

  // Breaks a paragraph into lines of about 34 characters, never within a number.
  void wrap(const std::string& text, std::vector<Printed>& placed) {
    auto all = decoded(text);
    std::size_t byte = 0, begin = 0, count = 0;
    auto end_line = [&](std::size_t end) {
      for (auto& f : placed)
        if (f.begin >= begin && f.begin < end) {
          f.line = out_.document.lines.size();
          f.begin -= begin;
          out_.figures.push_back(f);
          f.begin = static_cast<std::size_t>(-1);
        }
      line(text.substr(begin, end - begin));
      begin = end;
      count = 0;
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto width = encoded(std::u32string_view(&all[i], 1)).size();
      auto narrow = fold(all[i]);
      bool number = is_digit(narrow) || narrow == U'.' || narrow == U'%';
      if (s_.broken && s_.shape != Shape::tabs && count >= 34 && !number && byte > begin && all[i] != U'。' &&
          all[i] != U'，' && all[i] != U'；')
        end_line(byte);
      byte += width;
      ++count;
    }
    if (byte > begin) end_line(byte);
  }

  static Printed wan(std::int64_t value, const char* what) { return {.value = value, .what = what}; }
  [[nodiscard]] Printed share(std::int64_t part, std::int64_t whole, const char* what) const {
    auto place = last_place(s_.percent_digits);
    auto value = scaled(scaled(part, 100 * kMicro, whole), 1, place) * place;
    return {.value = value < 0 ? -value : value, .percent = true, .digits = s_.percent_digits, .what = what};
  }

  // --- the tables
  // --------------------------------------------------------------------------------------------------------------

  [[nodiscard]] std::string word_for(const char* plan, const char* final) const { return s_.final_account ? final : plan; }

  void tables();
  void income_and_expenditure();
  void by_function(const std::string& title, bool general);
  void by_economic();
  void three_publics();
  void project_list();
  void text();
  void changed(const std::string& subject, std::int64_t now, std::int64_t before, const char* what, const std::string& tail);
  void goals();

  std::mt19937 random_;
  Style s_;
  Generated out_;
  std::string unit_;
  std::vector<Economic> economic_;
  std::vector<Function> functions_;
  std::vector<Project> projects_;
  std::vector<std::int64_t> before_;  // total, basic, general of the year before
  std::int64_t basic_ = 0, personnel_ = 0, public_ = 0, project_ = 0, total_ = 0, own_ = 0, carried_ = 0, grant_ = 0,
               general_spent_ = 0;
  std::int64_t car_purchase_ = 0, car_run_ = 0, reception_ = 0, abroad_ = 0, goods_ = 0, works_ = 0, services_ = 0;
};

}  // namespace qushu::budget::testing
