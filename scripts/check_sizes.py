#!/usr/bin/env python3
"""Prints lines per folder, and the files and functions that are too long.

Fails on a source file over 1,000 lines (tables, *.inc, excepted). Files over 500 lines and functions over 60 are named,
and are no failure: they are what to split next. Functions are found by clang-format's shape: a line at depth one that ends
in `{` and a closing brace in the same column.
"""
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = (".h", ".cpp", ".inc", ".py", ".cmake", ".sh")
LONG_FILE, WALL, LONG_FUNCTION = 500, 1000, 60
OPENS = re.compile(r"^(\s*)(?!namespace|extern|class|struct|enum|union|static const|const|constexpr)\S.*\)[^;=]*\{$")


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in listed.stdout.splitlines() if name.endswith(SOURCE)]


def folder_of(path):
    parts = path.relative_to(ROOT).parts[:-1]
    depth = 4 if parts[:3] == ("src", "devices", "cpu") else 3 if parts[:1] == ("src",) else 2
    return "/".join(parts[:depth]) or "."


def long_functions(path, lines):
    """(first line, length) of each function that is too long."""
    if path.suffix not in (".h", ".cpp"):
        return
    for start, line in enumerate(lines):
        match = OPENS.match(line)
        if not match or len(match.group(1)) > 2:
            continue
        if re.match(r"^\s*(if|for|while|switch|else|do|\})\b", line):
            continue
        close = match.group(1) + "}"
        for end in range(start + 1, len(lines)):
            if lines[end].rstrip() in (close, close + ";"):
                if end - start + 1 > LONG_FUNCTION:
                    yield start + 1, end - start + 1
                break
            if lines[end].strip() and not lines[end].startswith(match.group(1)):
                break


def main():
    per_folder, sizes, long_files, walls, functions = defaultdict(lambda: [0, 0]), [], [], [], []
    for path in tracked():
        if not path.exists():
            continue
        lines = path.read_text(errors="replace").splitlines()
        name = path.relative_to(ROOT).as_posix()
        entry = per_folder[folder_of(path)]
        entry[0] += 1
        entry[1] += len(lines)
        if path.suffix != ".inc":
            sizes.append(len(lines))
            if len(lines) > WALL:
                walls.append((len(lines), name))
            elif len(lines) > LONG_FILE:
                long_files.append((len(lines), name))
        functions += [(length, f"{name}:{line}") for line, length in long_functions(path, lines)]
    for folder, (files, lines) in sorted(per_folder.items()):
        print(f"{lines:8} lines {files:5} files  {folder}")
    total = sum(entry[1] for entry in per_folder.values())
    if sizes:
        print(f"{total:8} lines in all; median file {statistics.median(sizes):.0f}, "
              f"mean {statistics.mean(sizes):.0f}")
    for title, rows in (("over 500 lines", long_files), ("functions over 60 lines", functions)):
        if rows:
            print(f"{title}: {len(rows)}")
            for length, name in sorted(rows, reverse=True)[:20]:
                print(f"{length:8} {name}")
    for length, name in walls:
        print(f"{name}: {length} lines, the wall is {WALL}")
    return 1 if walls else 0


sys.exit(main())
