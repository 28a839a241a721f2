// Lists: filters, search, sort and keyset pages over a register's table.
#include <algorithm>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/crypto/crypto.h"

#include "access.h"
#include "loaded.h"
#include "number.h"
#include "values.h"

namespace qushu::registers {
namespace {

constexpr std::size_t kMostConditions = 32, kMostValues = 500, kLongestValue = 1000;

Failure wrong(std::string_view parameter, std::string zh, std::string en) {
  return fail(Error{
      .code = Code::invalid, .id = "record.filter", .text = {std::move(zh), std::move(en)}, .subject = std::string(parameter)});
}

std::string like(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '%' || c == '_' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// What a filter or a sort is about.
struct Target {
  std::string sql;
  const Field* field = nullptr;
  SystemColumn::Type type = SystemColumn::Type::text;
  [[nodiscard]] bool is_text() const {
    return field != nullptr ? stored_columns(*field).front().storage == Storage::text : type == SystemColumn::Type::text;
  }
};

std::optional<Target> target_of(const Definition& d, std::string_view name) {
  if (const auto* system = system_column(name)) return Target{.sql = std::string(system->sql), .type = system->type};
  if (const auto* field = find_column(d, name)) return Target{.sql = stored_columns(*field).front().name, .field = field};
  return std::nullopt;
}

class Lister {
 public:
  Lister(const Definition& d, const Actor& actor, const calendar::Calendar& calendar, const Settings& settings)
      : d_(d), actor_(actor), calendar_(calendar), settings_(settings) {}

  Result<void> read(const Pairs& query) {
    std::string view;
    for (const auto& [name, value] : query)
      if (name == "_view") view = value;
    if (!view.empty()) QS_CHECK(use_view(view));
    bool sorted = false;
    for (const auto& [name, value] : query) {
      if (name == "_view") continue;
      if (value.size() > kLongestValue * 10) return wrong(name, "值太长。", "The value is too long.");
      if (name == "_sort" || name == "_sort_desc") {
        if (sorted) return wrong(name, "只能按一项排序。", "One sorts by one thing.");
        sorted = true;
        sort_ = value;
        descending_ = name == "_sort_desc";
      } else if (name == "_size") {
        auto size = to_int(value);
        auto most = settings_.integer("registers.page_limit");
        if (!size || *size < 1 || *size > most)
          return wrong(name, fmt::format("应为 1 到 {} 的整数。", most),
                       fmt::format("A whole number from 1 to {} is expected.", most));
        size_ = static_cast<std::size_t>(*size);
      } else if (name == "_next") {
        QS_CHECK(read_cursor(value));
      } else if (name == "_search") {
        QS_CHECK(search(value));
      } else if (name == "_count") {
        if (value != "exact" && value != "none") return wrong(name, "应为 exact 或 none。", "exact or none is expected.");
        count_ = value == "exact";
      } else {
        QS_CHECK(condition(name, value));
      }
    }
    auto target = sort_.empty() ? std::optional(Target{.sql = "id"}) : target_of(d_, sort_);
    if (!target)
      return wrong("_sort", fmt::format("不能按“{}”排序。", shorten(sort_, 60)),
                   fmt::format("One cannot sort by “{}”.", shorten(sort_, 60)));
    by_ = *target;
    if (sort_.empty()) descending_ = true;  // the newest first
    if (size_ == 0) size_ = static_cast<std::size_t>(settings_.integer("registers.page_size"));
    auto seen = visible(d_, actor_);
    where_ += " AND " + seen.sql;
    params_.insert(params_.end(), seen.params.begin(), seen.params.end());
    if (!cursor_.is_null() && cursor_.as_object().at("s").as_string() != sort_key())
      return wrong("_next", "翻页标记属于另一种排序，请从第一页开始。",
                   "The cursor belongs to another sort; start again from the first page.");
    return {};
  }

  // Everything that the answer depends on but the records.
  [[nodiscard]] std::string question() const {
    auto out = fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}", d_.code, where_, sort_key(), by_.sql, size_, count_,
                           json::serialize(cursor_));
    for (const auto& param : params_) {
      out += '\n';
      std::visit(
          [&](const auto& value) {
            using V = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<V, std::string>)
              out += fmt::format("{}:{}", value.size(), value);
            else if constexpr (!std::is_same_v<V, store::Null>)
              out += fmt::format("{}", value);
          },
          param.value);
    }
    return out;
  }

  Result<Page> run(store::Session& s) {
    Page page;
    if (count_) {
      QS_TRY(auto row, s.one(fmt::format("SELECT count(*) FROM {} WHERE {}", table_of(d_.code), where_), params_));
      page.total = row->integer(0);
    }
    QS_TRY(auto rows, by_.sql == "id" ? by_id(s) : by_value(s));
    bool more = rows.size() > size_;
    if (more) rows.pop_back();
    for (const auto& row : rows) page.records.push_back(record_of(d_, row));
    if (more) page.next = cursor_after(rows.back());
    return page;
  }

 private:
  [[nodiscard]] std::string sort_key() const { return (descending_ ? "-" : "") + sort_; }

  Result<void> use_view(const std::string& name) {
    auto view = std::ranges::find(d_.views, name, &View::name);
    if (view == d_.views.end())
      return wrong("_view", fmt::format("台账没有视图“{}”。", shorten(name, 60)),
                   fmt::format("The register has no view “{}”.", shorten(name, 60)));
    sort_ = view->sort;
    descending_ = view->descending;
    for (const auto& c : view->where) QS_CHECK(condition(c.column + "__" + c.op, c.value));
    return {};
  }

  // A value as the column holds it.
  Result<store::Param> value_of(const Target& target, std::string_view parameter, std::string_view text) const {
    if (text.size() > kLongestValue) return wrong(parameter, "值太长。", "The value is too long.");
    if (!is_utf8(text) || text.contains('\0')) return wrong(parameter, "值不是 UTF-8 文本。", "The value is not UTF-8 text.");
    if (target.field == nullptr && target.type == SystemColumn::Type::whole) {
      auto whole = to_int(text);
      if (!whole) return wrong(parameter, "应为整数。", "A whole number is expected.");
      return store::Param(*whole);
    }
    bool time = target.field != nullptr ? target.field->kind == Kind::datetime : target.type == SystemColumn::Type::time;
    if (time) {
      static const Field kTime{.name = "time", .kind = Kind::datetime};
      auto cells = cells_of_text(kTime, text, {.zone = calendar_.zone()});
      if (!cells) return wrong(parameter, "应为时间，如 2026-11-23 14:05。", "A time is expected, such as 2026-11-23 14:05.");
      return param(cells->front());
    }
    if (target.field == nullptr) {
      if (text == "me") return store::Param(actor_.person_id);
      if (text == "my_department") return store::Param(actor_.department_id);
      return store::Param(text);
    }
    const auto& f = *target.field;
    switch (f.kind) {
      case Kind::number:
      case Kind::money:
      case Kind::computed:
      case Kind::attachment: {
        auto number = parse_decimal(text, decimals_of(f));
        if (!number)
          return wrong(parameter, fmt::format("“{}”应为{}。", shorten(text, 40), number_words(decimals_of(f)).zh),
                       fmt::format("“{}” should be {}.", shorten(text, 40), number_words(decimals_of(f)).en));
        return store::Param(*number);
      }
      case Kind::date: {
        if (text == "today") return store::Param(calendar::to_text(calendar_.today()));
        auto cells = cells_of_text(f, text, {.zone = calendar_.zone()});
        if (!cells) return wrong(parameter, cells.error().text.zh, cells.error().text.en);
        return param(cells->front());
      }
      case Kind::person:
        return store::Param(text == "me" ? std::string_view(actor_.person_id) : text);
      case Kind::department:
        return store::Param(text == "my_department" ? std::string_view(actor_.department_id) : text);
      default:
        return store::Param(text);
    }
  }
  static store::Param param(const store::Value& value) {
    store::Param out{store::Null{}};
    out.value = value;
    return out;
  }

  Result<void> condition(std::string_view name, std::string_view value) {
    if (++conditions_ > kMostConditions)
      return wrong(name, fmt::format("最多 {} 个条件。", kMostConditions),
                   fmt::format("There are {} conditions at most.", kMostConditions));
    auto mark = name.rfind("__");
    auto column = name.substr(0, mark);
    auto op = mark == std::string_view::npos ? std::string_view("exact") : name.substr(mark + 2);
    auto target = target_of(d_, column);
    if (!target)
      return wrong(name, fmt::format("台账没有字段“{}”。", shorten(column, 60)),
                   fmt::format("The register has no field “{}”.", shorten(column, 60)));
    if (!is_operator(op))
      return wrong(name, fmt::format("没有比较方式“{}”。", shorten(op, 40)),
                   fmt::format("There is no operator “{}”.", shorten(op, 40)));
    if (op == "isnull" || op == "notnull") {
      where_ += fmt::format(" AND {} IS {}NULL", target->sql, op == "isnull" ? "" : "NOT ");
      return {};
    }
    if (op == "contains" || op == "startswith" || op == "endswith") return matching(name, *target, op, value);
    if (op == "in" || op == "notin") return listed(name, *target, op, value);
    if (op == "between") {
      auto ends = split(value, ',');
      if (ends.size() != 2) return wrong(name, "应为两个值，以逗号分开。", "Two values are expected, with a comma between.");
      QS_TRY(auto low, value_of(*target, name, trim(ends[0])));
      QS_TRY(auto high, value_of(*target, name, trim(ends[1])));
      where_ += fmt::format(" AND {0} >= ? AND {0} <= ?", target->sql);
      params_.push_back(std::move(low));
      params_.push_back(std::move(high));
      return {};
    }
    QS_TRY(auto one, value_of(*target, name, value));
    if (op == "not")
      where_ += fmt::format(" AND ({0} IS NULL OR {0} <> ?)", target->sql);
    else
      where_ += fmt::format(" AND {} {} ?", target->sql,
                            op == "gt"    ? ">"
                            : op == "gte" ? ">="
                            : op == "lt"  ? "<"
                            : op == "lte" ? "<="
                                          : "=");
    params_.push_back(std::move(one));
    return {};
  }

  // People, departments and the like are matched by what they are called.
  Result<void> matching(std::string_view name, const Target& target, std::string_view op, std::string_view value) {
    if (!target.is_text()) return wrong(name, "只有文本能这样筛选。", "Only texts can be filtered so.");
    if (value.size() > kLongestValue || !is_utf8(value) || value.contains('\0'))
      return wrong(name, "值太长，或不是 UTF-8 文本。", "The value is too long, or not UTF-8 text.");
    auto sql = target.sql;
    if (target.field != nullptr)
      if (auto columns = stored_columns(*target.field); columns.size() == 2) sql = columns[1].name;
    if (target.sql == "department_id") sql = "department_name";
    if (target.sql == "created_by") sql = "created_by_name";
    // The two databases differ about case in LIKE.
    where_ += fmt::format(" AND lower({}) LIKE ? ESCAPE '\\'", sql);
    params_.emplace_back((op == "startswith" ? "" : "%") + lower_ascii(like(value)) + (op == "endswith" ? "" : "%"));
    return {};
  }

  Result<void> listed(std::string_view name, const Target& target, std::string_view op, std::string_view value) {
    auto values = split(value, ',');
    if (values.size() > kMostValues)
      return wrong(name, fmt::format("最多 {} 个值。", kMostValues), fmt::format("There are {} values at most.", kMostValues));
    std::string marks;
    for (auto one : values) {
      QS_TRY(auto param, value_of(target, name, trim(one)));
      params_.push_back(std::move(param));
      marks += marks.empty() ? "?" : ", ?";
    }
    where_ += op == "in" ? fmt::format(" AND {} IN ({})", target.sql, marks)
                         : fmt::format(" AND ({0} IS NULL OR {0} NOT IN ({1}))", target.sql, marks);
    return {};
  }

  // Every word somewhere in the record's texts.
  Result<void> search(std::string_view text) {
    if (text.size() > kLongestValue || !is_utf8(text) || text.contains('\0'))
      return wrong("_search", "检索词太长，或不是 UTF-8 文本。", "What is searched for is too long, or not UTF-8 text.");
    for (auto word : split(text, ' ')) {
      word = trim(word);
      if (word.empty()) continue;
      auto pattern = "%" + lower_ascii(like(word)) + "%";
      std::string any = "lower(number) LIKE ? ESCAPE '\\'";
      params_.emplace_back(pattern);
      for (const auto& field : d_.fields) {
        auto columns = stored_columns(field);
        if (field.retired || columns.front().storage != Storage::text || field.kind == Kind::choice || field.kind == Kind::date)
          continue;
        any += fmt::format(" OR lower({}) LIKE ? ESCAPE '\\'", columns.size() == 2 ? columns[1].name : columns[0].name);
        params_.emplace_back(pattern);
      }
      where_ += " AND (" + any + ")";
    }
    return {};
  }

  Result<void> read_cursor(std::string_view text) {
    auto raw = crypto::from_base64(text);
    boost::system::error_code failed;
    auto value = raw ? json::parse(*raw, failed) : json::value(nullptr);
    bool good = !failed && value.is_object() && value.as_object().contains("s") && value.as_object().contains("v") &&
                value.as_object().contains("i") && value.as_object().at("s").is_string() &&
                value.as_object().at("i").is_string();
    if (!good)
      return wrong("_next", "翻页标记已损坏，请从第一页开始。", "The cursor is damaged; start again from the first page.");
    cursor_ = std::move(value);
    return {};
  }

  std::string cursor_after(const store::Row& last) const {
    json::value value = nullptr;
    // The sort's value stands behind the record's columns.
    const auto& cell = last[last.size() - 1];
    if (const auto* text = std::get_if<std::string>(&cell)) value = json::value(*text);
    if (const auto* whole = std::get_if<std::int64_t>(&cell)) value = *whole;
    if (const auto* real = std::get_if<double>(&cell)) value = *real;
    return crypto::to_base64url(json::serialize(json::object{{"s", sort_key()}, {"v", std::move(value)}, {"i", last.text(0)}}));
  }

  Result<std::vector<store::Row>> select(store::Session& s, std::string_view where, store::Params params,
                                         std::string_view order, std::size_t limit) const {
    auto all = params_;
    all.insert(all.end(), params.begin(), params.end());
    return s.query(fmt::format("SELECT {}, {} FROM {} WHERE {}{} ORDER BY {} LIMIT {}", record_columns(d_), by_.sql,
                               table_of(d_.code), where_, where, order, limit),
                   all);
  }

  Result<std::vector<store::Row>> by_id(store::Session& s) const {
    auto order = descending_ ? "id DESC" : "id";
    if (cursor_.is_null()) return select(s, "", {}, order, size_ + 1);
    return select(s, descending_ ? " AND id < ?" : " AND id > ?", {std::string(cursor_.at("i").as_string())}, order, size_ + 1);
  }

  // First those that have a value, then those that have none, each in an order that an index gives.
  Result<std::vector<store::Row>> by_value(store::Session& s) const {
    std::vector<store::Row> rows;
    auto more = descending_ ? "<" : ">", way = descending_ ? "DESC" : "ASC";
    bool filled = cursor_.is_null() || !cursor_.at("v").is_null();
    auto id = cursor_.is_null() ? std::string() : std::string(cursor_.at("i").as_string());
    if (filled) {
      auto where = fmt::format(" AND {} IS NOT NULL", by_.sql);
      store::Params params;
      if (!cursor_.is_null()) {
        where += fmt::format(" AND ({}, id) {} (?, ?)", by_.sql, more);
        const auto& v = cursor_.at("v");
        if (v.is_string() != by_.is_text())
          return wrong("_next", "翻页标记已损坏，请从第一页开始。", "The cursor is damaged; start again from the first page.");
        params.push_back(v.is_string()  ? store::Param(std::string(v.as_string()))
                         : v.is_int64() ? store::Param(v.as_int64())
                                        : store::Param(v.is_double() ? v.as_double() : 0.0));
        params.emplace_back(id);
      }
      QS_TRY(rows, select(s, where, params, fmt::format("{0} {1}, id {1}", by_.sql, way), size_ + 1));
      if (rows.size() > size_) return rows;
    }
    auto where = fmt::format(" AND {} IS NULL", by_.sql);
    store::Params params;
    if (!filled) {
      where += fmt::format(" AND id {} ?", more);
      params.emplace_back(id);
    }
    QS_TRY(auto empty, select(s, where, params, fmt::format("id {}", way), size_ + 1 - rows.size()));
    std::ranges::move(empty, std::back_inserter(rows));
    return rows;
  }

  const Definition& d_;
  const Actor& actor_;
  const calendar::Calendar& calendar_;
  const Settings& settings_;
  std::string where_ = "removed IS NULL", sort_;
  store::Params params_;
  Target by_;
  bool descending_ = false, count_ = false;
  std::size_t size_ = 0, conditions_ = 0;
  json::value cursor_;
};

}  // namespace

Result<void> each_record(store::Session& s, const Definition& d, const Actor& actor, const calendar::Calendar& calendar,
                         const Settings& settings, const Pairs& query, std::int64_t limit,
                         const std::function<Result<void>(const Record&)>& one) {
  Pairs all;
  for (const auto& pair : query) {
    if (pair.first == "_size" || pair.first == "_next" || pair.first == "_count") continue;
    all.push_back(pair);
  }
  all.emplace_back("_size", std::to_string(settings.integer("registers.page_limit")));
  for (std::int64_t count = 0;;) {
    Lister lister(d, actor, calendar, settings);
    QS_CHECK(lister.read(all));
    QS_TRY(auto page, lister.run(s));
    for (const auto& record : page.records) {
      if (++count > limit)
        return fail(
            Code::too_large, "register.export_rows",
            fmt::format("超过一次导出 {} 条的上限（设置 registers.export_rows），请加筛选条件。", limit),
            fmt::format("There are more than {} records, the most of one export (setting registers.export_rows); filter them.",
                        limit));
      QS_CHECK(one(record));
    }
    if (page.next.empty()) return {};
    std::erase_if(all, [](const auto& pair) { return pair.first == "_next"; });
    all.emplace_back("_next", page.next);
  }
}

Result<Page> Registers::page(const Actor& actor, std::string_view code, const Pairs& query) const {
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<Page> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    Lister lister(loaded->entry.definition, actor, deps_.calendar, deps_.settings);
    QS_CHECK(lister.read(query));
    return lister.run(s);
  });
}

Result<std::shared_ptr<const std::string>> Registers::page_text(const Actor& actor, std::string_view code,
                                                                const Pairs& query) const {
  // Asked before anything is read: what is kept is at least as new.
  QS_TRY(auto generation, deps_.store.generation());
  auto now = deps_.clock.now();
  std::shared_ptr<const Loaded> known;
  {
    std::scoped_lock lock(mutex_);
    if (std::exchange(generation_, generation) != generation) current_.clear();
    if (auto loaded = current_.find(code); loaded != current_.end()) known = loaded->second;
  }
  if (known) {
    if (!knows_of(known->entry.definition, actor)) return no_register();
    Lister lister(known->entry.definition, actor, deps_.calendar, deps_.settings);
    QS_CHECK(lister.read(query));
    if (auto page = pages_.find(lister.question()); page && page->generation == generation && now < page->until)
      return page->text;
  }
  return read_steadily(deps_.store, [&](store::Session& s) -> Result<std::shared_ptr<const std::string>> {
    QS_TRY(auto loaded, load_visible(s, actor, code));
    const auto& d = loaded->entry.definition;
    Lister lister(d, actor, deps_.calendar, deps_.settings);
    QS_CHECK(lister.read(query));
    QS_TRY(auto page, lister.run(s));
    auto until = Time::max();
    json::array records;
    for (const auto& record : page.records) {
      if (record.due && *record.due >= now) until = std::min(until, *record.due);
      records.push_back(to_json(d, record));
    }
    auto text = std::make_shared<const std::string>(
        json::serialize(json::object{{"records", std::move(records)},
                                     {"next", page.next},
                                     {"total", page.total ? json::value(*page.total) : json::value(nullptr)}}));
    pages_.keep(lister.question(), std::make_shared<const PageText>(generation, until, text), text->size() + sizeof(PageText),
                static_cast<std::size_t>(deps_.settings.integer("registers.list_memory")));
    std::scoped_lock lock(mutex_);
    if (generation_ == generation) current_.insert_or_assign(std::string(code), loaded);
    return text;
  });
}

}  // namespace qushu::registers
