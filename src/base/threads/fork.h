// Objects with a lock that must be whole again in a forked child.
#pragma once

namespace vireo {

// Around fork() every living object is locked, so that no other thread is halfway through a change
// when memory is copied. In the child, where only the forking thread lives on,
// after_fork_in_child() forgets threads and waiters before the unlock. A derived class calls
// enrol() at the end of its constructor and leave() at the start of its destructor, both without
// holding its own lock; while it holds its lock it must not take that of another such object.
class ForkAware {
 public:
  virtual void lock_for_fork() noexcept = 0;
  virtual void unlock_after_fork() noexcept = 0;
  virtual void after_fork_in_child() noexcept = 0;

 protected:
  ForkAware() = default;
  ForkAware(const ForkAware&) = delete;
  ForkAware& operator=(const ForkAware&) = delete;
  ~ForkAware() = default;
  void enrol();
  void leave() noexcept;

 private:
  friend struct ForkRegistry;
  ForkAware* next_ = nullptr;
  ForkAware** link_ = nullptr;
};

}  // namespace vireo
