# SB_STATIC (a folder of setup/static_libraries.sh): programs of one file, with only what they use of each library.
# The headers, and so all that is compiled, are the same as without: what the tests tested is what is linked.
#
#   sb_archive(TARGET FILE)    links an imported target as this archive
function(sb_archive TARGET FILE)
  find_file(archive ${FILE} PATHS ${SB_STATIC} ${CMAKE_LIBRARY_PATH} /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE} NO_CACHE REQUIRED)
  get_target_property(configurations ${TARGET} IMPORTED_CONFIGURATIONS)
  foreach(configuration ${configurations})
    set_target_properties(${TARGET} PROPERTIES IMPORTED_LOCATION_${configuration} ${archive} IMPORTED_SONAME_${configuration} "")
  endforeach()
endfunction()

if(SB_STATIC)
  if(SB_APP OR SB_TESTS)
    message(FATAL_ERROR "SB_STATIC is for the operator's programs: set SB_APP and SB_TESTS to OFF. "
                        "Debian's libpq cannot be linked statically")
  endif()
  sb_archive(spdlog::spdlog libspdlog.a)
  sb_archive(fmt::fmt libfmt.a)
  sb_archive(prometheus-cpp::core libprometheus-cpp-core.a)
  sb_archive(simdjson::simdjson libsimdjson.a)
  sb_archive(yaml-cpp libyaml-cpp.a)
  sb_archive(cpprestsdk::cpprest libcpprest.a)
  set_property(TARGET cpprestsdk::cpprest APPEND PROPERTY INTERFACE_LINK_LIBRARIES OpenSSL::SSL)
endif()
