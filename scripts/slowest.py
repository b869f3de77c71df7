#!/usr/bin/env python3
"""slowest.py BUILD [COUNT]: the files that took longest to build, from Ninja's log (its last entry per file)."""
import sys
from pathlib import Path


def main():
    log = Path(sys.argv[1]) / ".ninja_log"
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    if not log.exists():
        print("slowest: no Ninja log")
        return
    took = {}
    for line in log.read_text().splitlines():
        parts = line.split("\t")
        if len(parts) >= 4 and parts[0].isdigit():
            took[parts[3]] = int(parts[1]) - int(parts[0])
    print(f"slowest of {len(took)} build steps (total {sum(took.values()) / 1000:.0f} s of work):")
    for name, ms in sorted(took.items(), key=lambda item: -item[1])[:count]:
        print(f"{ms / 1000:8.1f} s  {name}")


main()
