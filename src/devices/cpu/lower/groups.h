// Which connected element-wise nodes become one step.
#pragma once

namespace vireo::cpu {

struct Program;

// Sets `group`, `group_kind` and `leader` of the nodes of each group. A group's values inside are
// read by its members alone.
void find_groups(Program& program);

}  // namespace vireo::cpu
