// AsyncQueue: a deque, a condition and threads that share their state with the queue's owner.
#include "base/threads/async_queue.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include "base/support/error.h"
#include "base/support/log.h"
#include "base/threads/fork.h"

namespace vireo {

class AsyncQueue::State final : private ForkAware {
 public:
  explicit State(int threads) : limit_(size_t(std::max(threads, 1))) { enrol(); }
  ~State() { leave(); }

  void push(const std::shared_ptr<State>& self, Job job);
  void step_aside(const std::shared_ptr<State>& self);
  void wait();
  void finish();

 private:
  void lock_for_fork() noexcept override { mutex_.lock(); }
  void unlock_after_fork() noexcept override { mutex_.unlock(); }
  void after_fork_in_child() noexcept override;
  void work();
  bool may_start() const { return !jobs_.empty() && running_ - aside_ < limit_; }
  void add_thread_if_needed(const std::shared_ptr<State>& self);

  const size_t limit_;  // of jobs that run and have not stepped aside
  std::mutex mutex_;
  std::condition_variable pushed_, drained_;
  std::deque<Job> jobs_;
  std::vector<std::thread> threads_;
  size_t waiting_ = 0;  // threads without a job
  size_t running_ = 0;
  size_t aside_ = 0;  // of those that run
  bool finishing_ = false;
};

namespace {

thread_local bool stepped_aside = false;  // the job that this thread runs

void run_job(const AsyncQueue::Job& job) noexcept {
  try {
    job();
  } catch (const std::exception& error) {
    log_warning("async", "a job ended with an exception: {}", error.what());
  } catch (...) {
    log_warning("async", "a job ended with an exception of unknown type");
  }
}

}  // namespace

void AsyncQueue::State::push(const std::shared_ptr<State>& self, Job job) {
  std::lock_guard<std::mutex> lock(mutex_);
  jobs_.push_back(std::move(job));
  try {
    add_thread_if_needed(self);
  } catch (const std::system_error&) {
    if (threads_.size() == aside_) {  // nobody would ever come for it
      jobs_.pop_back();
      fail(ErrorCode::OutOfMemory, "the system refused a thread for asynchronous work");
    }
  }
  pushed_.notify_one();
}

// Threads that stepped aside are beyond the limit; what they leave behind waits for the next time.
void AsyncQueue::State::add_thread_if_needed(const std::shared_ptr<State>& self) {
  if (jobs_.size() > waiting_ && threads_.size() < limit_ + aside_)
    threads_.emplace_back([self] { self->work(); });
}

void AsyncQueue::State::step_aside(const std::shared_ptr<State>& self) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (stepped_aside) return;
  stepped_aside = true;
  ++aside_;
  try {
    add_thread_if_needed(self);
  } catch (const std::system_error&) {
    log_warning("async", "the system refused a thread: jobs wait for the one that stepped aside");
  }
  pushed_.notify_one();
}

void AsyncQueue::State::work() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    ++waiting_;
    pushed_.wait(lock, [&] { return may_start() || (finishing_ && jobs_.empty()); });
    --waiting_;
    if (jobs_.empty()) return;
    ++running_;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    stepped_aside = false;
    run_job(job);
    job = nullptr;  // what it holds may be large, or the last handle of this queue's owner
    lock.lock();
    --running_;
    if (stepped_aside) --aside_;
    if (may_start()) pushed_.notify_one();  // a push may have found nothing but full hands
    if (finishing_ && jobs_.empty()) pushed_.notify_all();
    if (jobs_.empty() && running_ == 0) drained_.notify_all();
  }
}

void AsyncQueue::State::wait() {
  std::unique_lock<std::mutex> lock(mutex_);
  drained_.wait(lock, [&] { return jobs_.empty() && running_ == 0; });
}

void AsyncQueue::State::finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  finishing_ = true;
  pushed_.notify_all();
  while (!threads_.empty()) {  // jobs that push bring new threads
    std::thread thread = std::move(threads_.back());
    threads_.pop_back();
    lock.unlock();
    // A job that destroys its own queue cannot wait for itself; the state lives until its thread is
    // through.
    if (thread.get_id() == std::this_thread::get_id())
      thread.detach();
    else
      thread.join();
    lock.lock();
  }
}

void AsyncQueue::State::after_fork_in_child() noexcept {
  // The threads are not in this process, and what they and the jobs held must not be destroyed
  // here: left where it is.
  new (&threads_) std::vector<std::thread>;
  new (&jobs_) std::deque<Job>;
  new (&pushed_) std::condition_variable;
  new (&drained_) std::condition_variable;
  waiting_ = running_ = aside_ = 0;
}

AsyncQueue::AsyncQueue(int threads) : state_(std::make_shared<State>(threads)) {}
AsyncQueue::~AsyncQueue() { state_->finish(); }
void AsyncQueue::push(Job job) { state_->push(state_, std::move(job)); }
void AsyncQueue::step_aside() { state_->step_aside(state_); }
void AsyncQueue::wait() { state_->wait(); }

}  // namespace vireo
