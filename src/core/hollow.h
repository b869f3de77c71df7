// Values that a compiler's own graph does not need any more: their memory goes, their types and
// shapes stay.
#pragma once

#include "core/graph.h"

namespace vireo {

// A tensor of this type and shape over one zero. Empty for packed types and strings, whose elements
// cannot share memory.
Tensor hollow(element::Type type, const Shape& shape);

// A large constant whose value nobody will look at again gives up its memory, and the pages of a
// file that it is a view of: from here on it reads as zeros. False if there was nothing to give.
bool hollow_constant(Arena& arena, NodeId id);

}  // namespace vireo
