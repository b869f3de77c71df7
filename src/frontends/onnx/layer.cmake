find_path(VIREO_PROTOZERO protozero/pbf_reader.hpp REQUIRED)
target_include_directories(vireo_frontends_onnx SYSTEM PRIVATE ${VIREO_PROTOZERO})
