// What of the machine this process may use.
#pragma once

#include <string>
#include <vector>

namespace vireo {

// The logical processors in the affinity mask of the process's first thread: a library that binds
// its own threads, ours among them, does not shrink what we see.
std::vector<int> allowed_cpus();

// The CPU time per second that the control groups (v1 or v2, the process's own and those above it)
// leave the process, in cores; 0 if they set no limit. `root` stands before /proc and /sys in
// tests.
double cgroup_cpu_limit(const std::string& root = "");

// How many threads make sense: the mask's size, at most the quota rounded down (a spinning pool
// over its quota is stopped for the rest of the period, which costs more than the lost fraction of
// a core), at least 1.
int available_cores();

}  // namespace vireo
