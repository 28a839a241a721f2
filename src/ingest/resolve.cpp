// What a mapping makes of columns that are not what they were.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "gather.h"

namespace qushu::ingest {
namespace {

Mapped mapped(const SeenColumn& s) {
  return {.column = s.name, .name = s.name, .type = s.type, .width = s.width, .scale = s.scale, .unit = s.unit, .seen = s.type};
}

// An item's name is there once.
std::string free_name(const std::vector<Mapped>& fields, const std::string& wanted) {
  auto taken = [&](const std::string& name) {
    return std::ranges::any_of(fields, [&](const Mapped& m) { return !m.skip && m.name == name; });
  };
  auto name = wanted;
  for (int n = 2; taken(name); ++n) name = fmt::format("{}_{}", wanted, n);
  return name;
}

Mapped* find(std::vector<Mapped>& fields, std::string_view column) {
  auto found = std::ranges::find_if(fields, [&](const Mapped& m) { return m.column == column; });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace

std::vector<Mapped> propose(const std::vector<SeenColumn>& seen) {
  std::vector<Mapped> fields;
  for (const auto& s : seen) {
    auto m = mapped(s);
    m.name = free_name(fields, s.name);
    fields.push_back(std::move(m));
  }
  return fields;
}

void call_by_mapping(std::vector<SeenColumn>& seen, const std::vector<Mapped>& fields) {
  auto there = [&](const std::string& name) { return std::ranges::find(seen, name, &SeenColumn::name); };
  for (const auto& m : fields)
    if (there(m.column) == seen.end())
      for (const auto& other : m.also)
        if (auto found = there(other); found != seen.end()) {
          found->name = m.column;
          break;
        }
}

Resolution resolve(const Pipeline& p, const std::vector<std::vector<SeenColumn>>& files, const Overlap& overlap) {
  const auto seen = unite(files);
  if (p.fields.empty()) {
    Resolution out{.fields = propose(seen), .drifts = {}};
    for (auto& m : out.fields)
      m.may_miss = std::ranges::any_of(files, [&](const std::vector<SeenColumn>& columns) {
        return std::ranges::find(columns, m.column, &SeenColumn::name) == columns.end();
      });
    return out;
  }
  Resolution out{.fields = p.fields, .drifts = {}};
  std::vector<KnownColumn> known;
  for (const auto& m : p.fields)
    if (!m.column.empty())
      known.push_back({.name = m.column,
                       .item = m.name,
                       .type = m.seen.value_or(m.type),
                       .into = m.type,
                       .skip = m.skip && m.column != p.watermark.column,
                       .needed = m.key || m.column == p.watermark.column,
                       .may_miss = m.may_miss});
  out.drifts = compare_all(known, files, overlap);
  for (const auto& d : out.drifts) {
    if (d.kind == DriftKind::added && p.drift != OnDrift::ask) {
      auto s = std::ranges::find_if(seen, [&](const SeenColumn& c) { return c.name == d.column; });
      auto m = mapped(*s);
      m.name = free_name(out.fields, m.name);
      m.may_miss = d.partly;
      if (p.drift == OnDrift::text) m.type = engine::Type::text;
      out.fields.push_back(std::move(m));
    } else if (d.kind == DriftKind::retyped && p.drift == OnDrift::text && !d.needed) {
      auto* m = find(out.fields, d.column);
      m->type = engine::Type::text;
      m->seen = d.type;
    } else {
      out.ask = true;
    }
  }
  return out;
}

Result<void> apply(std::vector<Mapped>& fields, const std::vector<Drift>& drifts, const std::vector<Decision>& decisions) {
  std::set<std::string> decided;
  auto wrong = [](const std::string& column, std::string zh, std::string en) {
    return fail(Error{.code = Code::invalid, .id = "run.decision", .text = {std::move(zh), std::move(en)}, .subject = column});
  };
  for (const auto& d : decisions) {
    auto drift = std::ranges::find_if(drifts, [&](const Drift& x) { return x.column == d.column; });
    if (drift == drifts.end())
      return wrong(d.column, fmt::format("列“{}”没有变化，不用决定。", d.column),
                   fmt::format("The column “{}” has not changed.", d.column));
    if (!decided.insert(d.column).second)
      return wrong(d.column, fmt::format("列“{}”有两个决定。", d.column),
                   fmt::format("There are two decisions about “{}”.", d.column));
    bool fresh = drift->kind == DriftKind::added || drift->kind == DriftKind::renamed;
    if ((d.verdict == "add" || d.verdict == "skip") && fresh) {
      Mapped m{.column = drift->column,
               .name = free_name(fields, drift->column),
               .type = drift->type,
               .skip = d.verdict == "skip",
               .seen = drift->type,
               .may_miss = drift->partly};
      if (m.type == engine::Type::decimal) {
        m.width = 38;
        m.scale = 10;
      }
      fields.push_back(std::move(m));
      // A column that is not the renamed one leaves the old one missing.
      if (drift->kind == DriftKind::renamed)
        if (auto* old = find(fields, drift->was)) old->may_miss = true;
    } else if (d.verdict.starts_with("rename:") || (d.verdict == "rename" && drift->kind == DriftKind::renamed)) {
      auto was = d.verdict == "rename" ? drift->was : d.verdict.substr(7);
      auto* m = find(fields, was);
      if (!fresh || !m)
        return wrong(d.column, fmt::format("没有原来的列“{}”。", was), fmt::format("There was no column “{}”.", was));
      // Other files of the same delivery still have the old name.
      if (drift->partly) m->also.push_back(m->column);
      m->column = drift->column;
      m->seen = drift->type;
      decided.insert(was);
    } else if (d.verdict == "empty" && drift->kind == DriftKind::missing && !drift->needed) {
      find(fields, drift->column)->may_miss = true;
    } else if ((d.verdict == "retype" || d.verdict == "text" || d.verdict == "reject") && drift->kind == DriftKind::retyped) {
      auto* m = find(fields, drift->column);
      m->seen = drift->type;
      if (d.verdict == "text") m->type = engine::Type::text;
      if (d.verdict == "retype") {
        m->type = drift->type;
        if (m->type == engine::Type::decimal) {
          m->width = 38;
          m->scale = 10;
        }
      }
    } else {
      return wrong(d.column,
                   fmt::format("列“{}”不能这样处理：新增的列可选 add、skip，改名的可选 rename、add、skip，缺少的可选 "
                               "empty（主键和增量位点列除外），"
                               "改变类型的可选 retype、text、reject。",
                               d.column),
                   fmt::format("The column “{}” cannot be treated so: new columns take add or skip, renamed ones rename, add "
                               "or skip, missing ones "
                               "empty (but not keys and watermarks), and those of another type retype, text or reject.",
                               d.column));
    }
  }
  for (const auto& d : drifts)
    if (!decided.contains(d.column))
      return wrong(d.column, fmt::format("还没有决定列“{}”怎么处理。", d.column),
                   fmt::format("Nothing is decided about the column “{}”.", d.column));
  return {};
}

}  // namespace qushu::ingest
