// The demo district's year: its records made and moved as people do it, then every figure computed from them.
#include <iostream>
#include <mutex>
#include <thread>

#include <fmt/format.h>

#include "qushu/base/text.h"
#include "qushu/demo/records.h"

#include "commands.h"

namespace qushu::app {
namespace {

constexpr const char* kKeeper = "operator";  // who keeps the registers in the demo district

Result<blob::BlobInfo> paper(System& s, const demo::Record& record) {
  QS_TRY(auto writer, s.blobs->create());
  QS_CHECK(writer->write(
      fmt::format("{}\n演示材料：{}\n", record.file_name, boost::json::serialize(record.values.begin()->value()))));
  return writer->commit();
}

Result<void> enter(System& s, const Actor& actor, const demo::Record& record, bool with_paper) {
  QS_TRY(auto made, s.registers->create(actor, record.register_code, record.values));
  if (!record.file_field.empty() && with_paper) {
    QS_TRY(auto content, paper(s, record));
    QS_CHECK(s.registers->attach(actor, record.register_code, made.id, record.file_field, record.file_name, content));
  }
  for (const auto& move : record.moves)
    QS_CHECK(s.registers->move(actor, record.register_code, made.id, 0, move.transition, move.comment, move.values));
  return {};
}

// Each register in its order, so that numbers are the same every time; several at once, since the store commits together what
// waits at one time.
Result<void> enter_all(System& s, const Actor& actor, const std::vector<std::vector<const demo::Record*>>& lists) {
  std::mutex mutex;
  Result<void> outcome;
  std::vector<std::jthread> threads;
  for (const auto& list : lists)
    threads.emplace_back([&, list] {
      for (const auto* record : list) {
        auto done = enter(s, actor, *record, true);
        std::scoped_lock lock(mutex);
        if (!outcome) return;
        if (!done) {
          outcome = fail(std::move(done).error().about(record->register_code));
          return;
        }
      }
    });
  threads.clear();
  return outcome;
}

}  // namespace

Result<void> fill_figures(System& s, const Actor& operator_, std::uint64_t seed, Lang lang) {
  QS_TRY(auto links, s.registers->page(operator_, "links", {{"_size", "1"}}));
  if (!links.records.empty()) return {};
  QS_TRY(auto actor, s.identity->actor_of(kKeeper));
  actor.via = "cli";
  actor.from = "local";
  auto records = demo::records(s.calendar->today(), seed);
  std::map<std::string, std::vector<const demo::Record*>> by_register;
  for (const auto& record : records) by_register[record.register_code].push_back(&record);
  std::vector<std::vector<const demo::Record*>> first, rest;
  for (auto& [code, list] : by_register) (code == "links" ? first : rest).push_back(std::move(list));
  QS_CHECK(enter_all(s, actor, first));  // what others refer to
  QS_CHECK(enter_all(s, actor, rest));
  QS_TRY(auto all, s.indicators->list(operator_, 1));
  for (const auto& one : all) QS_CHECK(s.indicators->assign(operator_, one.indicator.definition.code, kKeeper));
  QS_TRY(auto values, s.indicators->compute_due([](std::size_t, std::size_t) { return true; }));
  auto n = [](std::size_t v) { return with_thousands(static_cast<std::int64_t>(v)); };
  std::cout << (lang == Lang::zh
                    ? fmt::format("  台账与指标：{} 条记录，{} 个指标，{} 个值\n", n(records.size()), n(all.size()), n(values))
                    : fmt::format("  registers and indicators: {} records, {} indicators, {} values\n", n(records.size()),
                                  n(all.size()), n(values)))
            << std::flush;
  return {};
}

}  // namespace qushu::app
