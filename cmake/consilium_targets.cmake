include(GoogleTest)

# Tests and command lines spend their time in the libraries: -O3 for them would be a fifth of the build, and nothing else.
set(consilium_quick_compile "$<$<CONFIG:Release>:-O1>")

# consilium_precompile(TARGET ...): target_precompile_headers, with what ccache asks for.
function(consilium_precompile name)
  target_precompile_headers(${name} ${ARGN})
  target_compile_options(${name} PRIVATE "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>")  # else ccache keeps nothing
endfunction()

# consilium_library(NAME [SOURCES file...] [DEPS target...] [PRIVATE_DEPS target...] [TORCH])
#
# A static library `consilium_NAME` of the listed sources, or of every .cpp below this folder. TORCH bounds the number of
# compilations at once by memory and shares one precompiled header.
function(consilium_library name)
  cmake_parse_arguments(arg "TORCH" "" "SOURCES;DEPS;PRIVATE_DEPS" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB_RECURSE arg_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cpp")
  endif()
  add_library(consilium_${name} STATIC ${arg_SOURCES})
  target_link_libraries(consilium_${name} PUBLIC consilium_flags ${arg_DEPS} PRIVATE ${arg_PRIVATE_DEPS})
  if(arg_TORCH)
    set_property(TARGET consilium_${name} PROPERTY JOB_POOL_COMPILE heavy)
    consilium_precompile(consilium_${name} PRIVATE "<torch/torch.h>")
  endif()
endfunction()

# consilium_program(NAME SOURCES file... DEPS target...): an executable in build/bin.
function(consilium_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE consilium_flags ${arg_DEPS})
endfunction()

# The first test makes GoogleTest's precompiled header, all others share it.
function(consilium_precompile_test_headers name)
  get_property(owner GLOBAL PROPERTY consilium_test_headers)
  if(owner)
    consilium_precompile(${name} REUSE_FROM ${owner})
  else()
    consilium_precompile(${name} PRIVATE "<gmock/gmock.h>" "<gtest/gtest.h>")
    set_property(GLOBAL PROPERTY consilium_test_headers ${name})
  endif()
endfunction()

# consilium_test(NAME DEPS target... [SOURCES file...] [LABELS label...] [TORCH] [TIMEOUT seconds])
#
# One GoogleTest program per folder, each TEST a ctest entry of its own.
function(consilium_test name)
  cmake_parse_arguments(arg "TORCH" "TIMEOUT" "DEPS;SOURCES;LABELS" ${ARGN})
  if(NOT arg_SOURCES)
    file(GLOB_RECURSE arg_SOURCES CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE consilium_flags ${arg_DEPS} GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE CONSILIUM_SOURCE_DIR="${CMAKE_SOURCE_DIR}" CONSILIUM_BINARY_DIR="${CMAKE_BINARY_DIR}"
                                             CONSILIUM_SHARED_DIR="${CMAKE_SOURCE_DIR}/../shared")
  # Some dependencies ask for -pthread: with it everywhere all tests can share one precompiled header.
  target_compile_options(${name} PRIVATE ${consilium_quick_compile} -pthread)
  if(arg_TORCH)
    set_property(TARGET ${name} PROPERTY JOB_POOL_COMPILE heavy)
    consilium_precompile(${name} PRIVATE "<gmock/gmock.h>" "<gtest/gtest.h>" "<torch/torch.h>")
  else()
    consilium_precompile_test_headers(${name})
  endif()
  set(properties TIMEOUT ${arg_TIMEOUT})
  if(arg_LABELS)
    list(APPEND properties LABELS "${arg_LABELS}")
  endif()
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 TEST_PREFIX "${name}/" PROPERTIES ${properties})
endfunction()
