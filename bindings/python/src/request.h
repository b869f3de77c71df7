// InferRequest as Python has it, for what makes requests.
#pragma once

#include "bind.h"

namespace vireo::python {

// Index of a key among ports: an integer, a name or a port.
size_t index_of(const std::vector<Output>& ports, nb::handle key);

// A request with the ports of its model at hand: what a call needs is looked up once.
struct Request {
  InferRequest request;
  std::vector<Output> inputs, outputs;
  CompiledModel compiled;
  nb::object user_data = nb::none();

  void set_one(size_t i, nb::handle value, bool share) {
    const element::Type want = inputs.at(i).get_element_type();
    if (share || nb::isinstance<Tensor>(value)) {
      request.set_input_tensor(i, to_tensor(value, want, share));
      return;
    }
    request.set_input_tensor(i, to_tensor(value, want, false));
  }

  void set_inputs(nb::handle given, bool share) {
    if (given.is_none()) return;
    if (nb::isinstance<nb::dict>(given)) {
      for (auto [key, value] : nb::borrow<nb::dict>(given))
        set_one(index_of(inputs, key), value, share);
    } else if (nb::isinstance<nb::tuple>(given) || nb::isinstance<nb::list>(given)) {
      // One input may be given as a bare list of numbers.
      const size_t n = nb::len(given);
      const bool numbers =
          n > 0 && (nb::isinstance<nb::int_>(given[0]) || nb::isinstance<nb::float_>(given[0]));
      if (numbers && inputs.size() == 1) return set_one(0, given, share);
      if (n > inputs.size())
        throw Error(ErrorCode::InvalidArgument, std::to_string(n) +
                                                    " inputs are given, the model has " +
                                                    std::to_string(inputs.size()));
      size_t i = 0;
      for (nb::handle value : given) set_one(i++, value, share);
    } else {
      if (inputs.size() != 1)
        throw Error(ErrorCode::InvalidArgument, "the model has " + std::to_string(inputs.size()) +
                                                    " inputs, give a dict or a list");
      set_one(0, given, share);
    }
  }

  nb::list results(bool share) const {
    nb::list out;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Tensor t = request.get_output_tensor(i);
      out.append(share ? to_array(t) : to_array_copy(t));
    }
    return out;
  }

  nb::list infer(nb::handle given, bool share_inputs, bool share_outputs) {
    set_inputs(given, share_inputs);
    {
      nb::gil_scoped_release release;
      request.infer();
    }
    return results(share_outputs);
  }
};

Request make_request(CompiledModel& m);

// InferRequest, its states and its profile.
void bind_requests(nb::module_& m);

}  // namespace vireo::python
