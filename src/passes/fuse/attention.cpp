// Attention.
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

void add_attention(std::vector<Rule>&) {}

}  // namespace vireo::passes
