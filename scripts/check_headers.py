#!/usr/bin/env python3
"""check_headers.py: how much each header makes the compiler read, against the budget that build times rest on.

Counts the lines of the preprocessed header alone. The limit is 45,000 for src/core and 5,000 for kernels; a kernel whose plan keeps
a list may take what <vector> costs on top. Headers that only a kernel file includes, inside its namespace (generic.h), and those of
tests and benches do not count.
"""
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = (("src/core", "*.h", 45_000, 45_000), ("src/devices/cpu/kernels", "**/*.h", 5_000, 13_000))  # limit, with <vector>
LEFT_OUT = ("generic.h", "_testing.h", "_bench.h")


def lines_of(header):
    command = ["c++", "-std=c++17", "-E", "-P", "-x", "c++", f"-I{ROOT}/src", f"-I{ROOT}/include", header]
    return subprocess.run(command, text=True, check=True, capture_output=True).stdout.count("\n")


def main():
    over = []
    for folder, pattern, aim, ceiling in BUDGETS:
        headers = sorted(p for p in (ROOT / folder).glob(pattern) if not p.name.endswith(LEFT_OUT))
        with ThreadPoolExecutor(2) as pool:
            weights = dict(zip(headers, pool.map(lines_of, headers)))
        heaviest = max(weights, key=weights.get)
        above = sum(n > aim for n in weights.values())
        print(f"{folder}: {above} of {len(headers)} headers above {aim:,} preprocessed lines, heaviest {heaviest.name} with "
              f"{weights[heaviest]:,}")
        over += [f"{p.relative_to(ROOT)}: {n:,} preprocessed lines, at most {ceiling:,}" for p, n in weights.items() if n > ceiling]
    print("\n".join(over), end="\n" if over else "")
    sys.exit(1 if over else 0)


main()
