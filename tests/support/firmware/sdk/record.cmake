# cmake -D LISTS=.../CMakeLists.txt [-D BUILDS=1] -P record.cmake
#
# A stand-in of what CMakeLists.txt of kits call: Zephyr's extensions (cmake/modules/extensions.cmake),
# ESP-IDF's component registration (tools/cmake/scripts/component_get_requirements.cmake, where it
# returns; when it builds, it does not), the Pico SDK's (external/pico_sdk_import.cmake). Prints each
# call.
foreach(command
        project find_package pico_sdk_init add_subdirectory add_executable add_library
        target_sources target_include_directories target_link_libraries target_compile_definitions
        target_compile_options set_target_properties pico_enable_stdio_uart pico_enable_stdio_usb
        pico_add_extra_outputs zephyr_include_directories zephyr_compile_definitions
        zephyr_library_named zephyr_library_sources zephyr_library_compile_options)
    cmake_language(EVAL CODE "
        function(${command})
            message(STATUS \"${command};\${ARGN}\")
        endfunction()
    ")
endforeach()

macro(idf_component_register)
    message(STATUS "idf_component_register;${ARGN}")
    if(NOT BUILDS)
        return()
    endif()
endmacro()

include(${LISTS})
