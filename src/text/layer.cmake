find_package(nlohmann_json REQUIRED)
# Plain library names, as Debian's packages put them where the compiler looks: the cross build finds the headers alone.
target_link_libraries(vireo_text PRIVATE pcre2-8 utf8proc simdjson)
target_link_libraries(vireo_text PUBLIC nlohmann_json::nlohmann_json)
