#include "search_query.h"

#include <array>

#include "qushu/base/text.h"

namespace qushu::sharing {
namespace {

namespace schema = http::schema;

struct Filter {
  std::string_view name;
  Text note;
  std::vector<std::string> catalog::Search::* into;
};
const std::array kFilters{
    Filter{"department", {"提供部门", "Provider"}, &catalog::Search::departments},
    Filter{"theme", {"主题", "Theme"}, &catalog::Search::themes},
    Filter{"classification", {"目录分类，含其下级", "Class, with those below"}, &catalog::Search::classifications},
    Filter{"format", {"信息资源格式", "Format"}, &catalog::Search::formats},
    Filter{"level", {"数据级别", "Grade"}, &catalog::Search::levels},
    Filter{"sharing_type", {"共享类型", "Sharing type"}, &catalog::Search::sharing_types},
    Filter{"update_cycle", {"更新周期", "Update cycle"}, &catalog::Search::update_cycles},
    Filter{"entry_state", {"目录状态", "State of the entry"}, &catalog::Search::entry_states},
    Filter{"tag", {"标签", "Tag"}, &catalog::Search::tags},
    Filter{"state", {"数据状态", "State of the data"}, &catalog::Search::states}};

}  // namespace

std::vector<http::Parameter> search_parameters() {
  std::vector<http::Parameter> out{{.name = "text",
                                    .shape = schema::text().length(0, 200),
                                    .note = {"代码、名称、摘要、信息项和标签中的词，可用拼音或首字母",
                                             "Words in code, title, abstract, fields and tags; also pinyin or its initials"}}};
  for (const auto& filter : kFilters)
    out.push_back({.name = std::string(filter.name), .shape = schema::text(), .note = filter.note, .repeated = true});
  return out;
}

catalog::Search search_of(const http::Request& r) {
  catalog::Search query;
  query.text = r.get("text").value_or("");
  for (const auto& filter : kFilters) {
    auto [begin, end] = r.query.equal_range(std::string(filter.name));
    for (auto i = begin; i != end; ++i)
      if (!i->second.empty()) (query.*filter.into).push_back(i->second);
  }
  query.sort = r.get("sort").value_or(trim(query.text).empty() ? "changed" : "relevance");
  query.after = r.get("after").value_or("");
  query.limit = static_cast<std::size_t>(r.integer("limit", 20));
  query.lang = r.lang();
  return query;
}

}  // namespace qushu::sharing
