# A room is a folder of exporter/ and a static library of its own. It links only the rooms that stand before it,
# so an include against the direction of the data does not link, and a cycle does not configure.

include(CheckCXXCompilerFlag)
add_library(build_options INTERFACE)
target_compile_options(build_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor
                       -Woverloaded-virtual -Wold-style-cast)
if(WARNINGS_AS_ERRORS)
  target_compile_options(build_options INTERFACE -Werror)
endif()
if(SANITIZE)
  target_compile_options(build_options INTERFACE -fsanitize=${SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's flow analysis loses its way in instrumented code and warns of std::regex's own insides.
    target_compile_options(build_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  target_link_options(build_options INTERFACE -fsanitize=${SANITIZE})
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # A file's own types are taken for a header's where the file is included.
  target_compile_options(build_options INTERFACE -Wno-subobject-linkage)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION
                                                                              VERSION_LESS 13)
  # GCC 12 takes "literal" + std::string for overlapping copies at -O3 (its bug 105651).
  target_compile_options(build_options INTERFACE -Wno-restrict)
  # And the value of an empty std::optional, which nothing reads, for an uninitialized one that something does.
  target_compile_options(build_options INTERFACE -Wno-maybe-uninitialized)
endif()
if(FUZZ)
  target_compile_options(build_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(COVERAGE)
  target_link_options(build_options INTERFACE --coverage)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(build_options INTERFACE -Wthread-safety)
endif()

# add_room(<name> [SMALL] [ROOMS room…] [LIBRARIES target…]): all *.cpp of the folder; headers are included as
# "<name>/x.h". SMALL: what it does takes no time beside what it waits for, so the shipped program is compiled for size:
# half of the code, which is resident memory.
function(add_room name)
  cmake_parse_arguments(ROOM "SMALL" "" "ROOMS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(room_${name} STATIC ${sources})
  target_include_directories(room_${name} PUBLIC ${CMAKE_SOURCE_DIR}/exporter)
  list(TRANSFORM ROOM_ROOMS PREPEND room_)
  target_link_libraries(room_${name} PUBLIC ${ROOM_ROOMS} ${ROOM_LIBRARIES} PRIVATE ${ROOM_PRIVATE_LIBRARIES}
                        build_options)
  if(ROOM_SMALL AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(room_${name} PRIVATE -Os)
    # For size GCC writes a slow instruction in place of each memcpy, also into what is shared with the other rooms.
    check_cxx_compiler_flag(-mstringop-strategy=libcall HAS_STRINGOP_STRATEGY)
    if(HAS_STRINGOP_STRATEGY)
      target_compile_options(room_${name} PRIVATE -mstringop-strategy=libcall)
    endif()
  endif()
  if(COVERAGE)
    # Atomic, because the counters are the threads' own race otherwise.
    target_compile_options(room_${name} PRIVATE --coverage -fprofile-update=atomic)
  endif()
endfunction()

# add_unit_tests(<room> [LIBRARIES target…]): tests/unit/<room>/*.cpp become the program unit_<room>.
function(add_unit_tests room)
  cmake_parse_arguments(TESTS "" "" "LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_executable(unit_${room} ${sources})
  target_include_directories(unit_${room} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_compile_definitions(unit_${room} PRIVATE TEST_DATA_DIR="${CMAKE_CURRENT_SOURCE_DIR}/testdata")
  target_link_libraries(unit_${room} PRIVATE room_${room} ${TESTS_LIBRARIES} GTest::gmock GTest::gtest_main
                        build_options)
  gtest_discover_tests(unit_${room} TEST_PREFIX ${room}. DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 120 LABELS unit)
  if(NOT TARGET unit_tests)
    add_custom_target(unit_tests)
  endif()
  add_dependencies(unit_tests unit_${room})
endfunction()
