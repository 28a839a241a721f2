// What embed.py made of web/dist: each file gzipped, by its path. Ends with a name that is null.
#pragma once

namespace qushu::console {

struct File {
  const char* name;
  const char* begin;
  const char* end;
};
extern const File* const kFiles;

}  // namespace qushu::console
