// What the command line says of its own use, in the reader's language.
#pragma once

#include <CLI/CLI.hpp>

#include "qushu/base/error.h"

namespace qushu::app {

// Help and mistakes of `app` and of the commands that are added to it afterwards. In English as the parser has them.
void speak(CLI::App& app, Lang lang);

// What is wrong with how a command was written, and where its help is.
[[nodiscard]] std::string usage_mistake(const CLI::App& app, const CLI::Error& mistake);

}  // namespace qushu::app
