// Mapped files, atomic writing and path questions, in a folder of their own.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>

#include "base/io/atomic_file.h"
#include "base/io/mapped_file.h"
#include "base/io/path.h"
#include "base/support/error.h"

namespace vireo {
namespace {

class Io : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "vireo_io_XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = canonical_path(pattern);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string at(const std::string& name) const { return join_path(folder_, name); }
  void put(const std::string& name, std::string_view text) const {
    AtomicFile file(at(name));
    file.write(text);
    file.commit();
  }
  size_t files() const {
    size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++count;
    return count;
  }

  std::string folder_;
};

template <typename F>
ErrorCode code_of(F&& f, std::string* message = nullptr) {
  try {
    f();
  } catch (const Error& error) {
    if (message) *message = error.what();
    return error.code();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorCode::Internal;
}

TEST_F(Io, MapsAndReadsTheSameBytes) {
  for (size_t size : {size_t(1), size_t(4095), size_t(4096), size_t(100000)}) {
    std::string text(size, '\0');
    for (size_t i = 0; i < size; ++i) text[i] = char(i * 31 >> 3);
    put("f", text);
    for (auto mode : {MappedFile::Mode::Map, MappedFile::Mode::Read}) {
      const auto file = MappedFile::open(at("f"), mode);
      ASSERT_EQ(file->size(), size);
      EXPECT_EQ(file->mapped(), mode == MappedFile::Mode::Map);
      EXPECT_EQ(std::memcmp(file->data(), text.data(), size), 0);
      for (size_t i = 0; i < AlignedBuffer::kSlack; ++i) ASSERT_EQ(file->data()[size + i], 0);
      release_mapped_pages(file->data(), size);
      EXPECT_EQ(std::memcmp(file->data(), text.data(), size), 0);
    }
  }
  EXPECT_EQ(read_text_file(at("f")).size(), 100000u);
  EXPECT_EQ(code_of([&] { read_text_file(at("f"), 99999); }), ErrorCode::InvalidArgument);
  EXPECT_EQ(read_text_file(at("f"), 100000).size(), 100000u);
}

// Pages of [data, data + size) that are in memory.
size_t resident_pages(const void* data, size_t size) {
  const size_t page = size_t(::sysconf(_SC_PAGESIZE)), pages = size / page;
  const int file = ::open("/proc/self/pagemap", O_RDONLY);
  std::vector<uint64_t> entries(pages);
  const size_t from = reinterpret_cast<uintptr_t>(data) / page * 8;
  EXPECT_EQ(::pread(file, entries.data(), pages * 8, off_t(from)), ssize_t(pages * 8));
  ::close(file);
  size_t present = 0;
  for (uint64_t entry : entries) present += entry >> 63;
  return present;
}

TEST_F(Io, MappedPagesAreGivenBack) {
  put("f", std::string(size_t(1) << 20, 'x'));
  const auto file = MappedFile::open(at("f"));
  const auto touch = [&] { return std::count(file->data(), file->data() + file->size(), 'x'); };
  ASSERT_EQ(touch(), 1 << 20);
  ASSERT_EQ(resident_pages(file->data(), file->size()), 256u);
  release_mapped_pages(file->data() + 1, 8 * 4096);  // whole pages only
  EXPECT_EQ(resident_pages(file->data(), file->size()), 256u - 7u);
  release_mapped_pages(file->data(), file->size() + 1);  // more than the file has: not ours
  EXPECT_EQ(resident_pages(file->data(), file->size()), 256u - 7u);
  release_mapped_pages(file->data(), file->size());
  EXPECT_EQ(resident_pages(file->data(), file->size()), 0u);
  EXPECT_EQ(touch(), 1 << 20);
  std::vector<char> own(1 << 20, 'y');
  release_mapped_pages(own.data(), own.size());
  EXPECT_EQ(std::count(own.begin(), own.end(), 'y'), 1 << 20);
}

TEST_F(Io, EmptyAndSpecialFiles) {
  put("empty", "");
  const auto empty = MappedFile::open(at("empty"));
  EXPECT_EQ(empty->size(), 0u);
  EXPECT_NE(empty->data(), nullptr);
  EXPECT_EQ(read_text_file(at("empty")), "");
  EXPECT_GT(MappedFile::open("/proc/self/maps")->size(), 100u);

  ASSERT_EQ(::mkfifo(at("pipe").c_str(), 0600), 0);
  std::thread writer([&] {
    AtomicFile pipe(at("pipe"));
    pipe.write(std::string(200000, 'x'));
    pipe.commit();
  });
  EXPECT_EQ(MappedFile::open(at("pipe"))->size(), 200000u);
  writer.join();
}

TEST_F(Io, ErrorsNameThePath) {
  std::string message;
  EXPECT_EQ(code_of([&] { MappedFile::open(at("none")); }, &message), ErrorCode::NotFound);
  EXPECT_NE(message.find(at("none")), std::string::npos);
  EXPECT_EQ(code_of([&] { MappedFile::open(folder_); }, &message), ErrorCode::Io);
  EXPECT_NE(message.find("folder"), std::string::npos);
  EXPECT_EQ(code_of([&] { read_text_file(at("none")); }), ErrorCode::NotFound);
  EXPECT_EQ(code_of([&] { AtomicFile f(at("no/folder")); }, &message), ErrorCode::NotFound);
  EXPECT_EQ(code_of([&] { AtomicFile f(folder_); }), ErrorCode::Io);
  EXPECT_EQ(code_of([&] { AtomicFile f(""); }), ErrorCode::InvalidArgument);
}

TEST_F(Io, ReplacingAMappedFileLeavesTheMapping) {
  put("f", "old content");
  const auto old = MappedFile::open(at("f"));
  put("f", "new");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(old->data()), old->size()), "old content");
  EXPECT_EQ(read_text_file(at("f")), "new");
}

TEST_F(Io, WithoutCommitNothingIsLeft) {
  put("f", "kept");
  {
    AtomicFile file(at("f"));
    file.write(std::string(1000000, 'x'));
    EXPECT_EQ(files(), 2u);
  }
  EXPECT_EQ(read_text_file(at("f")), "kept");
  EXPECT_EQ(files(), 1u);
}

TEST_F(Io, WritesPaddingAndHeadersKnownLast) {
  AtomicFile file(at("f"));
  file.write("headerXX");
  file.pad_to(4096);
  EXPECT_EQ(file.position(), 4096u);
  file.write(std::string(300000, 'b'));
  file.overwrite(6, "42", 2);
  file.write("end");
  file.commit();
  const std::string text = read_text_file(at("f"));
  ASSERT_EQ(text.size(), 4096u + 300000 + 3);
  EXPECT_EQ(text.substr(0, 9), std::string("header42\0", 9));
  EXPECT_EQ(text.substr(text.size() - 4), "bend");
}

TEST_F(Io, Permissions) {
  const auto mode_of = [&](const char* name) {
    struct stat status;
    EXPECT_EQ(::stat(at(name).c_str(), &status), 0);
    return int(status.st_mode & 0777);
  };
  {
    AtomicFile file(at("private"), 0600);
    file.commit();
  }
  EXPECT_EQ(mode_of("private"), 0600);
  ASSERT_EQ(::chmod(at("private").c_str(), 0640), 0);
  put("private", "again");
  EXPECT_EQ(mode_of("private"), 0640);
}

TEST_F(Io, WritesThroughALink) {
  put("real", "1");
  ASSERT_EQ(::symlink(at("real").c_str(), at("link").c_str()), 0);
  put("link", "2");
  EXPECT_TRUE(std::filesystem::is_symlink(at("link")));
  EXPECT_EQ(read_text_file(at("real")), "2");
}

TEST_F(Io, PathParts) {
  EXPECT_EQ(parent_folder("a/b/c.onnx"), "a/b");
  EXPECT_EQ(parent_folder("c.onnx"), ".");
  EXPECT_EQ(parent_folder("/c"), "/");
  EXPECT_EQ(file_name("a/b/c.onnx"), "c.onnx");
  EXPECT_EQ(file_extension("a.b/c.ONNX"), "onnx");
  EXPECT_EQ(file_extension("a.b/c"), "");
  EXPECT_EQ(file_extension(".hidden"), "");
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("a", "/b"), "/b");
  EXPECT_TRUE(is_inside("/a/b", "/a/b/c"));
  EXPECT_TRUE(is_inside("/a/b", "/a/b"));
  EXPECT_FALSE(is_inside("/a/b", "/a/bc"));
  EXPECT_TRUE(is_inside("/", "/a"));
}

TEST_F(Io, ExternalDataStaysInsideTheModelsFolder) {
  make_folders(at("models/sub"));
  make_folders(at("store"));
  put("secret", "x");
  put("models/m.onnx", "m");
  put("models/sub/w.bin", "w");
  const std::string model = at("models/m.onnx");
  EXPECT_EQ(resolve_beside(model, "sub/w.bin"), at("models/sub/w.bin"));
  EXPECT_EQ(resolve_beside(model, "./sub/../sub/w.bin"), at("models/sub/w.bin"));
  for (const char* bad : {"../secret", "sub/../../secret", "", "../models/../secret", "../none"})
    EXPECT_FALSE(resolve_beside(model, bad)) << bad;
  EXPECT_FALSE(resolve_beside(model, at("models/sub/w.bin")));
  EXPECT_FALSE(resolve_beside(model, std::string("sub/w.bin\0x", 11)));
  ASSERT_EQ(::symlink(at("secret").c_str(), at("models/link").c_str()), 0);
  EXPECT_FALSE(resolve_beside(model, "link"));
  EXPECT_EQ(code_of([&] { resolve_beside(model, "none.bin"); }), ErrorCode::NotFound);

  put("store/1", "m");
  put("store/2", "w");
  ASSERT_EQ(::symlink("../store/1", at("models/cached.onnx").c_str()), 0);
  ASSERT_EQ(::symlink("../store/2", at("models/cached.data").c_str()), 0);
  EXPECT_EQ(resolve_beside(at("models/cached.onnx"), "cached.data"), at("store/2"));
  EXPECT_FALSE(resolve_beside(at("models/cached.onnx"), "link"));
}

TEST_F(Io, StampSeesAChange) {
  put("f", "1");
  const FileStamp before = file_stamp(at("f"));
  put("f", "12");
  EXPECT_NE(before.size, file_stamp(at("f")).size);
  EXPECT_EQ(code_of([&] { file_stamp(at("none")); }), ErrorCode::NotFound);
}

}  // namespace
}  // namespace vireo
