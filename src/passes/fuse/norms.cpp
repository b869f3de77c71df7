// Normalisations.
#include "passes/match.h"
#include "passes/stages.h"

namespace vireo::passes {

void add_norms(std::vector<Rule>&) {}

}  // namespace vireo::passes
