find_package(nlohmann_json REQUIRED)
target_link_libraries(vireo_genai PRIVATE simdjson nlohmann_json::nlohmann_json)
