// Inside the module: what a column of MySQL becomes.
#pragma once

#include <mysql.h>

#include "reader.h"

namespace qushu::sources {

[[nodiscard]] FeedColumn feed_of(const MYSQL_FIELD& field, bool tinyint_is_boolean);

}  // namespace qushu::sources
