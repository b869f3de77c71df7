# Sourced by scripts/dev: configuring, building and running the tests.

export CCACHE_MAXSIZE=${CCACHE_MAXSIZE:-3G}
# Precompiled headers and clones at another path still hit the cache.
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
jobs=${VIREO_JOBS:-$(nproc)}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  local python=()
  if [ "$preset" = release ] || [ "$preset" = debug ]; then
    python=(-DVIREO_PYTHON=ON "-DPython_EXECUTABLE=$root/.venv/bin/python"
            "-Dnanobind_DIR=$(.venv/bin/python -m nanobind --cmake_dir)")
  fi
  say "building $preset"
  cmake --preset "$preset" "${python[@]}" > "/tmp/vireo_cmake.$$" 2>&1 || {
    cat "/tmp/vireo_cmake.$$"; rm -f "/tmp/vireo_cmake.$$"; return 1; }
  rm -f "/tmp/vireo_cmake.$$"
  local targets=()
  [ $# -gt 0 ] && targets=(--target "$@")
  cmake --build "build/$preset" -j "$jobs" "${targets[@]}"
}

# Compiling for another architecture shows that nothing but the kernels knows which one it is on.
build_cross() {
  local arch=$1
  [ "$arch" = aarch64 ] || { echo "scripts/dev build --arch: only aarch64 is prepared"; return 2; }
  need_packages g++-aarch64-linux-gnu
  cmake -S . -B "build/$arch" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_SYSTEM_NAME=Linux \
    -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ -DVIREO_TESTS=OFF -DVIREO_TOOLS=OFF \
    -DVIREO_PCH=OFF -Dfmt_DIR=/usr/lib/x86_64-linux-gnu/cmake/fmt -Dpugixml_DIR=/usr/lib/x86_64-linux-gnu/cmake/pugixml
  local layers
  layers=$(ninja -C "build/$arch" -t targets all | sed -n 's/^\(libvireo_[a-z_]*\.a\): .*/\1/p')
  # Static layers alone: Debian's cross compiler comes without the libraries that the command links.
  # shellcheck disable=SC2086
  ninja -C "build/$arch" -j "$jobs" $layers
}

python_path() { echo "$root/build/$1/python"; }

# The C++ tests of a built preset; the labels `unit` and `all`, unless other options are given.
run_ctest() {
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --output-on-failure -j "$jobs" --no-tests=ignore "$@" > "build/$preset/ctest.log" 2>&1 \
    && { tail -4 "build/$preset/ctest.log"; return 0; }
  grep -vE '^ *[0-9]+/[0-9]+ Test .* Passed|^ *Start +[0-9]+:' "build/$preset/ctest.log" | tail -150
  return 1
}

test_release() {
  build release
  local failed=0
  python3 scripts/slowest.py build/release
  bash scripts/check_symbols.sh build/release || failed=1
  run_ctest release -LE slow || failed=1
  VIREO_BUILD=$root/build/release PYTHONPATH=$(python_path release) \
    .venv/bin/python -m pytest -q -m "not slow" "$@" || failed=1
  return $failed
}

test_slow() {
  build release
  local failed=0
  run_ctest release -L slow || failed=1
  test_fuzz || failed=1
  VIREO_BUILD=$root/build/release PYTHONPATH=$(python_path release) .venv/bin/python -m pytest -q -m slow || failed=1
  return $failed
}

sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:strict_string_checks=1
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
}

test_sanitized() {
  local preset=$1
  sanitizer_options
  build "$preset" vireo_tests
  run_ctest "$preset" -LE slow
}

# What CI runs under a sanitizer: the readers alone on every malformed model and on every model that is whole.
test_malformed() {
  sanitizer_options
  build readers vireo_replays
  .venv/bin/python -m pytest -q tests/malformed --replay build/readers/tests
}

test_fuzz() {
  need_packages clang-19 libclang-rt-19-dev
  sanitizer_options
  local seconds=${VIREO_FUZZ_SECONDS:-60} failed=0
  build fuzz vireo_fuzzers
  for reader in ir onnx gguf tokenizer; do
    local corpus=build/fuzz/corpus_$reader
    mkdir -p "$corpus"
    .venv/bin/python tests/fuzz/seed.py "$reader" "$corpus"
    say "fuzzing $reader for $seconds s"
    "build/fuzz/tests/fuzz_$reader" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 \
      -artifact_prefix="build/fuzz/$reader-" -print_final_stats=1 "$corpus" 2>&1 | tail -25 || failed=1
  done
  [ $failed = 0 ] && say "fuzzing found nothing"
  return $failed
}
