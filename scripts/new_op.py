#!/usr/bin/env python3
"""new_op.py FAMILY/NAME [--opset N] [--inputs N|N-M] [--attr name:type[=default] ...]: scaffolds an operator.

Writes src/ops/FAMILY/NAME.cpp, its row in src/ops/ops.inc and two lines in tests/ops/FAMILY.test. What it writes compiles and
fails its own test until `infer` and `evaluate` say what the operator does. NAME is as in IR: CumSum. Types of attributes: bool,
int, float, string, ints, floats, type.
"""
import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CPP_TYPES = {"bool": ("bool", "false"), "int": ("int64_t", "0"), "float": ("double", "0"), "string": ("std::string", ""),
             "ints": ("std::vector<int64_t>", ""), "floats": ("std::vector<double>", ""), "type": ("element::Type", "")}

SOURCE = """// {name}: what it computes, in one sentence, and where the formula comes from.
#include "core/op.h"
#include "core/values.h"

namespace vireo::ops {{

{attributes}namespace {{

void infer(InferContext& c) {{
  c.expect_inputs({fewest}, {most});
  c.set_output(0, c.type(0), c.shape(0));
}}

void evaluate(EvalContext& c) {{
  std::vector<double> x = load<double>(c.input(0));
  store(c.output(0), x);
}}

}}  // namespace

VIREO_DEFINE_OP({symbol}){{
    "{name}", {opset}, {attr_type}, infer, evaluate, Tolerance::Exact}};

}}  // namespace vireo::ops
"""


def snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def attributes_of(name, given):
    """The struct of the attributes and its `visit`; nothing if there are none."""
    members, visits = [], []
    for text in given:
        match = re.fullmatch(r"(\w+):(\w+)(?:=(.*))?", text)
        if not match or match.group(2) not in CPP_TYPES:
            sys.exit(f"new-op: attribute '{text}': write name:type or name:type=default, type of {', '.join(CPP_TYPES)}")
        cpp, default = CPP_TYPES[match.group(2)]
        default = match.group(3) if match.group(3) is not None else default
        if cpp == "std::string" and default:
            default = f'"{default}"'
        members.append(f"  {cpp} {match.group(1)}{' = ' + default if default else ''};\n")
        visits.append(f'  v.on("{match.group(1)}", a.{match.group(1)});\n')
    if not members:
        return "", "&kAttrType<NoAttrs>"
    body = f"struct {name} {{\n{''.join(members)}}};\n\nvoid visit(AttrVisitor& v, {name}& a) {{\n{''.join(visits)}}}\n\n"
    return body, f"&kAttrType<{name}>"


def add_row(table, family, symbol):
    """Puts VIREO_OP(symbol) into the family's section of ops.inc, sorted; a section of its own if there is none."""
    row, lines = f"VIREO_OP({symbol})", table.read_text().splitlines()
    if row in lines:
        sys.exit(f"new-op: {symbol} is already in {table.relative_to(ROOT)}")
    heading = f"// {family}"
    if heading not in lines:
        lines += ["", heading, row]
    else:
        at = lines.index(heading) + 1
        while at < len(lines) and lines[at].startswith("VIREO_OP(") and lines[at] < row:
            at += 1
        lines.insert(at, row)
    table.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(prog="scripts/dev new-op", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FAMILY/NAME")
    parser.add_argument("--opset", type=int, default=1)
    parser.add_argument("--inputs", default="1", help="how many it takes: 2, or 2-3 if the last may be missing")
    parser.add_argument("--attr", action="append", default=[])
    args = parser.parse_args()
    if not re.fullmatch(r"\w+/[A-Z]\w*", args.path):
        parser.error("write Family/Name, for instance reduction/CumSum")
    if not re.fullmatch(r"[1-9]\d*(-[1-9]\d*)?", args.inputs):
        parser.error("write --inputs 2 or --inputs 2-3")
    fewest, most = (int(n) for n in (args.inputs.split("-") * 2)[:2])
    family, name = args.path.split("/")
    family, stem = family.lower(), snake(args.path.split("/")[1])
    source, symbol = ROOT / "src" / "ops" / family / f"{stem}.cpp", f"{stem}_{args.opset}"
    if source.exists():
        sys.exit(f"new-op: {source.relative_to(ROOT)} is there already; add a VIREO_DEFINE_OP to it")
    attributes, attr_type = attributes_of(name, args.attr)
    source.parent.mkdir(parents=True, exist_ok=True)
    add_row(ROOT / "src" / "ops" / "ops.inc", family, symbol)
    source.write_text(SOURCE.format(name=name, symbol=symbol, opset=args.opset, fewest=fewest, most=most,
                                    attributes=attributes, attr_type=attr_type))
    test = ROOT / "tests" / "ops" / f"{family}.test"
    test.parent.mkdir(parents=True, exist_ok=True)
    told = "" if not test.exists() else test.read_text().rstrip("\n") + "\n"
    inputs = ", ".join(["f32[2] 1 2"] * most)
    extra = ", ".join(["f32[2] 1 2"] * (most + 1))
    test.write_text(f"{told}\n# {name}\n{name}-{args.opset} | {inputs} | f32[2] 0 0\n"
                    f"{name}-{args.opset} | {extra} | error has {most + 1} inputs\n")
    print(f"""wrote  {source.relative_to(ROOT)}
       a row in src/ops/ops.inc
       two lines in {test.relative_to(ROOT)}
next   say what it does in infer and evaluate, then: scripts/dev build release vireo_unit_tests &&
       build/release/tests/vireo_unit_tests --gtest_filter='*{family}*'
       ONNX's name for it goes into src/frontends/onnx/table.inc, a kernel into src/devices/cpu, if wanted""")


main()
