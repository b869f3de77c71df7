#include "frontends/gguf/gguf.h"

#include "base/support/error.h"
#include "frontends/gguf/architectures.h"
#include "frontends/gguf/weights.h"
#include "frontends/transformers/build.h"

namespace vireo {

std::shared_ptr<Graph> read_gguf(const GgufFile& file) {
  if (const int64_t parts = file.integer("split.count", 1); parts > 1) {
    fail(ErrorCode::NotSupported,
         "'{}' is part {} of {}: models in parts are not read yet, join them with "
         "llama-gguf-split --merge",
         file.path(), file.integer("split.no", 0) + 1, parts);
  }
  const gguf::Description d = gguf::describe(file);
  return transformers::build(d.model, gguf::Weights(file, d.model, d.paired_rows));
}

}  // namespace vireo
