// The console: the files of web/dist, compressed, inside the program.
//
// Files with a hash in their name never change and are cached for ever; index.html answers every address of the console and is
// asked for anew each time. A program that was built without the console says so instead.
#pragma once

#include "qushu/http/router.h"

namespace qushu::console {

void add_routes(http::Router& router);
// Whether this program was built with the console.
[[nodiscard]] bool is_embedded();

}  // namespace qushu::console
