// vireo bench --llm: what a prompt and what a token costs, at several lengths of context.
#include <algorithm>

#include <fmt/format.h>

#include "vireo/command.h"
#include "vireo/genai/llm_pipeline.h"

namespace vireo::command {
namespace {

constexpr size_t kContexts[] = {32, 128, 512, 2048};
constexpr size_t kDecoded = 32;  // tokens of a measurement

// Tokens that mean nothing, none of them special: what they are does not change what they cost.
Tensor prompt_of(size_t length, size_t vocabulary) {
  Tensor tokens(element::i64, {1, length});
  const size_t begin = std::min<size_t>(vocabulary / 4, 300),
               range = std::max<size_t>(1, vocabulary / 2);
  for (size_t i = 0; i < length; ++i) tokens.data<int64_t>()[i] = int64_t(begin + i * 7919 % range);
  return tokens;
}

struct Figures {
  double first_ms = 0, token_ms = 0;
};

// The best of three: what else the machine does only adds.
Figures measure(genai::LLMPipeline& pipeline, const Tensor& prompt) {
  genai::GenerationConfig how;
  how.max_new_tokens = kDecoded + 1;
  how.ignore_eos = true;
  Figures best;
  for (int i = 0; i < 3; ++i) {
    const auto metrics =
        pipeline.generate(genai::LLMPipeline::EncodedInputs(prompt), how).perf_metrics;
    std::vector<float> steps = metrics.raw_metrics.m_durations;
    std::sort(steps.begin(), steps.end());
    const double first = metrics.get_ttft().mean, token = double(steps[steps.size() / 2]) / 1000;
    best.first_ms = i ? std::min(best.first_ms, first) : first;
    best.token_ms = i ? std::min(best.token_ms, token) : token;
  }
  return best;
}

}  // namespace

void bench_language_model(const ModelOptions& options) {
  progress("loading " + options.model);
  genai::LLMPipeline pipeline(options.model, options.device, options.properties());
  const size_t vocabulary = pipeline.get_tokenizer().get_vocab_vector().size();
  genai::GenerationConfig one;
  one.max_new_tokens = 2;
  one.ignore_eos = true;
  const auto cold =
      pipeline.generate(genai::LLMPipeline::EncodedInputs(prompt_of(128, vocabulary)), one)
          .perf_metrics;
  progress("");
  fmt::print("load {:.2f} s, first token of a cold prompt of 128 {:.0f} ms\n",
             cold.get_load_time() / 1000, cold.get_ttft().mean);
  fmt::print("{:>8} {:>12} {:>14} {:>12} {:>14}\n", "context", "prompt ms", "prompt tok/s",
             "token ms", "decode tok/s");
  for (const size_t context : kContexts) {
    progress(fmt::format("measuring at {}", context));
    Figures f;
    try {
      f = measure(pipeline, prompt_of(context, vocabulary));
    } catch (const Error& error) {
      progress("");
      fmt::print("{:>8} {}\n", context, error.what());
      continue;
    }
    progress("");
    fmt::print("{:>8} {:>12.1f} {:>14.0f} {:>12.2f} {:>14.1f}\n", context, f.first_ms,
               double(context) * 1e3 / f.first_ms, f.token_ms, 1e3 / f.token_ms);
    std::fflush(stdout);
  }
  fmt::print("memory {:.0f} MB, at most {:.0f} MB\n", double(resident_kib()) / 1024,
             double(peak_kib()) / 1024);
}

}  // namespace vireo::command
