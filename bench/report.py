"""The tables of the bench, in Markdown, from what run.py measured (bench.json)."""
from stats import geometric_mean, roof


def speed_rows(result):
    """Every measured speed as (row of the model, measure, threads, measurement); measure is latency or throughput."""
    cores = max(int(n) for n in result["machine"]["peaks"])
    for row in result["rows"]:
        for threads, one in row.get("latency", {}).items():
            yield row, "latency", int(threads), one
        if "throughput" in row:
            yield row, "throughput", cores, row["throughput"]


def share_of_roof(result, row, measure, threads, engine_facts):
    """How near to what the machine can do at the row's precision; None where the work is not known.

    At the default precision the roof is the best arithmetic rate of a floating-point format.
    """
    if not row.get("work") or "p50" not in engine_facts:
        return None
    peaks = result["machine"]["peaks"][str(threads)]
    formats = ["f32"] if row["precision"] == "f32" else ["f32", "bf16", "amx_bf16"]
    least = roof(row["work"]["gflop"], row["work"]["least_mb"], max(peaks.get(f, 0) for f in formats), peaks["dram"])
    spent = engine_facts["p50"] if measure == "latency" else 1e3 / engine_facts["p50"]
    return least / spent


def markdown(head, lines):
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
                      *("| " + " | ".join(line) + " |" for line in lines)])


def ratio_text(ratio):
    return f"{ratio['value']:.2f} [{ratio['low']:.2f}, {ratio['high']:.2f}]" if ratio else "-"


def number(value, digits=3):
    return "-" if value is None else f"{value:.{digits}g}" if value < 1000 else f"{value:.0f}"


def speed_table(result):
    engines = result["engines"]
    head = ["model", "precision", "measure", *engines, *(f"x {peer}" for peer in engines[1:]), "of roof"]
    lines = []
    for row, measure, threads, one in speed_rows(result):
        what = f"ms, {threads} thread{'s' if threads > 1 else ''}" if measure == "latency" else "inferences/s"
        # A tilde: over half of the rounds were disturbed.
        mark = "~" if one.get("rounds_kept", 0) * 2 < one.get("rounds", 0) else ""
        share = share_of_roof(result, row, measure, threads, one["engines"][engines[0]])
        lines.append([row["model"], row["precision"], mark + what,
                      *(number(one["engines"][e]["p50"], 4) if "p50" in one["engines"][e] else "fails" for e in engines),
                      *(ratio_text(one["ratios"].get(peer)) for peer in engines[1:]),
                      f"{share:.0%}" if share else "-"])
    return markdown(head, lines)


def load_table(result):
    engines = result["engines"]
    asked = [("cold", "load_ms", "load ms"), ("cached", "load_ms", "cached ms"), ("cold", "first_ms", "first ms"),
             ("cached", "first_ms", "first cached ms"), ("cold", "peak_mib", "peak MiB"),
             ("cached", "peak_mib", "peak cached MiB")]
    head = ["model", "precision", *(title for _, _, title in asked), "error"]
    lines = []
    for row in result["rows"]:
        load = row.get("load")
        errors = next(iter(row.get("latency", {}).values()), row.get("throughput", {})).get("errors", {})
        cells = [" / ".join(number(load[e].get(kind, {}).get(key)) for e in engines) if load else "-"
                 for kind, key, _ in asked]
        told = [f"{errors[e]:.0e}" if errors.get(e) is not None else "-" for e in engines if e != "onnxruntime"]
        lines.append([row["model"], row["precision"], *cells, " / ".join(told)])
    return markdown(head, lines)


def means(result):
    """One line per measure and peer: the geometric mean of the ratios, and the rows below 1."""
    groups = {}
    for row, measure, threads, one in speed_rows(result):
        title = f"{row['precision']}, {measure}" + (f" with {threads} threads" if measure == "latency" else "")
        for peer, ratio in one["ratios"].items():
            groups.setdefault((title, peer), []).append((ratio["value"], row["model"]))
    lines = []
    for (title, peer), ratios in groups.items():
        behind = [f"{model} {value:.2f}" for value, model in sorted(ratios) if value < 1]
        lines.append(f"{title}: {geometric_mean([value for value, _ in ratios]):.2f} x {peer} over {len(ratios)} models"
                     + (f"; behind on {', '.join(behind)}" if behind else ""))
    return lines


def failures(result, engine=None):
    """What did not run, as lines of text; of one engine, or of all."""
    lines = []
    for row, measure, threads, one in speed_rows(result):
        for name, facts in one["engines"].items():
            if "failed" in facts and engine in (None, name):
                lines.append(f"{name} fails on {row['model']}, {row['precision']}, {measure}, {threads} threads: {facts['failed']}")
    return lines


def peaks_line(machine, threads):
    peaks = machine["peaks"][threads]
    units = {"f32": "GFLOP/s", "bf16": "GFLOP/s", "int8": "GOP/s", "amx_bf16": "GFLOP/s", "amx_int8": "GOP/s",
             "l2": "GB/s", "dram": "GB/s"}
    told = ", ".join(f"{name} {peaks[name]:.0f} {unit}" for name, unit in units.items() if name in peaks)
    return f"peaks with {threads} thread{'s' if threads != '1' else ''}: {told}"


def tables(result):
    """All of it as text."""
    machine, engines = result["machine"], result["engines"]
    peers = ", ".join(f"{peer} {number}" for peer, number in machine["peers"].items())
    parts = [f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, {machine['date']}; beside {peers}.\n"
             + "\n".join(peaks_line(machine, threads) for threads in machine["peaks"])]
    if any(speed_rows(result)):
        parts += [speed_table(result), "\n".join(means(result))]
    if any("load" in row for row in result["rows"]):
        parts.append(f"{' / '.join(engines)}; load is read and compile; peak is memory over the process with the engine "
                     "imported.\n\n" + load_table(result))
    cpp = [f"{row['model']} from C++, 1 thread: {row['cpp_us']:.3f} us per infer()" for row in result["rows"]
           if row.get("cpp_us")]
    return "\n\n".join(parts + (["\n".join(cpp)] if cpp else []) + (["\n".join(failures(result))] if failures(result) else []))
