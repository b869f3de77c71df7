// vireo chat: a conversation with a language model; vireo generate: one answer.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <optional>

#include <fmt/format.h>

#include "vireo/command.h"
#include "vireo/genai/llm_pipeline.h"

namespace vireo::command {
namespace {

using genai::ChatHistory;
using genai::GenerationConfig;
using genai::LLMPipeline;
using genai::PerfMetrics;
using genai::StreamingStatus;

// Set by Ctrl-C while an answer is on its way: it ends there.
volatile std::sig_atomic_t interrupted = 0;

struct GenerationOptions {
  std::string model, device = "CPU";
  std::vector<std::string> config;
  int threads = 0;
  size_t max_new_tokens = 512;
  float temperature = 0, top_p = 1;
  size_t top_k = 0, seed = 0;
  float repetition_penalty = 1;

  void add_to(CLI::App& app) {
    app.add_option("model", model,
                   "language model: an OpenVINO or Hugging Face folder, or a .gguf file")
        ->required();
    app.add_option("-n,--max-new-tokens", max_new_tokens, "the longest answer")
        ->capture_default_str();
    app.add_option("--temperature", temperature, "draws tokens if above 0")->capture_default_str();
    app.add_option("--top-p", top_p, "draws from the fewest tokens with this probability")
        ->capture_default_str();
    app.add_option("--top-k", top_k, "draws from the best; 0: from all");
    app.add_option("--seed", seed, "of the drawing");
    app.add_option("--repetition-penalty", repetition_penalty,
                   "above 1: says less again what was said")
        ->capture_default_str();
    app.add_option("-d,--device", device, "device")->capture_default_str();
    app.add_option("-t,--threads", threads, "threads; 0: all");
    app.add_option("-c,--config", config, "property, as INFERENCE_PRECISION_HINT=f32");
  }

  LLMPipeline open() const {
    ModelOptions shared;
    shared.config = config;
    shared.threads = threads;
    progress("loading " + model);
    LLMPipeline pipeline(model, device, shared.properties());
    progress("");
    return pipeline;
  }

  GenerationConfig generation(const LLMPipeline& pipeline) const {
    GenerationConfig how = pipeline.get_generation_config();
    how.max_new_tokens = max_new_tokens;
    how.do_sample = temperature > 0;
    if (how.do_sample) how.temperature = temperature;
    how.top_p = top_p;
    if (top_k > 0) how.top_k = top_k;
    how.rng_seed = seed;
    how.repetition_penalty = repetition_penalty;
    return how;
  }
};

std::string figures(const PerfMetrics& metrics) {
  std::string text =
      fmt::format("{} tokens in, first after {:.0f} ms, {} out", metrics.get_num_input_tokens(),
                  metrics.get_ttft().mean, metrics.get_num_generated_tokens());
  if (metrics.get_throughput().mean > 0)
    text += fmt::format(" at {:.1f} tokens/s", metrics.get_throughput().mean);
  return text + fmt::format("; memory {:.0f} MB, at most {:.0f} MB", double(resident_kib()) / 1024,
                            double(peak_kib()) / 1024);
}

StreamingStatus show(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
  return interrupted ? StreamingStatus::STOP : StreamingStatus::RUNNING;
}

class Conversation {
 public:
  explicit Conversation(const GenerationOptions& options, std::string system)
      : pipeline_(options.open()),
        how_(options.generation(pipeline_)),
        system_(std::move(system)),
        terminal_(isatty(0)) {
    restart();
  }

  void run() {
    if (terminal_)
      fmt::print(
          "/help lists the commands; a line that ends in \\ goes on in the next; Ctrl-C ends an "
          "answer\n");
    while (const std::optional<std::string> said = read())
      if (!said->empty() && !(said->front() == '/' ? obey(*said) : answer(*said))) return;
  }

 private:
  void restart() {
    history_.clear();
    if (!system_.empty()) history_.push_back({{"role", "system"}, {"content", system_}});
  }

  // A message: a line, or several of which all but the last end in a backslash.
  std::optional<std::string> read() const {
    std::string all, line;
    if (terminal_) fmt::print("\n> ");
    std::fflush(stdout);
    while (std::getline(std::cin, line)) {
      if (line.empty() || line.back() != '\\') return all + line;
      line.back() = '\n';
      all += line;
      if (terminal_) fmt::print(". ");
      std::fflush(stdout);
    }
    return all.empty() ? std::nullopt : std::optional(all);
  }

  // Answers false to end.
  bool obey(const std::string& line) {
    const size_t blank = line.find(' ');
    const std::string name = line.substr(0, blank),
                      rest = blank == std::string::npos ? "" : line.substr(blank + 1);
    if (name == "/quit" || name == "/exit") return false;
    if (name == "/help") {
      fmt::print(
          "/reset forgets the conversation\n/system TEXT sets the system message and forgets the "
          "conversation\n"
          "/save FILE writes the conversation as JSON\n/stats tells times and memory\n/quit "
          "ends\n");
    } else if (name == "/reset") {
      restart();
    } else if (name == "/system") {
      system_ = rest;
      restart();
    } else if (name == "/save") {
      save(rest);
    } else if (name == "/stats") {
      fmt::print("loaded in {:.2f} s; {}\n", last_.get_load_time() / 1000, figures(total_));
    } else {
      fmt::print("there is no {}; /help lists the commands\n", name);
    }
    return true;
  }

  void save(const std::string& path) const {
    std::ofstream file(path);
    file << history_.get_messages().to_json_string(2) << "\n";
    file.flush();
    fmt::print("{}\n", file ? fmt::format("{} messages are in {}", history_.size(), path)
                            : fmt::format("'{}' cannot be written", path));
  }

  bool answer(const std::string& message) {
    ChatHistory turn = history_;
    turn.push_back({{"role", "user"}, {"content", message}});
    interrupted = 0;
    try {
      const auto results = pipeline_.generate(turn, how_, show);
      turn.push_back({{"role", "assistant"}, {"content", results.texts[0]}});
      history_ = turn;
      last_ = results.perf_metrics;
      total_ += last_;
      fmt::print("\n");
      if (terminal_) fmt::print(stderr, "[{}]\n", figures(last_));
    } catch (const Error& error) {
      fmt::print(stderr, "vireo: {}\n", error.what());
    }
    return true;
  }

  LLMPipeline pipeline_;
  GenerationConfig how_;
  std::string system_;
  bool terminal_;
  ChatHistory history_;
  PerfMetrics last_, total_;
};

void interrupt_answers() {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    if (interrupted) _exit(130);  // a second time
    interrupted = 1;
  };
  sigaction(SIGINT, &action, nullptr);
}

struct Generate {
  GenerationOptions options;
  std::string prompt, file;
  bool raw = false, quiet = false;

  void operator()() const {
    std::string text = prompt;
    if (!file.empty()) {
      std::ifstream in(file);
      if (!in) throw Error(ErrorCode::NotFound, "file '" + file + "' cannot be read");
      text.assign(std::istreambuf_iterator<char>(in), {});
    }
    if (text.empty())
      throw Error(ErrorCode::InvalidArgument,
                  "there is no prompt: give --prompt TEXT or --file FILE");
    LLMPipeline pipeline = options.open();
    GenerationConfig how = options.generation(pipeline);
    how.apply_chat_template = !raw;
    interrupt_answers();
    const auto results = pipeline.generate(text, how, show);
    fmt::print("\n");
    if (!quiet)
      fmt::print(stderr, "[loaded in {:.2f} s; {}]\n", results.perf_metrics.get_load_time() / 1000,
                 figures(results.perf_metrics));
  }
};

}  // namespace

void add_chat(CLI::App& app) {
  struct Chat {
    GenerationOptions options;
    std::string system;
  };
  auto chat = std::make_shared<Chat>();
  CLI::App* sub = app.add_subcommand("chat", "talk with a language model");
  chat->options.add_to(*sub);
  sub->add_option("--system", chat->system, "what the model is told first");
  sub->callback([chat] {
    interrupt_answers();
    Conversation(chat->options, chat->system).run();
  });
}

void add_generate(CLI::App& app) {
  auto generate = std::make_shared<Generate>();
  CLI::App* sub = app.add_subcommand("generate", "answer one prompt with a language model");
  generate->options.add_to(*sub);
  sub->add_option("-p,--prompt", generate->prompt, "the prompt");
  sub->add_option("-f,--file", generate->file, "a file with the prompt");
  sub->add_flag("--raw", generate->raw, "the prompt as it is, without the model's chat template");
  sub->add_flag("-q,--quiet", generate->quiet, "without figures");
  sub->callback([generate] { (*generate)(); });
}

}  // namespace vireo::command
