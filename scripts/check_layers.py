#!/usr/bin/env python3
"""Checks that no file includes a header of a layer that its own layer may not see.

The table below is the ladder of the design: a layer sees itself, what it names, and what those name in turn, save where
a layer's reach is listed as exact. CMake enforces the same with private include folders; this also covers files that no
target compiles, says which line is at fault, and finds folders that belong to no layer.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

SEES = {
    "base": [],
    "text": ["base"],
    "core": ["base"],
    "ops": ["core", "text"],
    "passes": ["ops"],
    "frontends/ir": ["ops"],
    "frontends/onnx": ["ops"],
    "frontends/tflite": ["ops"],
    "frontends/tensorflow": ["ops"],
    "frontends/paddle": ["ops"],
    "frontends/pytorch": ["ops"],
    "frontends/transformers": ["ops"],
    "frontends/gguf": ["frontends/transformers"],
    "frontends/safetensors": ["frontends/transformers"],
    "devices/cpu/kernels": ["base"],
    "devices/cpu": ["passes", "devices/cpu/kernels"],
    "devices/reference": ["passes"],
    "runtime": ["frontends/*", "devices/*"],
    # Users of the public API: of the library they see base and text alone.
    "compress": ["base", "text"],
    "genai": ["base", "text"],
    "server": ["base", "text", "genai"],
}
# Folders outside src/ that hold users of the library: public headers only.
OUTSIDE = ["tools", "examples", "bindings"]
# A kernel file compiled for an instruction set may include nothing that could leave an inline function behind.
ISA_FILE = re.compile(r"/x86_[a-z0-9_]+\.cpp$")
ISA_ALLOWED = re.compile(r"^(cstdint|cstddef|\w*intrin\.h|base/simd/.*|devices/cpu/kernels/.*)$")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def layer_of(path):
    """The deepest layer whose folder holds `path` (relative to src/), or None."""
    found = [name for name in SEES if path == name or path.startswith(name + "/")]
    return max(found, key=len, default=None)


def reach():
    seen = {}

    def visit(name):
        if name not in seen:
            seen[name] = {name}
            for dep in SEES[name]:
                named = [n for n in SEES if n.startswith(dep[:-1])] if dep.endswith("*") else [dep]
                for n in named:
                    seen[name] |= visit(n)
        return seen[name]

    for name in SEES:
        visit(name)
    return seen


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1)


def sources(folder):
    if folder.is_dir():
        yield from (p for p in sorted(folder.rglob("*")) if p.suffix in (".h", ".cpp", ".inc"))


def main():
    faults, seen, count = [], reach(), 0
    for path in sources(ROOT / "src"):
        count += 1
        name = path.relative_to(ROOT / "src").as_posix()
        layer = layer_of(name)
        if layer is None:
            faults.append(f"src/{name}: belongs to no layer of scripts/check_layers.py")
            continue
        test = path.name in ("test.cpp", "bench.cpp")
        for number, header in includes(path):
            target = layer_of(header)
            if target and target not in seen[layer]:
                faults.append(f"src/{name}:{number}: {layer} may not see {target} ({header})")
            if ISA_FILE.search(name) and not test and not ISA_ALLOWED.match(header):
                faults.append(f"src/{name}:{number}: an instruction-set file may not include {header}")
    for folder in OUTSIDE:
        for path in sources(ROOT / folder):
            count += 1
            for number, header in includes(path):
                if layer_of(header):
                    faults.append(f"{path.relative_to(ROOT)}:{number}: sees the public headers alone ({header})")
    for path in sources(ROOT / "include"):
        count += 1
        for number, header in includes(path):
            if layer_of(header):
                faults.append(f"{path.relative_to(ROOT)}:{number}: a public header may not include {header}")
    print("\n".join(faults) if faults else f"layers: {count} files, every include is allowed")
    return 1 if faults else 0


sys.exit(main())
