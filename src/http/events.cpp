#include "events.h"

#include "qushu/base/text.h"

namespace qushu::http {

EventHub::EventHub() : impl_(std::make_shared<Impl>()) {}
EventHub::~EventHub() = default;

void EventHub::publish(std::string_view event, const json::value& data, const std::function<bool(const Actor&)>& filter) {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    std::lock_guard lock(impl_->mutex);
    listeners = impl_->listeners;
  }
  std::string text;
  for (const auto& listener : listeners) {
    if (filter && !filter(listener->actor)) continue;
    // JSON on one line: Boost.JSON escapes line breaks, so the frame cannot be broken from inside.
    if (text.empty()) text = "event: " + std::string(event) + "\ndata: " + json::serialize(data) + "\n\n";
    std::lock_guard lock(listener->mutex);
    if (listener->queue.size() >= kBacklog)
      listener->cut = true;
    else
      listener->queue.push_back(text);
    if (listener->wake) listener->wake();
  }
}

std::size_t EventHub::listeners() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->listeners.size();
}

}  // namespace qushu::http
