target_compile_definitions(vireo_runtime PRIVATE VIREO_VERSION="${PROJECT_VERSION}")
