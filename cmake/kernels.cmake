# vireo_kernels(<path under src>): the kernel library. A file's name carries its instruction set (x86_avx2.cpp), and the name
# picks its flags; nothing else in the tree is compiled for more than the baseline.

set(VIREO_ISA_avx2 -mavx2 -mfma -mf16c -mbmi -mbmi2)
set(VIREO_ISA_avx2_u8 ${VIREO_ISA_avx2})
set(VIREO_ISA_avx2_vnni ${VIREO_ISA_avx2} -mavxvnni)
set(VIREO_ISA_avx512 ${VIREO_ISA_avx2} -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512cd -mprefer-vector-width=512)
set(VIREO_ISA_avx512_u8 ${VIREO_ISA_avx512})
set(VIREO_ISA_avx512_vnni ${VIREO_ISA_avx512} -mavx512vnni)
set(VIREO_ISA_avx512_bf16 ${VIREO_ISA_avx512_vnni} -mavx512bf16)
set(VIREO_ISA_avx512_fp16 ${VIREO_ISA_avx512_bf16} -mavx512fp16)
set(VIREO_ISA_amx_int8 ${VIREO_ISA_avx512_vnni} -mamx-tile -mamx-int8)
set(VIREO_ISA_amx_bf16 ${VIREO_ISA_avx512_bf16} -mamx-tile -mamx-int8 -mamx-bf16)

function(vireo_kernels path)
  vireo_include_link(${path} include_dir)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${path}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/((test|bench)(_[a-z0-9]+)?|emulated_[^/]*)\\.cpp$")
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    list(FILTER sources EXCLUDE REGEX "/x86_[^/]*\\.cpp$")
  endif()
  list(LENGTH sources count)
  if(count EQUAL 0)
    add_library(vireo_devices_cpu_kernels INTERFACE)
    target_include_directories(vireo_devices_cpu_kernels INTERFACE ${include_dir})
    target_link_libraries(vireo_devices_cpu_kernels INTERFACE vireo_base vireo_flags)
    return()
  endif()
  add_library(vireo_devices_cpu_kernels STATIC ${sources})
  target_include_directories(vireo_devices_cpu_kernels PUBLIC ${include_dir})
  target_link_libraries(vireo_devices_cpu_kernels PUBLIC vireo_base vireo_flags)
  # Kernels are optimised in every build type: an unoptimised intrinsic kernel tests something else. Sanitizers make g++ take
  # minutes for one file at -O2, and seconds at -O1.
  set(optimise -O2)
  if(VIREO_SANITIZE)
    set(optimise -O1)
  endif()
  # g++ 12 warns about its own header of AVX-512 intrinsics.
  target_compile_options(vireo_devices_cpu_kernels PRIVATE ${optimise} -Wno-uninitialized -Wno-maybe-uninitialized)
  foreach(source ${sources})
    if(source MATCHES "/x86_([a-z0-9_]+)\\.cpp$")
      # -ffp-contract=fast: a multiply-add is what these files are for. g++ 12 warns of its own avx512 headers.
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
        "${VIREO_ISA_${CMAKE_MATCH_1}};-ffp-contract=fast;-Wno-uninitialized;-Wno-maybe-uninitialized")
    endif()
  endforeach()
  set_property(GLOBAL APPEND PROPERTY VIREO_LAYERS vireo_devices_cpu_kernels)
endfunction()
