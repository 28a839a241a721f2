# qushu_module(NAME USES other... SOURCES file... [LINK library...] [TESTS file...] [TEST_LINK library...] [FUZZ file...] [TSAN])
#
# One folder under src/ as a static library `qushu_NAME`:
#   include/qushu/NAME/*.h   what others may include; anything else in the folder is private
#   USES                     the modules below it: their include folders, and theirs below, are all that it can see, so that
#                            an include which climbs does not compile
#   LINK                     third-party libraries; PRIVATE, because their headers stay inside the module
#   TESTS                    one GoogleTest binary `qushu_NAME_test` of the *_test.cpp beside the sources
#   FUZZ                     one libFuzzer binary for each file, where QUSHU_FUZZ is on (the asan preset)
#   TSAN                     the module is concurrent: its tests also run under ThreadSanitizer
set_property(GLOBAL PROPERTY GLOBAL_DEPENDS_NO_CYCLES ON)

function(qushu_module name)
  cmake_parse_arguments(arg "TSAN" "" "USES;SOURCES;LINK;TESTS;TEST_LINK;FUZZ" ${ARGN})
  set(target qushu_${name})
  add_library(${target} STATIC ${arg_SOURCES})
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/include PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(used IN LISTS arg_USES)
    # Subdirectories are added in the order of the layers, so a module that names a higher one fails to configure.
    if(NOT TARGET qushu_${used})
      message(FATAL_ERROR "module ${name} uses ${used}, which is not below it (see src/CMakeLists.txt)")
    endif()
    target_link_libraries(${target} PUBLIC qushu_${used})
  endforeach()
  target_link_libraries(${target} PRIVATE qushu_flags ${arg_LINK})
  target_precompile_headers(${target} REUSE_FROM qushu_pch)
  set_property(GLOBAL APPEND PROPERTY qushu_modules ${name})

  if(QUSHU_TESTS AND arg_TESTS)
    add_executable(${target}_test EXCLUDE_FROM_ALL ${arg_TESTS})
    target_include_directories(${target}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/src/testing)
    target_link_libraries(${target}_test PRIVATE ${target} qushu_flags GTest::gmock GTest::gtest_main ${arg_LINK} ${arg_TEST_LINK})
    target_precompile_headers(${target}_test REUSE_FROM qushu_pch)
    add_dependencies(unit_tests ${target}_test)
    if(arg_TSAN)
      add_dependencies(concurrent_tests ${target}_test)
    endif()
  endif()
  if(QUSHU_FUZZ)
    foreach(file IN LISTS arg_FUZZ)
      get_filename_component(fuzzer ${file} NAME_WE)
      add_executable(${fuzzer} EXCLUDE_FROM_ALL ${file})
      target_include_directories(${fuzzer} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
      target_link_libraries(${fuzzer} PRIVATE ${target} qushu_flags ${arg_LINK})
      target_link_options(${fuzzer} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzzers ${fuzzer})
    endforeach()
  endif()
endfunction()
