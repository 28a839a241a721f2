#include "qushu/demo/demo.h"

#include <array>

#include "writers.h"

namespace qushu::demo {
namespace {

const std::array kDepartments{Department{"sjj", "数据资源管理局", "root"}, Department{"scjg", "市场监督管理局", "root"},
                              Department{"tjj", "统计局", "root"},         Department{"yjj", "应急管理局", "root"},
                              Department{"jyj", "教育局", "root"},         Department{"hbj", "生态环境局", "root"},
                              Department{"mzj", "民政局", "root"},         Department{"zjj", "住房和城乡建设局", "root"},
                              Department{"yxjd", "云溪街道办事处", "root"}};

const std::array kPeople{Person{"steward", "市场监管局数据管理员", "scjg", {"data_steward"}},
                         Person{"steward_yjj", "应急局数据管理员", "yjj", {"data_steward"}},
                         Person{"user", "统计局数据使用员", "tjj", {"data_user"}},
                         Person{"officer", "统计局共享专员", "tjj", {"sharing_officer"}},
                         Person{"officer_scjg", "市场监管局共享专员", "scjg", {"sharing_officer"}},
                         Person{"reviewer", "数据局目录审核员", "sjj", {"catalog_reviewer"}},
                         Person{"operator", "数据中心运维员", "sjj", {"operator"}},
                         Person{"budgeter", "数据局预算员", "sjj", {"budget_officer"}},
                         Person{"approver", "数据局预算审核员", "sjj", {"budget_reviewer"}},
                         Person{"editor", "数据中心编辑员", "sjj", {"editor"}}};

}  // namespace

std::span<const Department> departments() {
  return kDepartments;
}
std::span<const Person> people() {
  return kPeople;
}

Result<std::vector<File>> generate(const std::filesystem::path& folder, const std::filesystem::path& reference,
                                   std::uint64_t seed) {
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail_errno(failed.value(), "create " + folder.string());
  std::vector<File> files;
  auto add = [&](File file, Result<std::uint64_t> (*write)(const std::filesystem::path&, Random),
                 std::uint64_t number) -> Result<void> {
    QS_TRY(file.planted_rejects, write(file.path, Random(seed * 1000 + number)));
    files.push_back(std::move(file));
    return {};
  };
  QS_CHECK(add({folder / "企业登记.csv",
                "scjg",
                "enterprise",
                "企业登记信息",
                "本区市场主体登记的基本信息，由登记系统按月导出。",
                "市场监管",
                "monthly",
                "conditional",
                {"企业", "登记"},
                {"统一社会信用代码"}},
               write_enterprises, 1));
  QS_CHECK(add({folder / "街道人口统计.xlsx",
                "tjj",
                "population",
                "街道人口统计",
                "各街道（镇、乡）历年户籍与常住人口。",
                "人口统计",
                "yearly",
                "unconditional",
                {"人口", "街道"},
                {}},
               write_population, 2));
  QS_CHECK(add({folder / "公共设施.csv",
                "zjj",
                "facility",
                "公共设施",
                "学校、卫生、文化、停车等公共设施的位置和状况。",
                "城乡建设",
                "quarterly",
                "unconditional",
                {"设施", "位置"},
                {"编号"}},
               write_facilities, 3));
  QS_CHECK(add({folder / "安全检查记录.xlsx",
                "yjj",
                "inspection",
                "安全生产检查记录",
                "安全生产检查的结果、隐患和处罚。",
                "应急管理",
                "weekly",
                "conditional",
                {"安全", "检查"},
                {"检查单号"}},
               write_inspections, 4));
  QS_CHECK(add({folder / "空气质量小时值.ndjson",
                "hbj",
                "air_quality",
                "空气质量小时值",
                "六个站点的空气质量小时监测值。",
                "生态环境",
                "daily",
                "unconditional",
                {"空气", "监测"},
                {}},
               write_air, 5));
  QS_CHECK(add({folder / "学校食堂采购.zip",
                "jyj",
                "school_meal",
                "学校食堂采购",
                "学校食堂食材采购明细，每月一个文件。",
                "教育",
                "monthly",
                "conditional",
                {"学校", "采购"},
                {}},
               write_meals, 6));
  struct Level {
    const char *file, *code, *title;
  };
  for (const auto& level : std::array{
           Level{"provinces", "division_province", "全国省级行政区划"}, Level{"cities", "division_city", "全国地级行政区划"},
           Level{"areas", "division_county", "全国县级行政区划"}, Level{"streets", "division_town", "全国乡级行政区划"},
           Level{"villages", "division_village", "全国村级行政区划"}}) {
    auto path = reference / (std::string(level.file) + ".csv");
    if (!std::filesystem::exists(path)) continue;
    files.push_back({path,
                     "mzj",
                     level.code,
                     level.title,
                     "行政区划名称与代码（GB/T 2260、GB/T 10114），据公开资料整理。",
                     "行政区划",
                     "yearly",
                     "unconditional",
                     {"区划", "代码"},
                     {"code"}});
  }
  return files;
}

}  // namespace qushu::demo
