// The table of properties.
#include "runtime/config.h"

#include <algorithm>
#include <thread>

#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo {
namespace {

enum class Kind { Text, Flag, Number, NumberOrAuto, Choice, Type };

struct Row {
  const char* name;
  Kind kind;
  const char* initial;
  const char* choices = "";  // for Choice, separated by commas
};

constexpr Row kRows[] = {
    {"PERFORMANCE_HINT", Kind::Choice, "LATENCY",
     "LATENCY,THROUGHPUT,CUMULATIVE_THROUGHPUT,UNDEFINED"},
    {"PERFORMANCE_HINT_NUM_REQUESTS", Kind::Number, "0"},
    {"NUM_STREAMS", Kind::NumberOrAuto, "1"},
    {"INFERENCE_NUM_THREADS", Kind::NumberOrAuto, "0"},
    {"COMPILATION_NUM_THREADS", Kind::NumberOrAuto, "0"},
    {"INFERENCE_PRECISION_HINT", Kind::Type, "dynamic"},
    {"EXECUTION_MODE_HINT", Kind::Choice, "PERFORMANCE", "PERFORMANCE,ACCURACY"},
    {"PERF_COUNT", Kind::Flag, "NO"},
    {"CACHE_DIR", Kind::Text, ""},
    {"CACHE_MODE", Kind::Choice, "OPTIMIZE_SPEED",
     "OPTIMIZE_SPEED,OPTIMIZE_SIZE"},  // see cache_folder
    {"ENABLE_MMAP", Kind::Flag, "YES"},
    {"WEIGHT_FORMAT", Kind::Text, ""},  // that its weights are rounded to: int8, int4:64 ...
    {"TASK", Kind::Text, ""},  // what a Hugging Face folder is read for, in optimum's words
    {"ENABLE_CPU_PINNING", Kind::Flag, "NO"},
    {"ENABLE_HYPER_THREADING", Kind::Flag, "YES"},
    {"ENABLE_CPU_RESERVATION", Kind::Flag, "NO"},
    {"SCHEDULING_CORE_TYPE", Kind::Choice, "ANY_CORE", "ANY_CORE,PCORE_ONLY,ECORE_ONLY"},
    {"CPU_DENORMALS_OPTIMIZATION", Kind::Flag, ""},
    {"CPU_SPARSE_WEIGHTS_DECOMPRESSION_RATE", Kind::Text, "1"},
    {"DYNAMIC_QUANTIZATION_GROUP_SIZE", Kind::Number, "32"},
    {"KV_CACHE_PRECISION", Kind::Type, "dynamic"},
    {"KEY_CACHE_PRECISION", Kind::Type, "dynamic"},
    {"VALUE_CACHE_PRECISION", Kind::Type, "dynamic"},
    {"KEY_CACHE_GROUP_SIZE", Kind::Number, "0"},
    {"VALUE_CACHE_GROUP_SIZE", Kind::Number, "0"},
    {"MODEL_PRIORITY", Kind::Choice, "MEDIUM", "LOW,MEDIUM,HIGH,DEFAULT"},
    {"LOG_LEVEL", Kind::Text, "LOG_NONE"},
    {"ALLOW_AUTO_BATCHING", Kind::Flag, "YES"},
    {"AUTO_BATCH_TIMEOUT", Kind::Number, "1000"},
    {"DEVICE_PRIORITIES", Kind::Text, ""},
    {"VIREO_CPU_ISA", Kind::Text, ""},
};

const Row* find_row(const std::string& name) {
  for (const Row& row : kRows)
    if (name == row.name) return &row;
  return nullptr;
}

// Levenshtein distance: how a misspelt name finds its neighbour.
size_t distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, corner + (a[i - 1] != b[j - 1])});
      corner = above;
    }
  }
  return row[b.size()];
}

bool is_auto(const Any& value) {
  return to_lower(value.as_text()) == "auto" || value.as_text() == "-1";
}

void check_value(const Row& row, const Any& value) {
  try {
    switch (row.kind) {
      case Kind::Text: return;
      case Kind::Flag: (void)value.as_bool(); return;
      case Kind::NumberOrAuto:
        if (is_auto(value)) return;
        [[fallthrough]];
      case Kind::Number:
        if (value.as_int() < 0 && !(row.kind == Kind::NumberOrAuto && value.as_int() >= -2)) break;
        return;
      case Kind::Type:
        (void)element::Type(value.as_text() == "undefined" ? "dynamic" : value.as_text());
        return;
      case Kind::Choice:
        for (std::string_view choice : split(row.choices, ','))
          if (choice == value.as_text()) return;
        fail(ErrorCode::InvalidArgument, "'{}' is not one of {}", value.as_text(), row.choices);
    }
  } catch (const Error& e) {
    fail(ErrorCode::InvalidArgument, "property {}: {}", row.name, e.what());
  }
  fail(ErrorCode::InvalidArgument, "property {}: {} is out of range", row.name, value.as_text());
}

Any value_of(const AnyMap& properties, const char* name) {
  auto it = properties.find(name);
  return it != properties.end() ? it->second : default_property(name);
}

element::Type type_of(const Any& value) {
  const std::string text = value.as_text();
  return text == "undefined" ? element::dynamic : element::Type(text);
}

// KV_CACHE_PRECISION says it for both keys and values, unless one has its own.
element::Type cache_type(const AnyMap& p, const char* name) {
  const element::Type own = type_of(value_of(p, name));
  return own.is_static() ? own : type_of(value_of(p, "KV_CACHE_PRECISION"));
}

}  // namespace

void check_properties(const AnyMap& properties) {
  for (const auto& [name, value] : properties) {
    if (const Row* row = find_row(name)) {
      check_value(*row, value);
      continue;
    }
    const Row* nearest = std::min_element(std::begin(kRows), std::end(kRows),
                                          [&name = name](const Row& a, const Row& b) {
                                            return distance(name, a.name) < distance(name, b.name);
                                          });
    fail(ErrorCode::NotFound, "property '{}' is unknown, the nearest is {}", name, nearest->name);
  }
}

CompileConfig make_config(const AnyMap& p) {
  CompileConfig c;
  const int all = std::max(1u, std::thread::hardware_concurrency());
  const Any threads = value_of(p, "INFERENCE_NUM_THREADS"), streams = value_of(p, "NUM_STREAMS");
  c.threads = is_auto(threads) ? 0 : int(threads.as_int());
  const std::string hint = value_of(p, "PERFORMANCE_HINT").as_text();
  const bool throughput = p.count("NUM_STREAMS")
                              ? is_auto(streams)
                              : hint == "THROUGHPUT" || hint == "CUMULATIVE_THROUGHPUT";
  if (throughput)
    c.streams = c.threads ? std::min(c.threads, all) : all;
  else
    c.streams = std::max<int>(1, int(streams.as_int()));
  if (const int64_t requests = value_of(p, "PERFORMANCE_HINT_NUM_REQUESTS").as_int())
    c.streams = int(std::min<int64_t>(c.streams, requests));
  c.precision = type_of(value_of(p, "INFERENCE_PRECISION_HINT"));
  c.mode = value_of(p, "EXECUTION_MODE_HINT").as_text() == "ACCURACY" ? ExecutionMode::Accuracy
                                                                      : ExecutionMode::Performance;
  if (p.count("DYNAMIC_QUANTIZATION_GROUP_SIZE"))
    c.quantised_group = uint64_t(p.at("DYNAMIC_QUANTIZATION_GROUP_SIZE").as_int());
  c.key_cache = cache_type(p, "KEY_CACHE_PRECISION");
  c.value_cache = cache_type(p, "VALUE_CACHE_PRECISION");
  c.perf_count = value_of(p, "PERF_COUNT").as_bool();
  if (p.count("CPU_DENORMALS_OPTIMIZATION"))
    c.flush_denormals = p.at("CPU_DENORMALS_OPTIMIZATION").as_bool();
  c.pin_threads = value_of(p, "ENABLE_CPU_PINNING").as_bool();
  c.isa_cap = value_of(p, "VIREO_CPU_ISA").as_text();
  return c;
}

Any default_property(const std::string& name) {
  const Row* row = find_row(name);
  return row && row->initial[0] ? Any(row->initial) : Any();
}

std::vector<std::string> property_names() {
  std::vector<std::string> out;
  for (const Row& row : kRows) out.emplace_back(row.name);
  return out;
}

}  // namespace vireo
