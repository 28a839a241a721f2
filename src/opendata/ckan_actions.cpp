// The actions there are, what each is for, and which function does it.
#include <algorithm>
#include <array>

#include "ckan.h"
#include "ckan_desk.h"

namespace qushu::opendata {
namespace {

struct Documented {
  std::string_view name;
  Text text;
};

// What stewards do, by token.
const std::array kChanges{
    Documented{
        "package_create",
        {"新建数据集（凭数据管理员的令牌）。参数：name、title、notes、owner_org、tags、groups、extras、license_id。经审批开"
         "放之前不公开。",
         "Adds a dataset, by a steward's token. Parameters: name, title, notes, owner_org, tags, groups, extras, "
         "license_id. Private until its release is approved."}},
    Documented{"package_update",
               {"改写数据集的描述，没有给出的清空。参数：id 及 package_create 的各项。",
                "Writes a dataset's description anew; what is not given becomes empty. Parameters: id, and those of "
                "package_create."}},
    Documented{"package_patch",
               {"修改数据集的描述，没有给出的保留。参数：id 及 package_create 的各项。",
                "Changes a dataset's description; what is not given stays. Parameters: id, and those of package_create."}},
    Documented{"package_delete", {"撤下一个数据集。参数：id。", "Withdraws a dataset. Parameters: id."}},
    Documented{"resource_create",
               {"上传数据文件（upload，multipart）或给出地址（url），成为数据集的新版本。参数：package_id、name、description。",
                "Uploads a file (upload, multipart) or names an address (url), which becomes a version of the dataset. "
                "Parameters: package_id, name, description."}},
    Documented{"resource_update",
               {"换文件或改写文件的说明。参数：id、upload 或 url、name、description。",
                "Another file, or another description of it. Parameters: id, upload or url, name, description."}},
    Documented{"resource_patch", {"同 resource_update，没有给出的保留。", "As resource_update; what is not given stays."}},
    Documented{"resource_delete",
               {"删除一个还没有发布数据的文件。参数：id。", "Removes a file whose data are not published. Parameters: id."}}};

}  // namespace

std::span<const Ckan::Reading> Ckan::readings() {
  static const std::array kReadings{
      Reading{"package_list",
              &Ckan::package_list,
              {"全部开放数据集的代码。参数：limit、offset。", "The names of all datasets. Parameters: limit, offset."}},
      Reading{"package_show",
              &Ckan::package_show,
              {"一个数据集。参数：id（代码或标识）。", "One dataset. Parameters: id (name or id)."}},
      Reading{
          "package_search",
          &Ckan::package_search,
          {"检索数据集。参数：q、fq、fq_list、sort、rows、start、facet.field、facet.limit、facet.mincount、fl。",
           "Searches datasets. Parameters: q, fq, fq_list, sort, rows, start, facet.field, facet.limit, facet.mincount, fl."}},
      Reading{"current_package_list_with_resources",
              &Ckan::current_packages,
              {"数据集及其文件，新的在前。", "Datasets with their resources, the newest first."}},
      Reading{"resource_show", &Ckan::resource_show, {"一个文件。参数：id。", "One resource. Parameters: id."}},
      Reading{"organization_list",
              &Ckan::organization_list,
              {"部门。参数：all_fields、sort、limit、offset。", "Departments. Parameters: all_fields, sort, limit, offset."}},
      Reading{"organization_show",
              &Ckan::organization_show,
              {"一个部门。参数：id、include_datasets。", "One department. Parameters: id, include_datasets."}},
      Reading{
          "group_list", &Ckan::group_list, {"分类。参数同 organization_list。", "Classes. Parameters as organization_list."}},
      Reading{"group_show",
              &Ckan::group_show,
              {"一个分类。参数：id、include_datasets。", "One class. Parameters: id, include_datasets."}},
      Reading{"tag_list", &Ckan::tag_list, {"标签。参数：query、all_fields。", "Tags. Parameters: query, all_fields."}},
      Reading{"tag_show",
              &Ckan::tag_show,
              {"一个标签。参数：id、include_datasets。", "One tag. Parameters: id, include_datasets."}},
      Reading{"package_autocomplete",
              &Ckan::package_autocomplete,
              {"代码以此开头或名称中有此的数据集。参数：q、limit。",
               "Datasets whose name begins with q or whose title has it. Parameters: q, limit."}},
      Reading{"organization_autocomplete",
              &Ckan::organization_autocomplete,
              {"代码或名称中有此的部门。参数：q、limit。", "Departments whose name or title has it. Parameters: q, limit."}},
      Reading{"organization_list_for_user",
              &Ckan::organization_list_for_user,
              {"令牌的主人可以在哪些部门新建数据集。", "Where the owner of the token may add datasets."}},
      Reading{"group_autocomplete",
              &Ckan::group_autocomplete,
              {"代码或名称中有此的分类。参数：q、limit。", "Classes whose name or title has it. Parameters: q, limit."}},
      Reading{"group_package_show",
              &Ckan::group_package_show,
              {"一个分类的数据集。参数：id、limit。", "The datasets of a class. Parameters: id, limit."}},
      Reading{"tag_autocomplete",
              &Ckan::tag_autocomplete,
              {"含有此的标签。参数：query、limit、offset。", "Tags that have it. Parameters: query, limit, offset."}},
      Reading{"tag_search",
              &Ckan::tag_search,
              {"含有此的标签及其个数。参数：query、limit、offset。",
               "Tags that have it, and how many. Parameters: query, limit, offset."}},
      Reading{"format_autocomplete",
              &Ckan::format_autocomplete,
              {"文件格式。参数：q、limit。", "Formats of files. Parameters: q, limit."}},
      Reading{"resource_search",
              &Ckan::resource_search,
              {"按“字段:词”检索文件，可给多个。参数：query、order_by、limit、offset。",
               "Finds files by field:term, one or several. Parameters: query, order_by, limit, offset."}},
      Reading{"vocabulary_list", &Ckan::vocabulary_list, {"词汇表（没有）。", "Vocabularies; there are none."}},
      Reading{"site_read", &Ckan::site_read, {"是否可以读取本站。", "Whether this site may be read."}},
      Reading{"license_list", &Ckan::license_list, {"许可。", "Licences."}},
      Reading{"help_show", &Ckan::help_show, {"一个动作的说明。参数：name。", "What an action does. Parameters: name."}},
      Reading{"status_show", &Ckan::status_show, {"本站的说明。", "About this site."}},
      Reading{"datastore_info",
              &Ckan::datastore_info,
              {"一个文件的行数和字段。参数：id。", "How many rows and which fields a file has. Parameters: id."}},
      Reading{
          "datastore_search",
          &Ckan::datastore_search,
          {"数据行。参数：resource_id、filters、q、distinct、limit、offset、fields、sort、include_total、records_"
           "format、include_"
           "next_page。",
           "Rows. Parameters: resource_id, filters, q, distinct, limit, offset, fields, sort, include_total, records_format, "
           "include_next_page."}},
      Reading{"datastore_search_sql",
              &Ckan::datastore_search_sql,
              {"用 SQL 查询，表名为文件标识或数据集代码。参数：sql。",
               "Rows by SQL; tables are called by a resource's id or a dataset's name. Parameters: sql."}}};
  return kReadings;
}

Result<std::string> Ckan::help_show(const CkanCall& call) const {
  auto name = call.params.text("name");
  if (name.empty()) return missing_parameter("name");
  for (const auto& action : kChanges)
    if (action.name == name) return json::serialize(json::string(action.text.in(call.actor.lang)));
  for (const auto& action : readings())
    if (action.name == name) return json::serialize(json::string(action.help.in(call.actor.lang)));
  return not_there();
}

Result<std::string> Ckan::act(std::string_view action, const CkanCall& call) const {
  if (CkanDesk::changes(action)) return desk_->act(action, call);
  auto reading = std::ranges::find(readings(), action, &Reading::name);
  if (reading == readings().end()) return fail(Code::not_found, "open.action", "没有这个动作。", "There is no such action.");
  return (this->*(reading->run))(call);
}

}  // namespace qushu::opendata
