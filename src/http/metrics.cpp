#include <array>
#include <atomic>
#include <map>
#include <mutex>

#include <fmt/format.h>

#include "qushu/http/server.h"

namespace qushu::http {
namespace {

constexpr std::array<double, 11> kBuckets{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30};

struct Histogram {
  std::array<std::uint64_t, kBuckets.size()> below{};
  std::uint64_t count = 0;
  double sum = 0;
};

std::string braces(std::string_view labels) {
  return labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
}

}  // namespace

struct Metrics::Impl {
  std::mutex mutex;
  std::map<std::string, std::map<std::string, std::uint64_t, std::less<>>, std::less<>> counters;
  std::map<std::string, std::map<std::string, Histogram, std::less<>>, std::less<>> histograms;
  struct Gauge {
    std::string help;
    std::function<double()> read;
  };
  std::map<std::string, Gauge, std::less<>> gauges;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

void Metrics::count(std::string_view name, std::string_view labels, std::uint64_t by) {
  std::lock_guard lock(impl_->mutex);
  auto family = impl_->counters.find(name);
  if (family == impl_->counters.end())
    family = impl_->counters.emplace(std::string(name), std::map<std::string, std::uint64_t, std::less<>>()).first;
  auto one = family->second.find(labels);
  if (one == family->second.end()) one = family->second.emplace(std::string(labels), 0).first;
  one->second += by;
}

void Metrics::observe(std::string_view name, std::string_view labels, double seconds) {
  std::lock_guard lock(impl_->mutex);
  auto family = impl_->histograms.find(name);
  if (family == impl_->histograms.end())
    family = impl_->histograms.emplace(std::string(name), std::map<std::string, Histogram, std::less<>>()).first;
  auto one = family->second.find(labels);
  if (one == family->second.end()) one = family->second.emplace(std::string(labels), Histogram{}).first;
  auto& h = one->second;
  for (std::size_t i = 0; i < kBuckets.size(); ++i)
    if (seconds <= kBuckets.at(i)) ++h.below.at(i);
  ++h.count;
  h.sum += seconds;
}

void Metrics::gauge(std::string_view name, std::string_view help, std::function<double()> read) {
  std::lock_guard lock(impl_->mutex);
  impl_->gauges.insert_or_assign(std::string(name), Impl::Gauge{std::string(help), std::move(read)});
}

std::string Metrics::render() const {
  std::map<std::string, Impl::Gauge, std::less<>> gauges;
  std::string out;
  {
    std::lock_guard lock(impl_->mutex);
    gauges = impl_->gauges;
    for (const auto& [name, family] : impl_->counters) {
      out += fmt::format("# TYPE {} counter\n", name);
      for (const auto& [labels, value] : family) out += fmt::format("{}{} {}\n", name, braces(labels), value);
    }
    for (const auto& [name, family] : impl_->histograms) {
      out += fmt::format("# TYPE {} histogram\n", name);
      for (const auto& [labels, h] : family) {
        auto comma = labels.empty() ? "" : ",";
        for (std::size_t i = 0; i < kBuckets.size(); ++i)
          out += fmt::format("{}_bucket{{{}{}le=\"{}\"}} {}\n", name, labels, comma, kBuckets.at(i), h.below.at(i));
        out += fmt::format("{0}_bucket{{{1}{2}le=\"+Inf\"}} {3}\n{0}_sum{4} {5}\n{0}_count{4} {3}\n", name, labels, comma,
                           h.count, braces(labels), h.sum);
      }
    }
  }
  // Outside the lock: what a gauge reads may itself count.
  for (const auto& [name, gauge] : gauges)
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, gauge.help, gauge.read());
  return out;
}

}  // namespace qushu::http
