# sb_module(NAME [DEPS target...] [WITHOUT file...] [FUZZ target]): one folder, one library.
#
# A file's name says what it is, so no list of files has to be kept:
#   foo.h foo.cc       the library sb_NAME
#   foo_test.cc        goes into the test binary NAME_test, run by ctest
#   foo_fuzz.cc        a fuzz target of its own (SB_FUZZ), seeds in foo_corpus/, which ctest replays
#   foo_bench.cc       a benchmark of its own, not built by default
#   main.cc            left to the folder's CMakeLists.txt
# WITHOUT names sources that belong to a library of their own; FUZZ is what fuzz targets are linked with, if not with
# sb_NAME: clang, which fuzzing needs, cannot compile Boost 1.74's coroutines.
# Tests see their folder as SB_TEST_DIR (golden files lie in testdata/).
function(sb_module NAME)
  cmake_parse_arguments(ARG "" "FUZZ" "DEPS;TEST_DEPS;WITHOUT" ${ARGN})
  if(NOT ARG_FUZZ)
    set(ARG_FUZZ sb_${NAME})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  file(GLOB tests CONFIGURE_DEPENDS *_test.cc)
  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cc)
  file(GLOB benches CONFIGURE_DEPENDS *_bench.cc)
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz|bench)\\.cc$|/main\\.cc$")
  foreach(source ${ARG_WITHOUT})
    list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  endforeach()
  if(sources)
    add_library(sb_${NAME} STATIC ${sources})
    target_link_libraries(sb_${NAME} PUBLIC ${ARG_DEPS} Threads::Threads)
  else()
    add_library(sb_${NAME} INTERFACE)
    target_link_libraries(sb_${NAME} INTERFACE ${ARG_DEPS} Threads::Threads)
  endif()
  if(SB_TESTS AND tests)
    add_executable(${NAME}_test ${tests})
    target_link_libraries(${NAME}_test PRIVATE sb_${NAME} ${ARG_TEST_DEPS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${NAME}_test PRIVATE SB_TEST_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
    gtest_discover_tests(${NAME}_test TEST_PREFIX ${NAME}. DISCOVERY_TIMEOUT 60
                         PROPERTIES TIMEOUT 120)
  endif()
  if(SB_TESTS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      string(REGEX REPLACE "_fuzz$" "" subject ${target})
      add_executable(${subject}_replay ${fuzzer} ${CMAKE_SOURCE_DIR}/cmake/replay_main.cc)
      target_link_libraries(${subject}_replay PRIVATE ${ARG_FUZZ})
      add_test(NAME ${NAME}.corpus.${subject}
               COMMAND ${subject}_replay ${CMAKE_CURRENT_SOURCE_DIR}/${subject}_corpus)
      set_tests_properties(${NAME}.corpus.${subject} PROPERTIES TIMEOUT 120)
    endforeach()
  endif()
  if(SB_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(target ${fuzzer} NAME_WE)
      add_executable(${target} ${fuzzer})
      target_link_libraries(${target} PRIVATE ${ARG_FUZZ})
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    endforeach()
  endif()
  foreach(bench ${benches})
    get_filename_component(target ${bench} NAME_WE)
    add_executable(${target} EXCLUDE_FROM_ALL ${bench})
    target_link_libraries(${target} PRIVATE sb_${NAME} benchmark benchmark_main)
  endforeach()
endfunction()
