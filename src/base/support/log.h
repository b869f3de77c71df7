// The log: silent unless VIREO_LOG asks or an application does. Lines carry a level and a topic
// ("dispatch", "passes").
//   VIREO_LOG=info                 everything up to info
//   VIREO_LOG=dispatch,passes      all of these topics
//   VIREO_LOG=warning,cache=trace  both forms together; "off" and an empty value are silence, "all"
//   is trace
#pragma once

#include <fmt/core.h>

#include <atomic>
#include <string_view>

namespace vireo {

enum class LogLevel : int { Error, Warning, Info, Debug, Trace };

// Receives each line that passed the filter, without line end, one call at a time. It must not log.
using LogSink = void (*)(void* context, LogLevel level, std::string_view topic,
                         std::string_view message);

// Replaces the filter that VIREO_LOG gave, in the same words. Unknown words are topics.
void set_log_filter(std::string_view filter);
// Null restores stderr.
void set_log_sink(LogSink sink, void* context);

namespace log_detail {
extern std::atomic<int> most_verbose;  // of any topic; kUnread before VIREO_LOG was looked at
constexpr int kUnread = 1000;
bool passes_filter(LogLevel level, std::string_view topic);
void write(LogLevel level, std::string_view topic, std::string_view message);
}  // namespace log_detail

// One load and compare when nothing of that level is logged at all. Ask before preparing costly
// arguments.
inline bool log_on(LogLevel level, std::string_view topic) {
  return int(level) <= log_detail::most_verbose.load(std::memory_order_relaxed) &&
         log_detail::passes_filter(level, topic);
}

template <typename... Args>
void log(LogLevel level, std::string_view topic, fmt::format_string<Args...> format,
         Args&&... args) {
  if (log_on(level, topic))
    log_detail::write(level, topic, fmt::format(format, std::forward<Args>(args)...));
}

template <typename... Args>
void log_warning(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::Warning, topic, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_info(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::Info, topic, format, std::forward<Args>(args)...);
}
template <typename... Args>
void log_debug(std::string_view topic, fmt::format_string<Args...> format, Args&&... args) {
  log(LogLevel::Debug, topic, format, std::forward<Args>(args)...);
}

}  // namespace vireo
