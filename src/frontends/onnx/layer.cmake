find_path(VIREO_PROTOZERO protozero/pbf_reader.hpp REQUIRED)
target_include_directories(vireo_frontends_onnx SYSTEM PRIVATE ${VIREO_PROTOZERO})
# g++ 12 sees a freed pointer where lists of values are returned: its bug 105580.
target_compile_options(vireo_frontends_onnx PRIVATE -Wno-free-nonheap-object)
