# qushu_builtins(NAMESPACE name...): builtin/NAME.yaml as one C++ file, builtins.cpp of the build's folder, that defines
# builtins() of NAMESPACE in the order given; the module's builtin.h declares it.
function(qushu_builtins namespace)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/builtins.cpp)
  list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/builtin/ OUTPUT_VARIABLE files)
  list(TRANSFORM files APPEND .yaml)
  add_custom_command(OUTPUT ${embedded}
    COMMAND ${CMAKE_COMMAND} "-DNAMES=${ARGN}" -DNAMESPACE=${namespace} -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR}/builtin -DOUT=${embedded} -P ${PROJECT_SOURCE_DIR}/cmake/EmbedYaml.cmake
    DEPENDS ${files} ${PROJECT_SOURCE_DIR}/cmake/EmbedYaml.cmake COMMENT "built-in definitions of ${namespace}" VERBATIM)
endfunction()
