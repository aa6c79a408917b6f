# Compile and link options of every target, as the interface target `passport_options`.
add_library(passport_options INTERFACE)
# -iquote, not -I: the file `version` must not be taken for the standard header <version>.
target_compile_options(passport_options INTERFACE
  "SHELL:-iquote ${PROJECT_SOURCE_DIR}" "SHELL:-iquote ${PROJECT_BINARY_DIR}/generated")
target_compile_options(passport_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wmissing-declarations -Wnon-virtual-dtor)
if(PASSPORT_WERROR)
  target_compile_options(passport_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # clang 14 finds the C++20 coroutines of libstdc++ only when told.
  target_compile_definitions(passport_options INTERFACE
    BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_HAS_STD_COROUTINE)
  target_compile_options(passport_options INTERFACE -Wno-sign-conversion)  # as g++'s -Wconversion
  # So that ccache knows a precompiled header again.
  target_compile_options(passport_options INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
else()
  # g++ 12 sees an operator new of Asio's coroutine frames inlined and its operator delete not.
  target_compile_options(passport_options INTERFACE -Wno-mismatched-new-delete)
endif()
if(CMAKE_BUILD_TYPE MATCHES "Release|RelWithDebInfo")
  target_compile_definitions(passport_options INTERFACE _FORTIFY_SOURCE=2)
  target_compile_options(passport_options INTERFACE -fstack-protector-strong)
  target_link_options(passport_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT PASSPORT_SANITIZE)
  add_link_options(-fuse-ld=gold)  # of binutils; twice as fast as its other one
endif()
if(PASSPORT_SANITIZE)
  add_compile_options(-fsanitize=${PASSPORT_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PASSPORT_SANITIZE})
endif()
target_link_libraries(passport_options INTERFACE Boost::headers fmt::fmt Threads::Threads)

# UBSan for pure code only: with Beast it costs minutes and gigabytes a file.
function(passport_pure target)
  if(PASSPORT_SANITIZE STREQUAL "address" OR PASSPORT_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=undefined -fno-sanitize-recover=undefined)
    target_link_options(${target} PUBLIC -fsanitize=undefined)
  endif()
  if(PASSPORT_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

# base/precompiled.h for code without Asio. Not with sanitizers, which differ from target to target, and
# not where g++ 12 optimizes: it then gives false alarms about std::string.
function(passport_precompile_plain target)
  if(PASSPORT_SANITIZE OR PASSPORT_FUZZ OR NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    return()
  endif()
  if(target STREQUAL "passport_base")
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/base/precompiled.h)
  else()
    target_precompile_headers(${target} REUSE_FROM passport_base)
  endif()
endfunction()

# Asio's coroutines, which most files of net and of what stands on it parse: once for all.
function(passport_precompile_asio target)
  if(target STREQUAL "passport_net")
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/net/asio.h
      $<$<CONFIG:Debug>:${PROJECT_SOURCE_DIR}/base/precompiled.h>)
  else()
    target_precompile_headers(${target} REUSE_FROM passport_net)
  endif()
endfunction()
