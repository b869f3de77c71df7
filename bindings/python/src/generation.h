// Text generation between Python and C++.
#pragma once

#include "bind.h"
#include "vireo/genai/generation_config.h"
#include "vireo/genai/streamer.h"

namespace vireo::python {

// A configuration changed by fields given by name; throws Error for a name that is none and a value
// of another type.
void update_config(genai::GenerationConfig& config, const nb::kwargs& fields);
// Nobody, a callable, or a StreamerBase. What it answers: a StreamingStatus, True to stop, or
// nothing.
genai::StreamerVariant to_streamer(nb::handle streamer);

void bind_generation_config(nb::module_& m);
void bind_results(nb::module_& m);
void bind_streamers(nb::module_& m);
void bind_pipelines(nb::module_& m);
void bind_text_encoders(nb::module_& m);
void bind_batching(nb::module_& m);

}  // namespace vireo::python
