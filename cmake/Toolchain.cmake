# Compiler flags, sanitizers, ccache, mold and the precompiled header, in one place.
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND NOT CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13)
  message(FATAL_ERROR "Qushu is built by clang 19 (or GCC 13 and newer); use the presets: cmake --preset release")
endif()

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PROJECT_SOURCE_DIR}/scripts/compile-cached ${PROJECT_SOURCE_DIR})
endif()

add_library(qushu_flags INTERFACE)
target_compile_options(qushu_flags INTERFACE -Wall -Wextra -Wno-missing-designated-field-initializers -Wpedantic -Wshadow -Wconversion -Wsign-conversion
  -Wnon-virtual-dtor -Woverloaded-virtual -Werror -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(qushu_flags INTERFACE -Wthread-safety "SHELL:-Xclang -fno-pch-timestamp")
endif()
target_compile_definitions(qushu_flags INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_URL_NO_LIB SPDLOG_FMT_EXTERNAL)
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT QUSHU_SANITIZE)
  target_compile_definitions(qushu_flags INTERFACE _FORTIFY_SOURCE=2)
endif()

find_program(MOLD mold)
find_program(LLD NAMES ld.lld-19 ld.lld)
if(MOLD)
  add_link_options(-fuse-ld=mold)
elseif(LLD)
  add_link_options(-fuse-ld=lld)
endif()

if(QUSHU_SANITIZE)
  add_compile_options(-fsanitize=${QUSHU_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${QUSHU_SANITIZE})
endif()
if(QUSHU_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  # An index outside a view or an array ends the fuzzer, where it would read what lies beside it.
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()

# One precompiled header, shared by every module.
set(QUSHU_PCH <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <expected> <filesystem>
  <functional> <map> <memory> <mutex> <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility>
  <variant> <vector> <fmt/format.h> <boost/json.hpp>)
file(WRITE ${CMAKE_BINARY_DIR}/pch.cpp.in "")
configure_file(${CMAKE_BINARY_DIR}/pch.cpp.in ${CMAKE_BINARY_DIR}/pch.cpp COPYONLY)
add_library(qushu_pch STATIC ${CMAKE_BINARY_DIR}/pch.cpp)
target_precompile_headers(qushu_pch PRIVATE ${QUSHU_PCH})
target_link_libraries(qushu_pch PRIVATE qushu_flags)
# The compiled header holds the path of its tree. ccache is given what it is made of instead, so that every checkout of the
# project on a machine, and each of its build trees, shares one cache.
function(qushu_pch_identity)
  set(identity "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}\n${Boost_VERSION} ${fmt_VERSION}\n${QUSHU_PCH}\n")
  set(file ${CMAKE_BINARY_DIR}/CMakeFiles/qushu_pch.dir/cmake_pch.hxx.pch.sum)
  set(before "")
  if(EXISTS ${file})
    file(READ ${file} before)
  endif()
  if(NOT before STREQUAL identity)
    file(WRITE ${file} ${identity})
  endif()
endfunction()
