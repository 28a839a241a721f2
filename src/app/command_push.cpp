#include <CLI/CLI.hpp>
#include <cerrno>
#include <fstream>
#include <iostream>

#include <fmt/format.h>

#include "qushu/base/text.h"

#include "commands.h"

namespace qushu::app {
namespace {

struct PushOptions {
  std::string file, dataset, mode, key;
  bool no_wait = false;
};

void print_answer(const ingest::Pushes::Answer& a, Lang lang) {
  bool zh = lang == Lang::zh;
  auto count = [](std::uint64_t n) { return with_thousands(static_cast<std::int64_t>(n)); };
  std::cout << (zh ? fmt::format("接收 {} 行，剔除 {} 行", count(a.accepted), count(a.rejected))
                   : fmt::format("{} rows accepted, {} rejected", count(a.accepted), count(a.rejected)));
  if (a.version > 0) std::cout << (zh ? fmt::format("，已进入第 {} 版", a.version) : fmt::format(", in version {}", a.version));
  std::cout << '\n';
  for (const auto& f : a.faults)
    std::cout << (zh ? fmt::format("  第 {} 行 {}：{} {}\n", f.row, f.field, f.reason.zh, f.value)
                     : fmt::format("  row {} {}: {} {}\n", f.row, f.field, f.reason.en, f.value));
}

Result<void> run_push(System& s, const Actor& actor, const Common& common, const PushOptions& o) {
  QS_TRY(auto dataset, s.catalog->find(sharing::visibility(actor), o.dataset));
  QS_CHECK(sharing::check_steward(actor, dataset));
  std::ifstream file;
  if (o.file != "-") {
    file.open(o.file, std::ios::binary);
    if (!file) return fail_errno(errno, "open " + o.file);
  }
  std::istream& in = o.file == "-" ? std::cin : file;
  std::atomic<bool> stop = false;
  SignalWatch signals([&] { stop = true; });
  ingest::Pushes::Request request{.mode = o.mode == "delete" ? "" : o.mode,
                                  .remove = o.mode == "delete",
                                  .idempotency_key = o.key,
                                  .shape = ingest::Pushes::Shape::lines,
                                  .wait = false,
                                  .cancelled = [&] { return stop.load(); }};
  QS_TRY(auto answer, s.pushes->push(actor, dataset, request, [&](std::span<char> into) -> Result<std::size_t> {
    in.read(into.data(), static_cast<std::streamsize>(into.size()));
    if (in.bad()) return fail_errno(EIO, "read " + o.file);
    return static_cast<std::size_t>(in.gcount());
  }));
  // What waits is taken in here: perhaps no server is there to do it.
  while (!o.no_wait && !stop) {
    QS_TRY(auto id, s.pushes->flush(actor, dataset));
    if (id.empty()) break;
    QS_TRY(auto job, s.jobs->run_now(id));
    if (job.state != jobs::State::succeeded) {
      if (job.error) return fail(*job.error);
      return fail(Code::cancelled, "job.cancelled", "作业已取消。", "The job was cancelled.");
    }
    QS_TRY(auto version, s.catalog->version(dataset.id, 0));
    answer.visible = true;
    answer.version = version.number;
  }
  if (common.json)
    print(ingest::to_json(answer, common.lang));
  else
    print_answer(answer, common.lang);
  return {};
}

}  // namespace

void add_push_command(CLI::App& app, Common& common, Chosen& chosen) {
  bool zh = common.lang == Lang::zh;
  auto o = std::make_shared<PushOptions>();
  auto* c = app.add_subcommand("push", zh ? "把 NDJSON 逐行推送到数据集" : "Push rows of NDJSON into a dataset");
  c->add_option("file", o->file,
                zh ? "NDJSON 文件，每行一个对象；- 为标准输入" : "File of NDJSON, an object on each line; - is standard input")
      ->required();
  c->add_option("--dataset", o->dataset, zh ? "数据集代码" : "Dataset code")->required();
  c->add_option("--mode", o->mode,
                zh ? "append 追加、upsert 按主键更新、delete 按主键删除；缺省时有主键按主键更新，没有主键追加"
                   : "append, upsert, or delete by key; otherwise upsert where a key is declared, else append")
      ->check(CLI::IsMember({"append", "upsert", "delete"}));
  c->add_option("--idempotency-key", o->key, zh ? "同一个键重复推送只算一次" : "The same key pushed again counts once");
  c->add_flag("--no-wait", o->no_wait, zh ? "不等数据进入版本" : "Do not wait until the rows are in a version");
  c->callback([&, o] {
    chosen.action = [&, o] {
      return with_system(common, [&](System& s, const Actor& actor) { return run_push(s, actor, common, *o); });
    };
  });
}

}  // namespace qushu::app
