# Compiler settings that every target shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
include(GNUInstallDirs)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(CONSILIUM_CCACHE ccache)
if(CONSILIUM_CCACHE)
  # What uses a precompiled header is cached only with this, and with -fpch-preprocess where the compiler is GCC.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CONSILIUM_CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CONSILIUM_CCACHE}")
endif()

# A torch source costs 1.1 GB: two gigabytes a job keep the build inside the memory there is.
cmake_host_system_information(RESULT consilium_memory_mb QUERY TOTAL_PHYSICAL_MEMORY)
math(EXPR consilium_heavy_jobs "${consilium_memory_mb} / 2048")
if(consilium_heavy_jobs LESS 1)
  set(consilium_heavy_jobs 1)
endif()
set_property(GLOBAL PROPERTY JOB_POOLS heavy=${consilium_heavy_jobs})

add_library(consilium_flags INTERFACE)
# -Wrestrict: false alarms of g++ 12 on std::string (gcc bug 105651).
target_compile_options(consilium_flags INTERFACE -Wall -Wextra -Wno-unused-parameter -Wno-restrict)
target_include_directories(consilium_flags INTERFACE "${CMAKE_SOURCE_DIR}")
# --as-needed: a program loads only the libraries it calls, which is what keeps `--help` fast.
target_link_options(consilium_flags INTERFACE -Wl,--as-needed)
if(CONSILIUM_SANITIZE)
  if(CONSILIUM_SANITIZE MATCHES undefined)
    # Else a finding is a line in a log, and the test passes.
    target_compile_options(consilium_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
  # Not the compiler's own __SANITIZE_*__: fl/CMakeLists.txt takes that away for protobuf.
  target_compile_definitions(consilium_flags INTERFACE CONSILIUM_SANITIZED)
  target_compile_options(consilium_flags INTERFACE -fsanitize=${CONSILIUM_SANITIZE} -fno-omit-frame-pointer -g1)
  target_link_options(consilium_flags INTERFACE -fsanitize=${CONSILIUM_SANITIZE})
endif()

if(CONSILIUM_BUILD_FUZZERS)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "CONSILIUM_BUILD_FUZZERS needs clang: cmake --preset fuzz")
  endif()
  target_compile_options(consilium_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -Wno-unknown-warning-option)
  target_link_options(consilium_flags INTERFACE -fsanitize=address,undefined)
endif()
