// Runtime information between XML and the graph.
#pragma once

#include <pugixml.hpp>

#include "core/graph.h"

namespace vireo::ir {

// Of a layer or port: <attribute name version value .../> becomes "name_version", <user_data name
// value> "user_data/name".
void read_rt_info(pugi::xml_node element, RtInfo& out);
void write_rt_info(pugi::xml_node parent, const RtInfo& info);
// Of the model: <key value=""> or <info name="" value="">, nested. Throws InvalidModel when nested
// too deep.
void read_model_rt_info(pugi::xml_node element, RtInfo& out, int depth = 0);
void write_model_rt_info(pugi::xml_node parent, const RtInfo& info);

}  // namespace vireo::ir
