#!/usr/bin/env python3
"""kernels.py BUILD [--families F ...] [--only TEXT]: each dense kernel's share of the probed peak, against its floor.

Runs the kernel benches of a build folder, prints their lines with the floor where one is set, and looks for vector registers
that inner loops keep on the stack. Fails when a kernel is below its floor or spills. Floors are shares of the machine's own
multiply-add peak, measured in the same run: large products 85 %; 1x1 convolutions with K of 256 or more, and 3x3, 75 %.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

FLOORS = [  # kernel, what it computes, per cent of the peak
    (r"gemm_(f32|bf16)", r"^(1024x1024x1024|512x768x768|128x3072x768|128x768x3072|128x2304x768)$", 85),
    (r"gemm_(f32|bf16)", r"^1x1/\d (256|512|1024|2048)->\d+ ", 75),
    (r"gemm_(f32|bf16)", r"^3x3/1 (64|128|256|512)->\1 @\d+ plan", 75),
]
FAMILIES = ("gemm", "conv", "depthwise")
LINE = re.compile(r"^(\S+)\s+(\S.*?)\s+[\d.]+ us\s+[\d.]+ GFLOP/s\s+([\d.]+) % of peak")
MULTIPLY = re.compile(r"\bv(fn?madd|dpbf16ps|pdpbusd|pmaddubsw)")
DENSE = ("attention", "depthwise", "gemm", "rnn", "winograd")
PRODUCTS = 0.3  # share of multiply-adds in a loop that does little else
ON_STACK = 0.1  # share of instructions that may: wide depthwise tiles read some weights there, at no cost


def floor_of(kernel, what):
    return next((floor for k, w, floor in FLOORS if re.search(k, kernel) and re.search(w, what)), None)


def lines_of(build, family):
    """The bench's lines with their matches, None for those that measure nothing."""
    out = subprocess.run([build / "bench" / f"bench_kernels_{family}"], text=True, check=True, capture_output=True).stdout
    return [(line, LINE.match(line)) for line in out.splitlines()]


def measure(build, families, only):
    """Prints the benches' lines; returns those below their floors, twice: clocks waver."""
    below = []
    for family in families:
        short = {}
        for line, found in lines_of(build, family):
            if only and (not found or only not in line):
                continue
            floor = floor_of(found[1], found[2]) if found else None
            if floor is not None and float(found[3]) < floor:
                short[found[1], found[2].split(" plan")[0]] = floor
            print(line + (f"  floor {floor} %" if floor else ""))
        for _, found in lines_of(build, family) if short else ():
            floor = short.get((found[1], found[2].split(" plan")[0])) if found else None
            if floor is not None and float(found[3]) < floor:
                below.append(f"{found[1]} {found[2]}: {found[3]} % of peak, floor {floor} %")
    return below


def functions_of(listing):
    """(name, [(address, instruction)]) of each function of objdump's text."""
    name, code = None, []
    for line in listing.splitlines():
        head = re.match(r"^[0-9a-f]+ <(.*)>:$", line)
        step = re.match(r"^\s*([0-9a-f]+):\s+(\S.*)$", line)
        if head:
            if code:
                yield name, code
            name, code = head[1], []
        elif step:
            code.append((int(step[1], 16), step[2]))
    if code:
        yield name, code


def inner_loops(code):
    """The instructions of each loop that has no loop in it."""
    jumps = []
    for address, text in code:
        target = re.match(r"j\w+\s+([0-9a-f]+)\b", text)
        if target and int(target[1], 16) <= address:
            jumps.append((int(target[1], 16), address))
    for begin, end in jumps:
        if not any(begin <= b and e <= end and (b, e) != (begin, end) for b, e in jumps):
            yield [text for address, text in code if begin <= address <= end]


def spills(build):
    """Inner loops of products that keep vector registers on the stack."""
    found = {}
    for path in sorted(p for p in build.rglob("kernels/*/x86_*.o") if p.parent.name in DENSE):
        listing = subprocess.run(["objdump", "-dC", "--no-show-raw-insn", path], text=True, check=True, capture_output=True)
        for name, code in functions_of(listing.stdout):
            for loop in inner_loops(code):
                stack = sum(bool(re.search(r"\((%rsp|%rbp)", text) and re.search(r"%[xyz]mm", text)) for text in loop)
                products = sum(bool(MULTIPLY.search(text)) for text in loop)
                if stack > ON_STACK * len(loop) and products > PRODUCTS * len(loop):
                    where = f"{path.parent.name}/{path.name}: {re.sub('[(]anonymous namespace[)]::', '', name)[:90]}"
                    found[where] = max(found.get(where, 0), stack / len(loop))
    return [f"{where}: {100 * share:.0f} % of an inner loop is on the stack" for where, share in found.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path)
    parser.add_argument("--families", nargs="+", default=FAMILIES)
    parser.add_argument("--only", help="only lines that hold this text")
    parser.add_argument("--spills", action="store_true", help="look for spills alone")
    args = parser.parse_args()
    faults = [] if args.spills else measure(args.build, args.families, args.only)
    faults += spills(args.build)
    print("\n".join(faults) if faults else ("" if args.spills else "all kernels reach their floors, ") + "no inner loop spills")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
