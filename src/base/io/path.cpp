// Path questions over stat and realpath.
#include "base/io/path.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/support/error.h"
#include "base/support/parse.h"

namespace vireo {

namespace {

// The system reads a path up to its first zero byte, our checks read all of it.
bool has_zero(std::string_view path) { return path.find('\0') != std::string_view::npos; }

bool status_of(const std::string& path, struct stat* status) {
  return !has_zero(path) && ::stat(path.c_str(), status) == 0;
}

// Whether a relative path ever stands above its start.
bool climbs_out(std::string_view path) {
  int depth = 0;
  while (!path.empty()) {
    const size_t at = path.find('/');
    const std::string_view part = path.substr(0, at);
    if (part == "..") {
      if (--depth < 0) return true;
    } else if (!part.empty() && part != ".") {
      ++depth;
    }
    if (at == std::string_view::npos) break;
    path.remove_prefix(at + 1);
  }
  return false;
}

}  // namespace

void fail_io(const char* action, const std::string& path, int error_number) {
  char text[128] = "";
  const char* reason = ::strerror_r(error_number, text, sizeof text);
  if (error_number == ENOENT || error_number == ENOTDIR)
    fail(ErrorCode::NotFound, "cannot {} '{}': it does not exist", action, path);
  if (error_number == ENOMEM)
    fail(ErrorCode::OutOfMemory, "cannot {} '{}': no memory", action, path);
  fail(ErrorCode::Io, "cannot {} '{}': {}", action, path, to_lower(reason));
}

bool path_exists(const std::string& path) {
  struct stat status;
  return status_of(path, &status);
}

bool is_folder(const std::string& path) {
  struct stat status;
  return status_of(path, &status) && S_ISDIR(status.st_mode);
}

bool is_file(const std::string& path) {
  struct stat status;
  return status_of(path, &status) && S_ISREG(status.st_mode);
}

std::string parent_folder(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t at = path.rfind('/');
  if (at == std::string_view::npos) return ".";
  return at == 0 ? "/" : std::string(path.substr(0, at));
}

std::string_view file_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const size_t at = path.rfind('/');
  return at == std::string_view::npos ? path : path.substr(at + 1);
}

std::string file_extension(std::string_view path) {
  const std::string_view name = file_name(path);
  const size_t at = name.rfind('.');
  return at == std::string_view::npos || at == 0 ? "" : to_lower(name.substr(at + 1));
}

std::string join_path(std::string_view folder, std::string_view name) {
  if (folder.empty() || (!name.empty() && name.front() == '/')) return std::string(name);
  std::string path(folder);
  if (path.back() != '/') path += '/';
  return path.append(name);
}

std::string canonical_path(const std::string& path) {
  if (has_zero(path))
    fail(ErrorCode::InvalidArgument, "a path of {} bytes holds a zero byte", path.size());
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) fail_io("find", path, errno);
  return real.get();
}

bool is_inside(std::string_view canonical_folder, std::string_view canonical) {
  while (!canonical_folder.empty() && canonical_folder.back() == '/')
    canonical_folder.remove_suffix(1);
  if (canonical.substr(0, canonical_folder.size()) != canonical_folder) return false;
  return canonical.size() == canonical_folder.size() || canonical[canonical_folder.size()] == '/';
}

std::optional<std::string> resolve_beside(const std::string& model, const std::string& location) {
  if (location.empty() || location.front() == '/' || has_zero(location) || climbs_out(location))
    return std::nullopt;
  const std::string folder = canonical_path(parent_folder(model));
  const std::string target = canonical_path(join_path(folder, location));
  if (is_inside(folder, target)) return target;
  if (is_file(model) && is_inside(parent_folder(canonical_path(model)), target)) return target;
  return std::nullopt;
}

FileStamp file_stamp(const std::string& path) {
  struct stat status;
  if (!status_of(path, &status)) fail_io("look at", path, has_zero(path) ? EINVAL : errno);
  return {uint64_t(status.st_size),
          int64_t(status.st_mtim.tv_sec) * 1000000000 + status.st_mtim.tv_nsec};
}

void make_folders(const std::string& path) {
  if (path.empty() || is_folder(path)) return;
  make_folders(parent_folder(path));
  if (::mkdir(path.c_str(), 0777) != 0 && !is_folder(path)) fail_io("make the folder", path, errno);
}

}  // namespace vireo
