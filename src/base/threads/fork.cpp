// The list of fork-aware objects and the handlers given to pthread_atfork.
#include "base/threads/fork.h"

#include <pthread.h>

#include <mutex>

namespace vireo {

struct ForkRegistry {
  std::mutex mutex;
  ForkAware* first = nullptr;

  // Never destroyed: objects leave it while the process ends.
  static ForkRegistry& get() {
    static ForkRegistry* const registry = [] {
      auto* made = new ForkRegistry;
      ::pthread_atfork([] { get().prepare(); }, [] { get().resume(false); },
                       [] { get().resume(true); });
      return made;
    }();
    return *registry;
  }

  void prepare() {
    mutex.lock();
    for (ForkAware* object = first; object; object = object->next_) object->lock_for_fork();
  }

  void resume(bool child) {
    for (ForkAware* object = first; object; object = object->next_) {
      if (child) object->after_fork_in_child();
      object->unlock_after_fork();
    }
    mutex.unlock();
  }

  void add(ForkAware* object) {
    std::lock_guard<std::mutex> lock(mutex);
    object->next_ = first;
    object->link_ = &first;
    if (first) first->link_ = &object->next_;
    first = object;
  }

  void remove(ForkAware* object) {
    std::lock_guard<std::mutex> lock(mutex);
    *object->link_ = object->next_;
    if (object->next_) object->next_->link_ = object->link_;
  }
};

void ForkAware::enrol() { ForkRegistry::get().add(this); }
void ForkAware::leave() noexcept { ForkRegistry::get().remove(this); }

}  // namespace vireo
