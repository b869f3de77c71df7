# Sourced by scripts/dev: installs what is missing, by package name, and nothing else. Fast when all is there.

say() { echo "== $*" >&2; }

# Debian 12 package names, with the reason of each in docs/DEPENDENCIES.md.
build_packages="build-essential cmake ninja-build ccache lld git xz-utils unzip libfmt-dev libspdlog-dev libpugixml-dev
  libprotozero-dev libpcre2-dev libutf8proc-dev libsimdjson-dev libcli11-dev nlohmann-json3-dev libstb-dev libgtest-dev libbenchmark-dev python3-dev
  python3-venv"

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

need_packages() {
  local missing=""
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
  done
  [ -z "$missing" ] && return
  say "installing system packages:$missing"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
}

need_build_tools() {
  # shellcheck disable=SC2086
  need_packages $build_packages
}

# need_venv DIR PACKAGE...: a virtual environment that holds exactly the asked versions; a stamp makes it a no-op next time.
need_venv() {
  local dir=$1
  shift
  local stamp="$dir/.packages"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$*" ] && return
  # The system's own Python: it is the one that python3-dev has the headers of.
  [ -x "$dir/bin/python" ] || { say "making $dir"; /usr/bin/python3 -m venv "$dir"; }
  say "installing into $dir: $*"
  "$dir/bin/python" -m pip install -qq --disable-pip-version-check "$@"
  echo "$*" > "$stamp"
}

# openvino is the oracle of the tests and is never linked or called by the library.
need_python() {
  need_venv .venv numpy nanobind scikit-build-core pytest onnx openvino==2026.4.1 clang-format==19.1.7
}

need_bench_python() {
  need_venv .venv-bench numpy onnx onnxruntime==1.32.0 openvino==2026.4.1
}
