// Results and what was measured.
#include "generation.h"
#include "vireo/genai/results.h"

namespace vireo::python {

using namespace genai;

namespace {

std::string text_of(const MeanStdPair& pair) {
  return "<MeanStdPair " + std::to_string(pair.mean) + " +- " + std::to_string(pair.std) + ">";
}

void bind_metrics(nb::module_& m) {
  nb::class_<MeanStdPair>(m, "MeanStdPair",
                          "Mean and standard deviation; -1 where nothing was measured.")
      .def_ro("mean", &MeanStdPair::mean)
      .def_ro("std", &MeanStdPair::std)
      .def("__iter__",
           [](const MeanStdPair& p) { return nb::make_tuple(p.mean, p.std).attr("__iter__")(); })
      .def("__repr__", &text_of);

  nb::class_<RawPerfMetrics>(m, "RawPerfMetrics", "As measured, in microseconds.")
      .def(nb::init<>())
      .def_ro("generate_durations", &RawPerfMetrics::generate_durations)
      .def_ro("tokenization_durations", &RawPerfMetrics::tokenization_durations)
      .def_ro("detokenization_durations", &RawPerfMetrics::detokenization_durations)
      .def_ro("chat_template_durations", &RawPerfMetrics::chat_template_durations)
      .def_ro("inference_durations", &RawPerfMetrics::inference_durations)
      .def_ro("sampling_durations", &RawPerfMetrics::sampling_durations)
      .def_ro("token_infer_durations", &RawPerfMetrics::m_token_infer_durations)
      .def_ro("m_times_to_first_token", &RawPerfMetrics::m_times_to_first_token)
      .def_ro("m_new_token_times", &RawPerfMetrics::m_new_token_times)
      .def_ro("m_durations", &RawPerfMetrics::m_durations)
      .def_ro("m_batch_sizes", &RawPerfMetrics::m_batch_sizes);

  nb::class_<PerfMetrics>(m, "PerfMetrics",
                          "Where the time of a generation went; durations in milliseconds.")
      .def(nb::init<>())
      .def("get_load_time", &PerfMetrics::get_load_time)
      .def("get_num_generated_tokens", &PerfMetrics::get_num_generated_tokens)
      .def("get_num_input_tokens", &PerfMetrics::get_num_input_tokens)
      .def("get_ttft", &PerfMetrics::get_ttft)
      .def("get_tpot", &PerfMetrics::get_tpot)
      .def("get_ipot", &PerfMetrics::get_ipot)
      .def("get_throughput", &PerfMetrics::get_throughput)
      .def("get_inference_duration", &PerfMetrics::get_inference_duration)
      .def("get_generate_duration", &PerfMetrics::get_generate_duration)
      .def("get_tokenization_duration", &PerfMetrics::get_tokenization_duration)
      .def("get_detokenization_duration", &PerfMetrics::get_detokenization_duration)
      .def("get_chat_template_duration", &PerfMetrics::get_chat_template_duration)
      .def("get_sampling_duration", &PerfMetrics::get_sampling_duration)
      .def_ro("raw_metrics", &PerfMetrics::raw_metrics)
      .def("__add__", &PerfMetrics::operator+, nb::arg("other"))
      .def(
          "__iadd__", [](PerfMetrics& a, const PerfMetrics& b) { return a += b; },
          nb::arg("other"));
}

}  // namespace

void bind_results(nb::module_& m) {
  nb::enum_<GenerationFinishReason>(m, "GenerationFinishReason", "Why a sequence ended.")
      .value("NONE", GenerationFinishReason::NONE)
      .value("STOP", GenerationFinishReason::STOP)
      .value("LENGTH", GenerationFinishReason::LENGTH);
  bind_metrics(m);

  nb::class_<EncodedResults>(m, "EncodedResults", "Generated tokens.")
      .def_ro("tokens", &EncodedResults::tokens)
      .def_ro("scores", &EncodedResults::scores)
      .def_ro("finish_reasons", &EncodedResults::finish_reasons)
      .def_ro("log_probs", &EncodedResults::log_probs)
      .def_ro("perf_metrics", &EncodedResults::perf_metrics)
      .def("__repr__", [](const EncodedResults& r) {
        return "<EncodedResults of " + std::to_string(r.tokens.size()) + " sequences>";
      });

  nb::class_<DecodedResults>(m, "DecodedResults", "Generated texts; str() has a line for each.")
      .def(nb::init<>())
      .def_ro("texts", &DecodedResults::texts)
      .def_ro("scores", &DecodedResults::scores)
      .def_ro("finish_reasons", &DecodedResults::finish_reasons)
      .def_ro("perf_metrics", &DecodedResults::perf_metrics)
      .def("__str__", [](const DecodedResults& r) { return r.to_string(); })
      .def("__repr__", [](const DecodedResults& r) {
        return "<DecodedResults of " + std::to_string(r.texts.size()) + " texts>";
      });
}

}  // namespace vireo::python
