#include "entry_members.h"

#include <array>

namespace qushu::catalog {
namespace {

const std::array kEntryMembers{
    EntryMember{"title", &Entry::title, {"信息资源名称", "Title"}, 200, nullptr, true},
    EntryMember{"abstract", &Entry::abstract, {"信息资源摘要", "Abstract"}, 5000, nullptr, true},
    EntryMember{"resource_code", &Entry::resource_code, {"信息资源代码", "Resource code"}, 100, nullptr, true, false},
    EntryMember{"department_id", &Entry::department_id, {"提供方部门", "Providing department"}, 64, nullptr, true},
    EntryMember{"provider", &Entry::provider, {"信息资源提供方", "Provider"}, 200, nullptr, true, false},
    EntryMember{"provider_code", &Entry::provider_code, {"提供方代码", "Provider's code"}, 60},
    EntryMember{"theme", &Entry::theme, {"主题词", "Theme"}, 60, nullptr, true},
    EntryMember{"format", &Entry::format, {"信息资源格式", "Format"}, 30, formats},
    EntryMember{"sharing_type", &Entry::sharing_type, {"共享类型", "Sharing type"}, 30, sharing_types, true},
    EntryMember{"sharing_condition", &Entry::sharing_condition, {"共享条件", "Sharing condition"}, 1000},
    EntryMember{"sharing_method", &Entry::sharing_method, {"共享方式", "Sharing method"}, 30, sharing_methods},
    EntryMember{"not_shared_reason", &Entry::not_shared_reason, {"不予共享理由", "Why it is not shared"}, 1000},
    EntryMember{"not_shared_basis", &Entry::not_shared_basis, {"不予共享依据", "Legal basis of not sharing"}, 1000},
    EntryMember{"open_type", &Entry::open_type, {"开放属性", "Open attribute"}, 30, open_types},
    EntryMember{"open_condition", &Entry::open_condition, {"开放条件", "Condition of opening"}, 1000},
    EntryMember{"update_cycle", &Entry::update_cycle, {"更新周期", "Update cycle"}, 30, update_cycles, true},
    EntryMember{"published_on", &Entry::published_on, {"发布日期", "Publication date"}, 10},
    EntryMember{"level", &Entry::level, {"数据级别", "Grade"}, 30, levels, true}};

const std::array kItemMembers{
    ItemMember{"english", &Item::english, {"英文名称", "English name"}, 120},
    ItemMember{"type", &Item::type, {"数据类型", "Data type"}, 1, item_types},
    ItemMember{"description", &Item::description, {"说明", "Description"}, 1000},
    ItemMember{"sharing_type", &Item::sharing_type, {"信息项共享类型", "Item's sharing type"}, 30, sharing_types},
    ItemMember{"sharing_condition", &Item::sharing_condition, {"信息项共享条件", "Item's sharing condition"}, 1000},
    ItemMember{"open_type", &Item::open_type, {"信息项开放属性", "Item's open attribute"}, 30, open_types},
    ItemMember{"open_condition", &Item::open_condition, {"信息项开放条件", "Item's condition of opening"}, 1000},
    ItemMember{"level", &Item::level, {"信息项级别", "Item's grade"}, 30, levels}};

}  // namespace

std::span<const EntryMember> entry_members() {
  return kEntryMembers;
}
std::span<const ItemMember> item_members() {
  return kItemMembers;
}

}  // namespace qushu::catalog
