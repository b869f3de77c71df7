// vireo: runs, measures and converts models, and talks with language models, from the shell.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "vireo/command.h"

namespace vireo::command {

void ModelOptions::add_to(CLI::App& app) {
  app.add_option("model", model, "model: .xml, .onnx, or a folder that holds one")->required();
  app.add_option("--weights", weights, "weights of an IR, if not beside the .xml");
  app.add_option("-i,--input", inputs,
                 "NAME=FILE.npy, NAME=IMAGE.png, NAME=1x3x224x224; the name may be left out");
  app.add_option("-d,--device", device, "device")->capture_default_str();
  app.add_option("-t,--threads", threads, "threads; 0: all");
  app.add_option("-c,--config", config, "property, as INFERENCE_PRECISION_HINT=f32");
}

AnyMap ModelOptions::properties() const {
  AnyMap map;
  for (const std::string& pair : config) {
    const size_t eq = pair.find('=');
    if (eq == std::string::npos)
      throw Error(ErrorCode::InvalidArgument,
                  "property '" + pair + "' has no value, expected KEY=VALUE");
    map[pair.substr(0, eq)] = pair.substr(eq + 1);
  }
  if (threads) map["INFERENCE_NUM_THREADS"] = threads;
  return map;
}

long peak_kib() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

long resident_kib() {
  long pages = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

void progress(const std::string& text) {
  if (!isatty(2)) return;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
}

}  // namespace vireo::command

int main(int argc, char** argv) {
  using namespace vireo;
  CLI::App app{"Vireo: reads trained networks, runs them fast on the machine that is there"};
  app.set_version_flag("--version", "vireo " + get_version().build_number);
  app.require_subcommand(1);
  command::add_run(app);
  command::add_bench(app);
  command::add_dump(app);
  command::add_convert(app);
  command::add_chat(app);
  command::add_generate(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    command::progress("");
    std::fprintf(stderr, "vireo: %s\n", e.what());
    return 1;
  }
  return 0;
}
