// What a bench found, as a table, a page with a roofline plot, and a trace.
#pragma once

#include <string>
#include <vector>

#include "vireo/core.h"

namespace vireo::command {

struct Report {
  std::string model;
  std::vector<ProfilingInfo> steps;
  double total_us = 0;     // sum of the steps
  double p50_ms = 0;       // latency without profiling
  double peak_gflops = 0;  // of all threads
  double peak_gbytes = 0;
  const char* isa = "";
  int threads = 1;
};

void print_table(const Report& report);
void write_html(const Report& report, const std::string& path);
// Chrome's trace format, which the Perfetto viewer opens.
void write_trace(const Report& report, const std::string& path);

// Text inside HTML or SVG, and inside JSON strings.
std::string escape_xml(const std::string& text);
std::string escape_json(const std::string& text);

}  // namespace vireo::command
