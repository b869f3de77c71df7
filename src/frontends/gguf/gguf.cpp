#include "frontends/gguf/gguf.h"

#include "frontends/gguf/architectures.h"
#include "frontends/gguf/weights.h"
#include "frontends/transformers/build.h"

namespace vireo {

std::shared_ptr<Graph> read_gguf(const GgufFile& file) {
  const gguf::Description d = gguf::describe(file);
  return transformers::build(d.model, gguf::Weights(file, d.model, d.paired_rows));
}

}  // namespace vireo
