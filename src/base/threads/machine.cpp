// Affinity mask and control groups.
#include "base/threads/machine.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "base/support/parse.h"

namespace vireo {

namespace {

// Small files of /proc and /sys; empty if there is none. No exceptions: absence is the common case.
std::string read_small(const std::string& path) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return {};
  std::string text(4096, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  return text;
}

double ratio(std::string_view quota, std::string_view period) {
  const auto q = parse<int64_t>(quota), p = parse<int64_t>(period);
  return q && p && *q > 0 && *p > 0 ? double(*q) / double(*p) : 0;
}

double limit_v2(const std::string& folder) {
  const std::string text = read_small(folder + "/cpu.max");
  const std::vector<std::string_view> words = split(text, ' ');
  return words.size() == 2 ? ratio(words[0], words[1]) : 0;
}

double limit_v1(const std::string& folder) {
  return ratio(read_small(folder + "/cpu.cfs_quota_us"), read_small(folder + "/cpu.cfs_period_us"));
}

// The least limit of a group and those above it. The group's path may be the host's, unknown inside
// a container: then only its upper part, at last the mount itself, is found.
double least_limit(const std::string& mount, std::string_view group,
                   double (*limit)(const std::string&)) {
  double least = 0;
  std::string path(group == "/" ? "" : group);
  while (true) {
    const double here = limit(mount + path);
    if (here > 0 && (least == 0 || here < least)) least = here;
    const size_t at = path.rfind('/');
    if (at == std::string::npos) return least;
    path.resize(at);
  }
}

}  // namespace

std::vector<int> allowed_cpus() {
  std::vector<int> cpus;
  // The mask may be wider than cpu_set_t on large machines: grow until the kernel accepts.
  for (int bits = 1024; bits <= 1 << 16; bits *= 2) {
    const size_t size = CPU_ALLOC_SIZE(bits);
    std::vector<unsigned long> words(size / sizeof(unsigned long) + 1);
    cpu_set_t* const set = reinterpret_cast<cpu_set_t*>(words.data());
    if (::sched_getaffinity(::getpid(), size, set) != 0) continue;
    for (int cpu = 0; cpu < bits; ++cpu)
      if (CPU_ISSET_S(cpu, size, set)) cpus.push_back(cpu);
    break;
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

double cgroup_cpu_limit(const std::string& root) {
  const std::string groups = read_small(root + "/proc/self/cgroup");
  const std::string mount = root + "/sys/fs/cgroup";
  double least = 0;
  const auto take = [&](double limit) {
    if (limit > 0 && (least == 0 || limit < least)) least = limit;
  };
  for (std::string_view line : split(groups, '\n')) {
    // "id:controllers:path"; version 2 has id 0 and no controllers.
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (controllers.empty()) {
      take(least_limit(mount, path, limit_v2));
      take(least_limit(mount + "/unified", path, limit_v2));
      continue;
    }
    for (std::string_view controller : split(controllers, ','))
      if (controller == "cpu") {
        take(least_limit(mount + "/cpu", path, limit_v1));
        take(least_limit(mount + "/cpu,cpuacct", path, limit_v1));
      }
  }
  return least;
}

int available_cores() {
  static const double limit = cgroup_cpu_limit();
  const int cores = int(allowed_cpus().size());
  return limit > 0 ? std::clamp(int(limit), 1, cores) : cores;
}

}  // namespace vireo
