#include <array>
#include <cerrno>
#include <fstream>
#include <vector>

#include <fmt/format.h>
#include <unicode/ucnv.h>
#include <zip.h>

#include "streets.h"
#include "writers.h"

namespace qushu::demo {
namespace {

// A date as one clerk or another writes it.
std::string written(Random& r, const Date& d) {
  switch (r.below(6)) {
    case 0:
      return fmt::format("{}/{}/{}", d.year, d.month, d.day);
    case 1:
      return fmt::format("{}年{}月{}日", d.year, d.month, d.day);
    case 2:
      return fmt::format("{}.{:02}.{:02}", d.year, d.month, d.day);
    default:
      return fmt::format("{}-{:02}-{:02}", d.year, d.month, d.day);
  }
}

std::string full_width(std::string_view digits) {
  static constexpr std::array<std::string_view, 10> kWide{"０", "１", "２", "３", "４", "５", "６", "７", "８", "９"};
  std::string out;
  for (char c : digits) out += kWide.at(static_cast<std::size_t>(c - '0'));
  return out;
}

std::string to_gbk(std::string_view utf8) {
  UErrorCode failed = U_ZERO_ERROR;
  std::string out(utf8.size() * 2 + 16, '\0');
  auto size = ucnv_convert("GBK", "UTF-8", out.data(), static_cast<std::int32_t>(out.size()), utf8.data(),
                           static_cast<std::int32_t>(utf8.size()), &failed);
  out.resize(U_FAILURE(failed) != 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}

}  // namespace

Result<void> write_text(const std::filesystem::path& file, std::string_view utf8, const char* encoding) {
  std::ofstream out(file, std::ios::binary);
  if (std::string_view(encoding) == "GBK")
    out << to_gbk(utf8);
  else
    out << utf8;
  out.flush();
  if (!out) return fail_errno(errno == 0 ? ENOSPC : errno, "write " + file.string());
  return {};
}

Result<std::uint64_t> write_enterprises(const std::filesystem::path& file, Random r) {
  static constexpr std::array<std::string_view, 8> kTrades{"0111", "0310", "1352", "2614", "4790", "5137", "6110", "8219"};
  static constexpr std::array<std::string_view, 5> kStates{"存续", "存续", "存续", "注销", "吊销"};
  std::string out =
      "统一社会信用代码,企业名称,法定代表人身份证号,注册资本（万元）,成立日期,行业代码,从业人数,登记机关,经营状态,联系电话\r\n";
  std::uint64_t rejects = 0;
  for (int i = 0; i < 20000; ++i) {
    auto founded = date(r, 2001, 2026);
    auto day = written(r, founded);
    auto capital = fmt::format("{}.{:02}", r.between(1, 5000), r.below(100));
    auto staff = std::to_string(r.between(1, 1800));
    auto name = company_name(r);
    if (r.chance(9) && staff.size() == 4) staff = fmt::format("\"{},{}\"", staff.substr(0, 1), staff.substr(1));
    if (r.chance(40)) staff = full_width(fmt::format("{}", r.between(1, 300)));
    if (r.chance(60)) staff = "-";
    if (r.chance(25)) name = fmt::format("\"{}\"", name);
    auto line = [&](const std::string& d, const std::string& c) {
      return fmt::format("{},{},{},{},{},{},{},云溪区市场监督管理局{}所,{},1990105{:04}\r\n", credit_code(r), name, id_card(r),
                         c, d, r.of(kTrades), staff, r.of(kStreets).substr(0, 6), r.of(kStates), r.below(10000));
    };
    // What clerks get wrong: days that do not exist, words for numbers, a separator too many, a quote that never ends.
    auto slip = r.below(1000);
    if (slip == 0) {
      out += line(fmt::format("{}-02-30", founded.year), capital);
      ++rejects;
    } else if (slip == 1) {
      out += line(day, fmt::format("约{}万", r.between(1, 500)));
      ++rejects;
    } else if (slip == 2) {
      auto text = line(day, capital);
      out += text.substr(0, text.size() - 2) + ",,备注\r\n";
      ++rejects;
    } else if (slip == 3 && i % 2 == 0) {
      out += fmt::format("{},\"{},{},{},{},{},12,云溪区市场监督管理局,存续,\r\n", credit_code(r), company_name(r), id_card(r),
                         capital, day, r.of(kTrades));
      ++rejects;
    } else {
      out += line(day, capital);
    }
  }
  out += "\r\n,,,,,,,,,\r\n";
  QS_CHECK(write_text(file, out, "GBK"));
  return rejects;
}

Result<std::uint64_t> write_facilities(const std::filesystem::path& file, Random r) {
  static constexpr std::array<std::string_view, 8> kKinds{"小学",     "中学", "幼儿园", "卫生服务中心",
                                                          "公共厕所", "公园", "文化站", "停车场"};
  std::string out = "\xEF\xBB\xBF编号,名称,类别,所属街道,经度,纬度,建成年份,是否开放,面积（平方米）\n";
  std::uint64_t rejects = 0;
  for (int i = 1; i <= 3200; ++i) {
    auto kind = r.of(kKinds);
    auto where = r.below(kStreets.size());
    auto street = kStreets.at(where);
    auto [east, north] = place_in(where, r);
    bool bad = r.chance(400);
    if (bad) ++rejects;
    out += fmt::format("{:05},{}第{}{},{},{},{},{:.6f},{},{},{}\n", i, street, r.between(1, 40), kind, kind, street,
                       bad ? std::string("东经118度") : fmt::format("{:.6f}", east), north, r.between(1978, 2025),
                       r.chance(12) ? "否" : "是",
                       r.chance(30) ? std::string("不详") : fmt::format("{}.{}", r.between(60, 90000), r.below(10)));
  }
  QS_CHECK(write_text(file, out, "UTF-8"));
  return rejects;
}

Result<std::uint64_t> write_air(const std::filesystem::path& file, Random r) {
  std::string out;
  std::uint64_t rejects = 0;
  for (int day = 1; day <= 28; ++day)
    for (int hour = 0; hour < 24; ++hour)
      for (int station = 1; station <= 6; ++station) {
        auto value = r.chance(500) ? std::string("\"超量程\"") : fmt::format("{}", r.between(4, 180));
        if (value.starts_with('"')) ++rejects;
        out += fmt::format(
            "{{\"站点\":\"云溪{}号站\",\"站点编码\":\"{:04}\",\"时间\":\"2026-10-{:02} "
            "{:02}:00:00\",\"PM2.5（微克/立方米）\":{},\"PM10（微克/立方米）\":{},\"臭氧（微克/"
            "立方米）\":{},\"首要污染物\":{}}}\n",
            station, station, day, hour, value, r.between(10, 260), r.between(5, 210), r.chance(3) ? "null" : "\"PM2.5\"");
      }
  QS_CHECK(write_text(file, out, "UTF-8"));
  return rejects;
}

Result<std::uint64_t> write_meals(const std::filesystem::path& file, Random r) {
  static constexpr std::array<std::string_view, 10> kFood{"大米", "面粉", "菜籽油", "猪后腿肉", "鸡蛋",
                                                          "土豆", "白菜", "豆腐",   "牛奶",     "苹果"};
  std::filesystem::remove(file);
  int error = 0;
  auto* archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  if (archive == nullptr) return fail_internal(fmt::format("libzip: {}", error));
  std::uint64_t rejects = 0;
  std::vector<std::string> texts, names;
  for (int month = 1; month <= 6; ++month) {
    std::string out = "日期,学校,品名,数量（千克）,单价（元）,供应商代码\r\n";
    for (int i = 0; i < 900; ++i) {
      bool bad = r.chance(300);
      if (bad) ++rejects;
      out += fmt::format("2026-{:02}-{:02},云溪区第{}小学,{},{},{}.{:02},{:06}\r\n", month, r.between(1, 28), r.between(1, 24),
                         r.of(kFood), bad ? std::string("两筐") : fmt::format("{}.{}", r.between(5, 400), r.below(10)),
                         r.between(1, 60), r.below(100), r.below(90000));
    }
    texts.push_back(to_gbk(out));
    names.push_back(to_gbk(fmt::format("食堂采购{}月.csv", month)));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    // The name in GBK, as the archivers of most offices write it.
    auto index = zip_file_add(archive, names[i].c_str(), zip_source_buffer(archive, texts[i].data(), texts[i].size(), 0),
                              ZIP_FL_ENC_CP437);
    if (index >= 0) zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), 1767225600, 0);
  }
  if (zip_close(archive) != 0) {
    zip_discard(archive);
    return fail_internal("libzip: the archive could not be written");
  }
  return rejects;
}

}  // namespace qushu::demo
