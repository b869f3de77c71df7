find_package(fmt REQUIRED)
target_link_libraries(vireo_base PUBLIC fmt::fmt)
