// The filter of the log, read once from VIREO_LOG, and its sink.
#include "base/support/log.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#include "base/support/parse.h"
#include "base/threads/fork.h"

namespace vireo {

namespace {

constexpr int kSilent = -1;

struct Log final : ForkAware {
  Log() { enrol(); }
  void lock_for_fork() noexcept override { mutex.lock(); }
  void unlock_after_fork() noexcept override { mutex.unlock(); }
  void after_fork_in_child() noexcept override {}

  std::mutex mutex;
  int level = kSilent;
  std::vector<std::pair<std::string, int>> topics;
  LogSink sink = nullptr;
  void* context = nullptr;
};

// Never destroyed: threads may log while the process ends.
Log& state() {
  static Log* const log = new Log;
  return *log;
}

const char* const kNames[] = {"error", "warning", "info", "debug", "trace"};

int level_named(std::string_view word) {
  const std::string name = to_lower(word);
  if (name == "off" || name == "0" || name == "none") return kSilent;
  if (name == "all") return int(LogLevel::Trace);
  for (int i = 0; i < 5; ++i)
    if (name == kNames[i]) return i;
  return kSilent - 1;
}

void apply(Log& log, std::string_view filter) {
  log.level = kSilent;
  log.topics.clear();
  for (std::string_view word : split(filter, ',')) {
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos) {
      const int level = level_named(trim(word.substr(equals + 1)));
      log.topics.emplace_back(trim(word.substr(0, equals)),
                              level < kSilent ? int(LogLevel::Trace) : level);
    } else if (const int level = level_named(word); level >= kSilent) {
      log.level = level;
    } else if (!word.empty()) {
      log.topics.emplace_back(word, int(LogLevel::Trace));
    }
  }
  int most = log.level;
  for (const auto& topic : log.topics) most = std::max(most, topic.second);
  log_detail::most_verbose.store(most, std::memory_order_relaxed);
}

void read_environment(Log& log) {
  if (log_detail::most_verbose.load(std::memory_order_relaxed) != log_detail::kUnread) return;
  const char* value = std::getenv("VIREO_LOG");
  apply(log, value ? value : "");
}

}  // namespace

namespace log_detail {

std::atomic<int> most_verbose{kUnread};

bool passes_filter(LogLevel level, std::string_view topic) {
  Log& log = state();
  std::lock_guard<std::mutex> lock(log.mutex);
  read_environment(log);
  for (const auto& [name, limit] : log.topics)
    if (name == topic) return int(level) <= limit;
  return int(level) <= log.level;
}

void write(LogLevel level, std::string_view topic, std::string_view message) {
  Log& log = state();
  std::lock_guard<std::mutex> lock(log.mutex);
  if (log.sink) return log.sink(log.context, level, topic, message);
  const std::string line = fmt::format("vireo {} {}: {}\n", kNames[int(level)], topic, message);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace log_detail

void set_log_filter(std::string_view filter) {
  Log& log = state();
  std::lock_guard<std::mutex> lock(log.mutex);
  apply(log, filter);
}

void set_log_sink(LogSink sink, void* context) {
  Log& log = state();
  std::lock_guard<std::mutex> lock(log.mutex);
  log.sink = sink;
  log.context = context;
}

}  // namespace vireo
