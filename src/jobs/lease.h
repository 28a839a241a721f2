// Who holds a lease: enough of a process's identity to know, on the same machine, that it is dead before its lease runs out.
#pragma once

#include <string>
#include <string_view>

namespace qushu::jobs {

// "machine/pid-namespace/pid/start-time" of this process; machine is the kernel's boot id, so a reboot ends every lease.
[[nodiscard]] std::string process_owner();

// Whether the process behind `owner` (process_owner() with anything after a further "/") certainly runs no more. Of another
// machine or another pid namespace nothing is certain: false.
[[nodiscard]] bool is_dead(std::string_view owner);

}  // namespace qushu::jobs
