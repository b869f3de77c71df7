"""The bench as one HTML page: ratio bars, roofline, tables. Nothing is fetched; plots are inline SVG."""
from html import escape
from math import log10

from report import failures, load_table, means, peaks_line, speed_rows, speed_table

COLOURS = {"vireo": "#1b7837", "onnxruntime": "#2166ac", "openvino": "#b35806"}
STYLE = """body{font:14px/1.5 system-ui,sans-serif;max-width:1100px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:1em 0;display:block;overflow-x:auto}
th,td{border:1px solid #ddd;padding:3px 8px;text-align:left;white-space:nowrap}th{background:#f4f4f4}
svg{width:100%;height:auto;font:12px system-ui,sans-serif}.behind{background:#fde0dd}"""


def colour(engine):
    return COLOURS.get(engine, "#777")


def text(x, y, words, anchor="start", fill="#222"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'


def line(x1, y1, x2, y2, stroke="#ccc", width=1, dash=""):
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{stroke}" stroke-width="{width}"{dashed}/>'


def svg(width, height, parts):
    return f'<svg viewBox="0 0 {width} {height}" role="img">{"".join(parts)}</svg>'


def ratio_bars(result):
    """A bar per peer and measurement, with its interval; the line at 1 is the peer's own speed."""
    peers, rows = result["engines"][1:], list(speed_rows(result))
    left, width, step = 330, 1060, 12
    most = max([1.5] + [ratio["high"] for *_, one in rows for ratio in one["ratios"].values()])
    most = min(most, 4.0)  # longer bars are cut, their value stands beside them

    def x(value):
        return left + (width - left - 60) * min(value, most) / most

    parts, y = [], 20
    for peer in peers:
        parts.append(text(left + 130 * peers.index(peer), 12, f"times as fast as {peer}", fill=colour(peer)))
    for row, measure, threads, one in rows:
        what = f"{threads} thr" if measure == "latency" else "throughput"
        parts.append(text(left - 8, y + step, f"{row['model']} {row['precision']} {what}", "end"))
        for peer in peers:
            ratio = one["ratios"].get(peer)
            if ratio:
                parts.append(f'<rect x="{left}" y="{y}" width="{x(ratio["value"]) - left:.1f}" height="{step - 3}" '
                             f'fill="{colour(peer)}" opacity="{0.85 if ratio["value"] >= 1 else 0.4}"/>')
                parts.append(line(x(ratio["low"]), y + 4.5, x(ratio["high"]), y + 4.5, "#000", 1.5))
                parts.append(text(x(ratio["value"]) + 6, y + 9, f"{ratio['value']:.2f}"))
            y += step
        y += 6
    parts.append(line(x(1), 16, x(1), y, "#000", 1, "4 3"))
    return svg(width, y + 8, parts)


class LogLog:
    """A plot whose axes are decimal logarithms."""

    def __init__(self, xs, ys, width=1060, height=520, margin=60):
        self.width, self.height, self.margin = width, height, margin
        (self.x0, self.x1), (self.y0, self.y1) = self.span(xs), self.span(ys)

    @staticmethod
    def span(values):
        low, high = log10(min(values)), log10(max(values))
        return low - 0.15 * (high - low + 0.5), high + 0.1 * (high - low + 0.5)

    def x(self, value):
        return self.margin + (log10(value) - self.x0) / (self.x1 - self.x0) * (self.width - 2 * self.margin)

    def y(self, value):
        return self.height - self.margin - (log10(value) - self.y0) / (self.y1 - self.y0) * (self.height - 2 * self.margin)

    def axes(self, across, up):
        parts = [text(self.width / 2, self.height - 12, across, "middle"), text(8, 16, up)]
        for exponent in range(int(self.x0) - 1, int(self.x1) + 2):
            if self.x0 <= exponent <= self.x1:
                parts += [line(self.x(10 ** exponent), self.margin, self.x(10 ** exponent), self.height - self.margin),
                          text(self.x(10 ** exponent), self.height - self.margin + 16, f"{10.0 ** exponent:g}", "middle")]
        for exponent in range(int(self.y0) - 1, int(self.y1) + 2):
            if self.y0 <= exponent <= self.y1:
                parts += [line(self.margin, self.y(10 ** exponent), self.width - self.margin, self.y(10 ** exponent)),
                          text(self.margin - 6, self.y(10 ** exponent) + 4, f"{10.0 ** exponent:g}", "end")]
        return parts


def roofline(result, threads):
    """Arithmetic per second against arithmetic per byte that must move at f32; None when nothing can be placed."""
    engines, peaks, points = result["engines"], result["machine"]["peaks"][threads], []
    for row, measure, count, one in speed_rows(result):
        if measure != "latency" or str(count) != threads or not row.get("work") or not row["work"]["gflop"]:
            continue
        intensity = row["work"]["gflop"] * 1e3 / row["work"]["least_mb"]
        points += [(intensity, row["work"]["gflop"] / (facts["p50"] * 1e-3), engine, row) for engine, facts
                   in one["engines"].items() if "p50" in facts]
    if not points:
        return None
    roofs = {name: peaks[name] for name in ("f32", "bf16", "int8", "amx_bf16", "amx_int8") if name in peaks}
    plot = LogLog([p[0] for p in points] + [1], [p[1] for p in points] + list(roofs.values()))
    parts = plot.axes("FLOP per byte of weights, inputs and outputs", f"GFLOP/s, {threads} thread(s)")
    right, left = 10 ** plot.x1, 10 ** plot.x0
    for name, peak in roofs.items():
        ridge = max(left, peak / peaks["dram"])
        start = max(left, 10 ** plot.y0 / peaks["dram"])
        parts += [line(plot.x(start), plot.y(start * peaks["dram"]), plot.x(ridge), plot.y(peak), "#888", 1.5),
                  line(plot.x(ridge), plot.y(peak), plot.x(right), plot.y(peak), "#888", 1.5),
                  text(plot.x(right), plot.y(peak) - 4, f"{name} {peak:.0f}", "end", "#555")]
    for x, y, engine, row in points:
        parts.append(f'<circle cx="{plot.x(x):.1f}" cy="{plot.y(y):.1f}" r="4" fill="{colour(engine)}"><title>'
                     f'{escape(engine)}, {escape(row["model"])} {row["precision"]}: {y:.0f} GFLOP/s</title></circle>')
        if engine == engines[0]:
            parts.append(text(plot.x(x) + 6, plot.y(y) + 4, row["model"]))
    for i, engine in enumerate(engines):
        parts.append(text(plot.margin + 10 + 120 * i, plot.margin - 8, f"● {engine}", fill=colour(engine)))
    return svg(plot.width, plot.height, parts)


def html_table(markdown):
    """A table of report.py as HTML; ratios below 1 stand out."""
    head, _, *lines = [[cell.strip() for cell in row.strip("|").split("|")] for row in markdown.splitlines()]
    ratios = [i for i, title in enumerate(head) if title.startswith("x ")]

    def cell(i, words):
        behind = i in ratios and words != "-" and float(words.split()[0]) < 1
        return f'<td{" class=behind" if behind else ""}>{escape(words)}</td>'

    rows = "".join("<tr>" + "".join(cell(i, words) for i, words in enumerate(row)) + "</tr>" for row in lines)
    return f'<table><tr>{"".join(f"<th>{escape(title)}</th>" for title in head)}</tr>{rows}</table>'


def page(result):
    machine = result["machine"]
    peers = ", ".join(f"{peer} {version}" for peer, version in machine["peers"].items())
    facts = [f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}, beside {peers}",
             f"{machine['command']}", *(peaks_line(machine, threads) for threads in machine["peaks"])]
    parts = ["<h1>Vireo beside its peers</h1>", *(f"<p>{escape(fact)}</p>" for fact in facts)]
    if any(speed_rows(result)):
        parts += ["<h2>Times as fast</h2>", ratio_bars(result),
                  "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in means(result)) + "</ul>"]
        for threads in machine["peaks"]:
            plot = roofline(result, threads)
            parts += [f"<h2>Roofline, {threads} thread(s)</h2>", plot] if plot else []
        parts += ["<h2>Speed</h2>", html_table(speed_table(result))]
    if any("load" in row for row in result["rows"]):
        parts += [f"<h2>Load, memory, error</h2><p>{escape(' / '.join(result['engines']))}</p>", html_table(load_table(result))]
    parts += [f"<p>{escape(one)}</p>" for one in failures(result)]
    return (f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Vireo bench</title><style>{STYLE}</style>'
            f'{"".join(parts)}</html>\n')
