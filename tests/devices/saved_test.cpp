// Compiled models as bytes: saved and loaded on the CPU device, and files that are not what they
// should be.
#include <fstream>

#include "base/io/blob.h"
#include "base/io/path.h"
#include "core/binary.h"
#include "devices/device_test.h"

namespace vireo::test {
namespace {

// Two convolutions and a product with random weights, some of them packed.
std::shared_ptr<Graph> network() {
  auto g = std::make_shared<Graph>();
  g->name = "network";
  const OpRegistry& ops = builtin_ops();
  const OutputRef x = g->add_parameter(element::f32, PartialShape{Dimension(), 3, 12, 12}, "x");
  g->arena->edit(x.node).outputs[0].names = {"image"};
  const auto add = [&](const char* op, int version, std::vector<OutputRef> inputs,
                       const AttrList& attrs = {}) {
    const OpDef* def = ops.find_in_opset(op, version);
    return g->add(*def, make_attrs(def->attrs, attrs, op), std::move(inputs), op);
  };
  const OutputRef conv = add("Convolution", 1, {x, g->add_constant(random_f32({40, 3, 3, 3}, 2))},
                             {{"strides", std::vector<int64_t>{1, 1}},
                              {"pads_begin", std::vector<int64_t>{1, 1}},
                              {"pads_end", std::vector<int64_t>{1, 1}},
                              {"dilations", std::vector<int64_t>{1, 1}}});
  const OutputRef second = add(
      "Convolution", 1, {add("Relu", 1, {conv}), g->add_constant(random_f32({24, 40, 3, 3}, 3))},
      {{"strides", std::vector<int64_t>{1, 1}},
       {"pads_begin", std::vector<int64_t>{1, 1}},
       {"pads_end", std::vector<int64_t>{1, 1}},
       {"dilations", std::vector<int64_t>{1, 1}}});
  const OutputRef shape =
      g->add_constant(make_tensor(element::i64, {2}, std::vector<int64_t>{-1, 24 * 144}));
  const OutputRef rows = add("Reshape", 1, {second, shape}, {{"special_zero", false}});
  const OutputRef y = add("MatMul", 1, {rows, g->add_constant(random_f32({24 * 144, 50}, 4))});
  const OutputRef scaled = add("Multiply", 1, {y, g->add_constant(random_f32({50}, 5))});
  g->arena->edit(scaled.node).outputs[0].names = {"scores", "also"};
  g->add_result(scaled);
  return g;
}

CompileConfig config() {
  CompileConfig c;
  c.threads = 1;
  c.ops = &builtin_ops();
  return c;
}

Tensor answer(Executable& executable, const Tensor& x) {
  auto inference = executable.create();
  inference->set_input(0, x);
  inference->run();
  const Tensor out = inference->output(0);
  Tensor copy(out.get_element_type(), out.get_shape());
  out.copy_to(copy);
  return copy;
}

// The file of a saved executable, and the way back.
std::string write_file(const Executable& executable) {
  const SavedExecutable saved = executable.save();
  std::string bytes;
  write_blob(
      [&](const void* data, size_t size) { bytes.append(static_cast<const char*>(data), size); },
      saved.head, saved.sections);
  return bytes;
}
std::shared_ptr<Executable> read_file(Device& device, const std::string& bytes) {
  Tensor aligned(element::u8, {bytes.size()});
  if (!bytes.empty()) std::memcpy(aligned.data(), bytes.data(), bytes.size());
  const Blob blob = read_blob({aligned.data<uint8_t>(), bytes.size()}, aligned.impl());
  return device.load(blob.head, blob.sections, blob.keep, config());
}

TEST(Saved, AnswersWithTheSameBits) {
  auto device = cpu::make_device();
  auto executable = device->compile(*network(), config());
  auto loaded = read_file(*device, write_file(*executable));
  ASSERT_EQ(loaded->inputs().size(), 1u);
  EXPECT_EQ(loaded->inputs()[0].names, std::vector<std::string>{"image"});
  EXPECT_EQ(loaded->outputs()[0].names, (std::vector<std::string>{"scores", "also"}));
  EXPECT_EQ(loaded->memory().weights, executable->memory().weights);
  for (size_t batch : {1, 3}) {
    const Tensor x = random_f32({batch, 3, 12, 12}, 7);
    EXPECT_TRUE(same_contents(answer(*loaded, x), answer(*executable, x)));
  }
  EXPECT_EQ(write_file(*loaded), write_file(*executable));
}

TEST(Saved, DamagedBytesAreRefused) {
  auto device = cpu::make_device();
  const std::string bytes = write_file(*device->compile(*network(), config()));
  uint32_t seed = 1;
  const auto next = [&] { return seed = seed * 1664525u + 1013904223u, seed >> 4; };
  for (int round = 0; round < 200; ++round) {
    std::string damaged = bytes;
    const size_t at = round < 100 ? next() % 4096 : next() % bytes.size();
    if (round % 2)
      damaged.resize(at);
    else
      damaged[at] = char(damaged[at] ^ (1 + next() % 255));
    try {
      // A byte between sections may be anything.
      auto loaded = read_file(*device, damaged);
      EXPECT_EQ(damaged.size(), bytes.size()) << "cut to " << at << " bytes";
      EXPECT_EQ(write_file(*loaded), bytes) << "byte " << at;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::InvalidModel) << e.what();
    }
  }
}

// With right checksums nothing but the bounds of the reader stands between the bytes and the
// device.
TEST(Saved, HeadsOfRandomBytesAreErrors) {
  auto device = cpu::make_device();
  auto executable = device->compile(*network(), config());
  const SavedExecutable saved = executable->save();
  uint32_t seed = 7;
  const auto next = [&] { return seed = seed * 1664525u + 1013904223u, seed >> 4; };
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string head = saved.head;
    if (round % 8 == 0) head.resize(next() % head.size());
    for (uint32_t n = 1 + next() % 3; n-- > 0 && !head.empty();)
      head[next() % head.size()] = char(next());
    try {
      auto loaded = device->load({reinterpret_cast<const uint8_t*>(head.data()), head.size()},
                                 saved.sections, executable, config());
    } catch (const std::exception&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(Blob, FileIsMappedAndChangesAreSeen) {
  const std::string path = ::testing::TempDir() + "vireo_blob_test.blob";
  const std::vector<uint8_t> small(100, 1), large(10000, 2);
  save_blob(path, "head", {{small.data(), small.size()}, {large.data(), large.size()}});
  {
    const Blob blob = open_blob(path);
    EXPECT_EQ(std::string(blob.head.begin(), blob.head.end()), "head");
    ASSERT_EQ(blob.sections.size(), 2u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blob.sections[0].data()) % 64, 0u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(blob.sections[1].data()) % 4096, 0u);
    EXPECT_EQ(std::vector<uint8_t>(blob.sections[1].begin(), blob.sections[1].end()), large);
  }
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(5000);
  file.put(3);
  file.close();
  EXPECT_THROW(open_blob(path), Error);
  std::remove(path.c_str());
}

TEST(BinaryGraph, KeepsSymbolsNamesAndBodies) {
  auto g = std::make_shared<Graph>();
  const uint64_t symbol = Dimension::new_symbol();
  const Dimension s = Dimension(1, 9).with_symbol(symbol);
  const OutputRef a = g->add_parameter(element::f32, PartialShape{s, 4}, "a");
  const OutputRef b = g->add_parameter(element::f32, PartialShape{s, 4}, "b b");
  const OpDef* add = builtin_ops().find("Add", 1);
  const OutputRef sum = g->add(*add, make_attrs(add->attrs, {}, "sum"), {a, b}, "sum");
  g->arena->edit(sum.node).rt_info.at("k").at("v").value = "text";
  g->add_result(sum);
  const BinaryGraph binary = to_binary(*g);
  const auto back = graph_from_binary(
      {reinterpret_cast<const uint8_t*>(binary.bytes.data()), binary.bytes.size()},
      binary.constants, builtin_ops());
  EXPECT_EQ(to_binary(*back).bytes, binary.bytes);
  EXPECT_TRUE((*back)[back->parameters[0]].fact().shape[0].same(
      (*back)[back->parameters[1]].fact().shape[0]));
  EXPECT_EQ(to_text(*back), to_text(*g));
}

}  // namespace
}  // namespace vireo::test
