// A fictional district, 云溪区, as files: what its departments would hand over, with the mistakes that clerks make, and the
// real administrative divisions of the country. The same seed always makes the same rows.
//
// Nobody and nothing in it exists: the district's code 990105 is assigned to nobody, names are made of word lists, identity
// numbers have valid check digits (GB 11643) under that code, credit codes valid check characters (GB 32100).
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qushu/base/error.h"
#include "qushu/base/time.h"

namespace qushu::demo {

struct Department {
  std::string code, name, parent;  // parent: a code; "root" is the district itself
};
struct Person {
  std::string login, name, department;
  std::vector<std::string> roles;
};
struct File {
  std::filesystem::path path;
  std::string department, dataset, title, abstract, theme, update_cycle, sharing_type;
  std::vector<std::string> tags, key;  // key: names of the columns
  std::uint64_t planted_rejects = 0;   // rows that must be rejected
};

inline constexpr std::string_view kDistrict = "云溪区";

[[nodiscard]] std::span<const Department> departments();
[[nodiscard]] std::span<const Person> people();
// The outlines of the streets and towns, as GeoJSON, with the codes that the departments' files use.
[[nodiscard]] std::string boundaries();
// Writes the departments' files into `folder` and lists them, with those of `reference` (provinces.csv … villages.csv) that are
// there.
[[nodiscard]] Result<std::vector<File>> generate(const std::filesystem::path& folder, const std::filesystem::path& reference,
                                                 std::uint64_t seed);

// The database behind 民政局's system for social relief, as its vendor made it: SQLite, one table, columns named by initials.
// Days of its life: the first, when a year of applications is there; the next, with new applications and decisions; the day of
// the vendor's new release, which has a column more.
enum class ReliefDay : std::uint8_t { first, next, released };
inline constexpr int kReliefNew = 42, kReliefChanged = 15;  // applications that the next day brings, and changes
[[nodiscard]] Result<void> write_relief(const std::filesystem::path& file, std::uint64_t seed, Time now, ReliefDay day);

}  // namespace qushu::demo
