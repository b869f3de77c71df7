// The stages that make an integer graph of a quantised model; list.cpp puts them in order.
#pragma once

#include "passes/rewriter.h"

namespace vireo::passes {

// Whether anything but weights is quantised; if not, the stages have nothing to do.
bool has_quantised_activations(const Graph& graph);

void add_codes(
    std::vector<Rule>& rules);  // FakeQuantize, Convert ... to vireo.Quantise, vireo.Dequantise
void add_code_movement(
    std::vector<Rule>&
        rules);  // what only moves values moves codes; functions of a code are tables
void add_integer_products(
    std::vector<Rule>& rules);  // vireo.QuantisedConv, vireo.QuantisedMatMul and their epilogues

}  // namespace vireo::passes
