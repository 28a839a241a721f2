# YAML files as one C++ file that defines builtins() of NAMESPACE, in the order given; its builtin.h declares it.
set(out "#include \"builtin.h\"\n\n#include <array>\n\nnamespace ${NAMESPACE} {\nnamespace {\n\nconst std::array kBuiltins{\n")
foreach(name IN LISTS NAMES)
  file(READ ${FOLDER}/${name}.yaml text)
  # A literal of MSVC's or the standard's minimum length is no concern of clang's; the delimiter keeps YAML as it is.
  string(APPEND out "    Builtin{\"${name}\", R\"~yaml~(${text})~yaml~\"},\n")
endforeach()
string(APPEND out "};\n\n}  // namespace\n\nstd::span<const Builtin> builtins() {\n  return kBuiltins;\n}\n\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${out}")
