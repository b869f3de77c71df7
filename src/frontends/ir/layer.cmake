find_package(pugixml REQUIRED)
target_link_libraries(vireo_frontends_ir PRIVATE pugixml::pugixml)
