// vireo bench: latency, throughput, and where the time goes.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "vireo/command.h"
#include "vireo/peak.h"
#include "vireo/report.h"

namespace vireo::command {
namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double percentile(const std::vector<double>& sorted, double p) {
  return sorted[std::min(sorted.size() - 1, size_t(p * double(sorted.size())))];
}

struct Bench {
  ModelOptions options;
  double duration = 3;
  int requests = 0;
  bool strict = false, layers = true, llm = false;
  std::string html, trace;

  void operator()() const {
    if (llm) return bench_language_model(options);
    Core core;
    double t = seconds();
    progress("reading " + options.model);
    const auto model = core.read_model(options.model, options.weights);
    const double read = seconds() - t;
    progress("compiling");
    t = seconds();
    CompiledModel compiled = core.compile_model(model, options.device, options.properties());
    const double compile = seconds() - t;
    const auto inputs = make_inputs(*model, options.inputs);
    InferRequest request = make_request(compiled, inputs);
    t = seconds();
    request.infer();
    const double first = seconds() - t;

    progress("measuring latency");
    std::vector<double> times = latency(request);
    const double per_second = throughput(compiled, inputs);
    progress("");
    fmt::print(
        "read {:.1f} ms, compile {:.1f} ms, first inference {:.2f} ms, peak memory {:.0f} MB\n",
        read * 1e3, compile * 1e3, first * 1e3, double(peak_kib()) / 1024);
    fmt::print(
        "latency over {} runs: p50 {:.3f} ms, p90 {:.3f} ms, p99 {:.3f} ms, best {:.3f} ms\n",
        times.size(), percentile(times, 0.5) * 1e3, percentile(times, 0.9) * 1e3,
        percentile(times, 0.99) * 1e3, times[0] * 1e3);
    if (per_second > 0)
      fmt::print("throughput with {} requests: {:.1f} inferences/s\n", request_count(compiled),
                 per_second);
    if (layers || strict || !html.empty() || !trace.empty())
      profile(core, *model, inputs, percentile(times, 0.5));
  }

 private:
  InferRequest make_request(CompiledModel& compiled, const std::vector<NamedTensor>& inputs) const {
    InferRequest request = compiled.create_infer_request();
    for (const NamedTensor& in : inputs) request.set_input_tensor(in.index, in.tensor);
    return request;
  }

  int request_count(const CompiledModel& compiled) const {
    return requests
               ? requests
               : std::max(1,
                          int(compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS").as_int()));
  }

  std::vector<double> latency(InferRequest& request) const {
    std::vector<double> times;
    const double end = seconds() + duration;
    for (double t = seconds(); t < end || times.size() < 10;) {
      request.infer();
      const double now = seconds();
      times.push_back(now - t);
      t = now;
    }
    std::sort(times.begin(), times.end());
    return times;
  }

  // Requests run side by side, each started again when it ends.
  double throughput(CompiledModel& compiled, const std::vector<NamedTensor>& inputs) const {
    const int count = request_count(compiled);
    if (count < 2) return 0;
    progress("measuring throughput");
    std::vector<InferRequest> all;
    for (int i = 0; i < count; ++i) all.push_back(make_request(compiled, inputs));
    for (InferRequest& r : all) r.start_async();
    const double start = seconds(), end = start + duration;
    size_t done = 0;
    for (size_t i = 0; seconds() < end; i = (i + 1) % all.size()) {
      all[i].wait();
      all[i].start_async();
      ++done;
    }
    const double took = seconds() - start;
    for (InferRequest& r : all) r.wait();
    return double(done) / took;
  }

  void profile(Core& core, const Model& model, const std::vector<NamedTensor>& inputs,
               double p50) const {
    AnyMap properties = options.properties();
    properties["PERF_COUNT"] = true;
    CompiledModel compiled = core.compile_model(model, options.device, properties);
    InferRequest request = make_request(compiled, inputs);
    std::vector<ProfilingInfo> best;
    double best_time = 0;
    for (int i = 0; i < 20; ++i) {
      request.infer();
      auto steps = request.get_profiling_info();
      double sum = 0;
      for (const ProfilingInfo& s : steps) sum += s.microseconds;
      if (best.empty() || sum < best_time) best = std::move(steps), best_time = sum;
    }
    const int threads = std::max(1, int(compiled.get_property("INFERENCE_NUM_THREADS").as_int()));
    const Peak peak = measure_peak();
    const Report report{options.model,         best,        best_time, p50 * 1e3,
                        peak.gflops * threads, peak.gbytes, peak.isa,  threads};
    if (layers) print_table(report);
    if (!html.empty()) write_html(report, html);
    if (!trace.empty()) write_trace(report, trace);
    if (strict) check_strict(report);
  }

  static void check_strict(const Report& report) {
    std::string slow;
    for (const ProfilingInfo& s : report.steps)
      if (s.exec_type == "evaluate" && s.microseconds > 0.01 * report.total_us)
        slow += fmt::format("{}{} '{}' ({:.1f} %)", slow.empty() ? "" : ", ", s.node_type,
                            s.node_name, 100 * s.microseconds / report.total_us);
    if (!slow.empty())
      throw Error(ErrorCode::Internal, "steps of over 1 % of the time run on evaluate: " + slow);
    fmt::print("strict: no step of over 1 % of the time runs on evaluate\n");
  }
};

}  // namespace

void add_bench(CLI::App& app) {
  auto bench = std::make_shared<Bench>();
  CLI::App* sub =
      app.add_subcommand("bench", "measure latency, throughput and the time of each layer");
  bench->options.add_to(*sub);
  sub->add_option("--seconds", bench->duration, "time of each measurement")->capture_default_str();
  sub->add_option("-r,--requests", bench->requests,
                  "requests side by side; 0: as many as the device says");
  sub->add_flag("--layers,!--no-layers", bench->layers, "print the table of layers");
  sub->add_flag("--strict", bench->strict, "fail if a step of over 1 % of the time has no kernel");
  sub->add_option("--html", bench->html, "write a report with a roofline plot");
  sub->add_option("--trace", bench->trace, "write a trace for the Perfetto viewer");
  sub->add_flag("--llm", bench->llm,
                "a language model: what prompts and tokens cost, at several lengths of context");
  sub->callback([bench] { (*bench)(); });
}

}  // namespace vireo::command
