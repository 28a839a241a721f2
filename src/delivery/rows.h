// Inside the module: deliveries as they stand in the store.
#pragma once

#include <string_view>

#include "qushu/delivery/delivery.h"

namespace qushu::delivery {

[[nodiscard]] std::string_view columns();
[[nodiscard]] Delivery delivery_of(const store::Row& row);
[[nodiscard]] Result<void> insert(store::Transaction& t, const Delivery& d, std::string_view sealed);

}  // namespace qushu::delivery
