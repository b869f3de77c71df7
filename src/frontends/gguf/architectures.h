// Which architectures there are: `general.architecture` to the function that describes the model.
// One row each in architectures.inc.
#pragma once

#include "base/io/gguf_file.h"
#include "frontends/transformers/decoder.h"

namespace vireo::gguf {

struct Description {
  transformers::Decoder model;  // its names are those of the file's tensors
  // llama.cpp rotates neighbours (2i, 2i + 1) of these models' heads, and its converter has put the
  // rows of the projections of query and key in that order.
  bool paired_rows = false;
};

// Throws NotSupported naming the model's architecture and all that are known.
Description describe(const GgufFile& file);

}  // namespace vireo::gguf
