# DuckDB 1.4 LTS through its C interface.
#
# An installed DuckDB (duckdb.h and libduckdb.so of version 1.4) is used where there is one: -DQUSHU_DUCKDB_ROOT=/prefix.
# Otherwise scripts/fetch-npm brings two packages of the npm registry, pinned by checksum here: the prebuilt library of the
# Node.js bindings, and the header from DuckDB's own source package of the same version.
set(QUSHU_DUCKDB_ROOT "" CACHE PATH "Prefix of an installed DuckDB 1.4")
set(duckdb_cache ${PROJECT_SOURCE_DIR}/build/deps/duckdb-1.4.4)

if(QUSHU_DUCKDB_ROOT)
  set(duckdb_include ${QUSHU_DUCKDB_ROOT}/include)
  set(duckdb_library ${QUSHU_DUCKDB_ROOT}/lib/libduckdb.so)
else()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
    set(duckdb_package @duckdb/node-bindings-linux-arm64@1.4.4-r.4)
    set(duckdb_sha512 )
  else()
    set(duckdb_package @duckdb/node-bindings-linux-x64@1.4.4-r.4)
    set(duckdb_sha512 8c14cbfd6bdfc312d3a056bfa551df4fa7a532d96d2469dcdf04aec590fd39f325b62b7d614755152dfbbc1150cd7313d59f0e5a3b528cc87eccf2b13b01cb1c)
  endif()
  set(duckdb_header_sha512 844249e61c9517454b8f776638ba6c5ab411d1bddde1892ab72826ea25178c72430e74aa83f5122b171be6abcdace84560f824b5ac94e9d5c2b603ea7269a9a2)
  set(duckdb_include ${duckdb_cache}/include)
  set(duckdb_library ${duckdb_cache}/lib/libduckdb.so)
  execute_process(
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/fetch-npm ${duckdb_package} ${duckdb_sha512} package/libduckdb.so ${duckdb_library}
    COMMAND_ERROR_IS_FATAL ANY)
  execute_process(
    COMMAND ${PROJECT_SOURCE_DIR}/scripts/fetch-npm duckdb@1.4.4 ${duckdb_header_sha512}
            package/src/duckdb/src/include/duckdb.h ${duckdb_include}/duckdb.h
    COMMAND_ERROR_IS_FATAL ANY)
endif()

add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES IMPORTED_LOCATION ${duckdb_library} INTERFACE_INCLUDE_DIRECTORIES ${duckdb_include})
