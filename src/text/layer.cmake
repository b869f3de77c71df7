# Plain library names, as Debian's packages put them where the compiler looks: the cross build finds the headers alone.
target_link_libraries(vireo_text PRIVATE pcre2-8 utf8proc simdjson)
