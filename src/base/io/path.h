// Paths as text, in the form that Linux has them, and questions about what they name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vireo {

bool path_exists(const std::string& path);
bool is_folder(const std::string& path);
bool is_file(const std::string& path);  // a regular file, symbolic links followed

// "a/b/c.onnx": "a/b", "c.onnx", "onnx" (lower case). A bare name has the parent ".".
std::string parent_folder(std::string_view path);
std::string_view file_name(std::string_view path);
std::string file_extension(std::string_view path);
// An absolute second part stands alone.
std::string join_path(std::string_view folder, std::string_view name);

// Absolute, symbolic links resolved. NotFound if it does not exist.
std::string canonical_path(const std::string& path);

// True if a canonical path lies in a canonical folder or is it. Text alone: "/a/bc" is not inside
// "/a/b".
bool is_inside(std::string_view canonical_folder, std::string_view canonical);

// What `location` names beside the file `model`, if that is inside the model's folder once links
// are resolved (the folder of the path as given or of the file it leads to: caches keep models as
// links into one store). Nothing for an absolute location, one that climbs out, or a link that
// leads out; NotFound if the file does not exist.
std::optional<std::string> resolve_beside(const std::string& model, const std::string& location);

// What tells whether a file changed.
struct FileStamp {
  uint64_t size = 0;
  int64_t modified_ns = 0;
};
FileStamp file_stamp(const std::string& path);

void make_folders(const std::string& path);  // with its parents

// Fails for the system call that just failed on `path`, naming both: NotFound for what does not
// exist, Io for the rest.
[[noreturn]] void fail_io(const char* action, const std::string& path, int error_number);

}  // namespace vireo
