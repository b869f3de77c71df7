#include "vireo/report.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

namespace vireo::command {
namespace {

double gflops(const ProfilingInfo& s) {
  return s.microseconds > 0 ? s.gflop / s.microseconds * 1e6 : 0;
}
double gbytes(const ProfilingInfo& s) {
  return s.microseconds > 0 ? s.bytes / s.microseconds * 1e-3 : 0;
}

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : "…" + text.substr(text.size() - width + 1);
}

void save(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file) throw Error(ErrorCode::Io, "report '" + path + "' cannot be written");
}

// Both axes logarithmic: work per byte against work per second, under the machine's two ceilings.
std::string roofline(const Report& r) {
  constexpr double kWidth = 760, kHeight = 380, kLeft = 60, kBottom = 340;
  const double low_x = std::log10(0.01), high_x = std::log10(1000.0);
  const double high_y = std::log10(std::max(1.0, r.peak_gflops * 2)), low_y = high_y - 5;
  auto x = [&](double v) {
    return kLeft + (std::log10(std::clamp(v, 0.01, 1000.0)) - low_x) / (high_x - low_x) *
                       (kWidth - kLeft - 20);
  };
  auto y = [&](double v) {
    return kBottom - (std::log10(std::max(v, std::pow(10, low_y))) - low_y) / (high_y - low_y) *
                         (kBottom - 20);
  };
  std::string s = fmt::format("<svg viewBox='0 0 {} {}' width='{}'>", kWidth, kHeight, kWidth);
  const double ridge = r.peak_gflops / std::max(1e-9, r.peak_gbytes);
  s += fmt::format("<polyline class='roof' points='{:.1f},{:.1f} {:.1f},{:.1f} {:.1f},{:.1f}'/>",
                   x(0.01), y(0.01 * r.peak_gbytes), x(ridge), y(r.peak_gflops), x(1000),
                   y(r.peak_gflops));
  for (double v : {0.01, 0.1, 1.0, 10.0, 100.0, 1000.0})
    s += fmt::format("<text x='{:.0f}' y='360'>{}</text>", x(v), v);
  s += fmt::format("<text x='{:.0f}' y='378'>FLOP per byte</text><text x='4' y='14'>GFLOP/s</text>",
                   kWidth / 2);
  for (const ProfilingInfo& p : r.steps) {
    if (p.gflop <= 0 || p.bytes <= 0) continue;
    const double share = p.microseconds / std::max(1.0, r.total_us);
    s += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='{:.1f}'><title>{} {}: {:.1f} us, {:.1f} "
        "GFLOP/s</title></circle>",
        x(p.gflop * 1e9 / p.bytes), y(gflops(p)), 2 + 14 * std::sqrt(share),
        escape_xml(p.node_type), escape_xml(p.node_name), p.microseconds, gflops(p));
  }
  return s + "</svg>";
}

}  // namespace

std::string escape_xml(const std::string& text) {
  std::string s;
  for (char c : text) {
    if (c == '<')
      s += "&lt;";
    else if (c == '>')
      s += "&gt;";
    else if (c == '&')
      s += "&amp;";
    else if (c == '\'')
      s += "&#39;";
    else if (c == '"')
      s += "&quot;";
    else
      s += c;
  }
  return s;
}

std::string escape_json(const std::string& text) {
  std::string s;
  for (char c : text) {
    if (c == '"' || c == '\\')
      s += '\\', s += c;
    else if (static_cast<unsigned char>(c) < 0x20)
      s += fmt::format("\\u{:04x}", int(c));
    else
      s += c;
  }
  return s;
}

void print_table(const Report& r) {
  fmt::print("\n{:>9} {:>6} {:>9} {:>6} {:>8}  {:<16} {:<28} {}\n", "us", "%", "GFLOP/s", "% peak",
             "GB/s", "operator", "kernel", "node");
  auto steps = r.steps;
  std::stable_sort(steps.begin(), steps.end(),
                   [](const auto& a, const auto& b) { return a.microseconds > b.microseconds; });
  size_t shown = 0;
  for (const ProfilingInfo& s : steps) {
    if (shown++ == 60) {
      fmt::print("... {} more\n", steps.size() - 60);
      break;
    }
    fmt::print("{:9.1f} {:6.1f} {:9.1f} {:6.1f} {:8.1f}  {:<16} {:<28} {}\n", s.microseconds,
               100 * s.microseconds / std::max(1e-9, r.total_us), gflops(s),
               r.peak_gflops > 0 ? 100 * gflops(s) / r.peak_gflops : 0, gbytes(s),
               shortened(s.node_type, 16), shortened(s.exec_type, 28), shortened(s.node_name, 48));
    if (!s.refused.empty()) fmt::print("{:>43}refused: {}\n", "", s.refused);
  }
  double gflop = 0;
  for (const ProfilingInfo& s : r.steps) gflop += s.gflop;
  fmt::print(
      "{:9.1f} us in {} steps, {:.2f} GFLOP; the machine's peak, measured now: {:.0f} GFLOP/s ({}, "
      "{} threads), {:.0f} GB/s\n",
      r.total_us, r.steps.size(), gflop, r.peak_gflops, r.isa, r.threads, r.peak_gbytes);
}

void write_html(const Report& r, const std::string& path) {
  std::string s = fmt::format(
      "<!doctype html><meta charset=utf-8><title>{0}</title><style>body{{font:14px "
      "sans-serif;margin:2em}}table{{border-collapse:collapse}}"
      "td,th{{padding:2px "
      "10px;text-align:right}}td:nth-child(n+6),th:nth-child(n+6){{text-align:left}}tr:nth-child("
      "even){{background:#f4f6f8}}"
      ".roof{{fill:none;stroke:#c33;stroke-width:2}}circle{{fill:#27c;fill-opacity:.45;stroke:#134}"
      "}svg text{{font-size:11px}}</style>"
      "<h1>{0}</h1><p>p50 {1:.3f} ms; peak of {2} threads, measured in this run: {3:.0f} GFLOP/s "
      "({4}), {5:.0f} GB/s.</p>",
      escape_xml(r.model), r.p50_ms, r.threads, r.peak_gflops, r.isa, r.peak_gbytes);
  s += roofline(r);
  s += "<table><tr><th>us<th>%<th>GFLOP/s<th>% "
       "peak<th>GB/s<th>operator<th>kernel<th>node<th>refused</tr>";
  for (const ProfilingInfo& p : r.steps)
    s += fmt::format(
        "<tr><td>{:.1f}<td>{:.1f}<td>{:.1f}<td>{:.1f}<td>{:.1f}<td>{}<td>{}<td>{}<td>{}</tr>",
        p.microseconds, 100 * p.microseconds / std::max(1e-9, r.total_us), gflops(p),
        r.peak_gflops > 0 ? 100 * gflops(p) / r.peak_gflops : 0, gbytes(p), escape_xml(p.node_type),
        escape_xml(p.exec_type), escape_xml(p.node_name), escape_xml(p.refused));
  save(path, s + "</table>");
}

void write_trace(const Report& r, const std::string& path) {
  std::string s = "{\"traceEvents\":[";
  double at = 0;
  for (const ProfilingInfo& p : r.steps) {
    s += fmt::format(
        "{}{{\"name\":\"{}\",\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":{:.3f},\"dur\":"
        "{:.3f},\"args\":{{\"kernel\":\"{}\",\"gflop\":{},\"bytes\":{}}}}}",
        at > 0 ? ",\n" : "", escape_json(p.node_name), escape_json(p.node_type), at, p.microseconds,
        escape_json(p.exec_type), p.gflop, p.bytes);
    at += std::max(p.microseconds, 1e-3);
  }
  save(path, s + "]}\n");
}

}  // namespace vireo::command
