// Teams, streams and the asynchronous queue: every part runs once, nobody waits for ever, and a
// fork leaves all whole.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "base/threads/async_queue.h"
#include "base/threads/machine.h"
#include "base/threads/streams.h"
#include "base/threads/team.h"
#include "base/threads/wait.h"

namespace vireo {
namespace {

int64_t sum_of_parts(Team& team, int tasks) {
  std::atomic<int64_t> sum{0};
  team.run(tasks, [&](int begin, int end, int) {
    int64_t part = 0;
    for (int i = begin; i < end; ++i) part += i;
    sum.fetch_add(part, std::memory_order_relaxed);
  });
  return sum.load();
}

TEST(Team, EveryPartRunsOnce) {
  for (int threads : {1, 2, 3, 8, 20, 100}) {
    Team team(threads);
    ASSERT_EQ(team.threads(), threads);
    std::vector<int> runs(size_t(threads), 0);
    std::vector<std::thread::id> ids(static_cast<size_t>(threads));
    struct Context {
      std::vector<int>* runs;
      std::vector<std::thread::id>* ids;
    } context{&runs, &ids};
    for (int round = 0; round < 50; ++round)
      team.run(
          [](void* c, int thread, int) {
            const Context& context = *static_cast<Context*>(c);
            ++(*context.runs)[size_t(thread)];
            (*context.ids)[size_t(thread)] = std::this_thread::get_id();
          },
          &context);
    for (int count : runs) ASSERT_EQ(count, 50);
    EXPECT_EQ(ids[0], std::this_thread::get_id());
  }
}

TEST(Team, PartitionIsContiguousEqualAndAlwaysTheSame) {
  Team team(3);
  for (int tasks : {0, 1, 2, 3, 4, 10, 1000}) {
    std::vector<int> owner(size_t(tasks), -1), again(size_t(tasks), -1);
    for (auto* owners : {&owner, &again})
      team.run(tasks, [&](int begin, int end, int thread) {
        EXPECT_LT(begin, end);
        EXPECT_LE(end - begin, tasks / 3 + 1);
        for (int i = begin; i < end; ++i) (*owners)[size_t(i)] = thread;
      });
    EXPECT_EQ(owner, again);
    for (int i = 0; i < tasks; ++i) ASSERT_GE(owner[size_t(i)], 0);
    EXPECT_TRUE(std::is_sorted(owner.begin(), owner.end()));
  }
}

TEST(Team, Stress) {
  for (int threads : {2, 3, 5}) {
    Team team(threads);
    for (int i = 0; i < 3000; ++i) {
      ASSERT_EQ(sum_of_parts(team, 100), 4950);
      // Now and then longer than the spin, so that workers sleep and are woken.
      if (i % 500 == 0) std::this_thread::sleep_for(std::chrono::microseconds(i % 1000 ? 90 : 400));
    }
  }
}

TEST(Team, ARunInsideARunIsSerial) {
  Team team(3);
  std::atomic<int> inner{0};
  team.run(3, [&](int, int, int) {
    team.run(6, [&](int begin, int end, int) { inner.fetch_add(end - begin); });
  });
  EXPECT_EQ(inner.load(), 18);
}

TEST(Team, ActiveTeamsHaveDifferentWorkers) {
  // Each part of both teams waits until all eight have arrived: with a shared worker nobody would.
  std::atomic<int> arrived{0};
  const auto meet = [&] {
    Team team(4);
    team.run(4, [&](int, int, int) {
      arrived.fetch_add(1);
      while (arrived.load() < 8) std::this_thread::yield();
    });
  };
  std::thread other(meet);
  meet();
  other.join();
  EXPECT_EQ(arrived.load(), 8);
}

TEST(Team, IdleTeamsGiveTheirWorkersUp) {
  {
    Team warm(3);
    sum_of_parts(warm, 10);
  }
  const int before = Pool::get().worker_count();
  std::vector<std::unique_ptr<Team>> teams;
  for (int i = 0; i < 20; ++i) teams.push_back(std::make_unique<Team>(3));
  for (int round = 0; round < 3; ++round)
    for (auto& team : teams) ASSERT_EQ(sum_of_parts(*team, 100), 4950);
  EXPECT_EQ(Pool::get().worker_count(), before);
}

TEST(Team, ManyCallersManyTeamsFewCores) {
  std::vector<std::thread> callers;
  std::atomic<int> wrong{0};
  for (int c = 0; c < 6; ++c)
    callers.emplace_back([&, c] {
      for (int i = 0; i < 20; ++i) {
        Team team(2 + (c + i) % 5);
        for (int k = 0; k < 10; ++k) wrong += sum_of_parts(team, 64) != 2016;
      }
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(Team, PoolStopsAndStartsAgain) {
  Team team(3);
  ASSERT_EQ(sum_of_parts(team, 100), 4950);
  Pool::get().stop();
  EXPECT_EQ(Pool::get().worker_count(), 0);
  ASSERT_EQ(sum_of_parts(team, 100), 4950);
  EXPECT_GE(Pool::get().worker_count(), 2);
}

TEST(Streams, OneCallerPerStream) {
  Streams streams(3, 2);
  std::vector<std::atomic<int>> users(3);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const Streams::Lease lease = streams.acquire();
        wrong += users[size_t(lease.index())].fetch_add(1) != 0;
        wrong += sum_of_parts(lease.team(), 10) != 45;
        users[size_t(lease.index())].fetch_sub(1);
      }
    });
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(wrong.load(), 0);
}

TEST(Streams, WaitersAreServedInOrder) {
  Streams streams(1, 1);
  std::mutex mutex;
  std::vector<int> order;
  std::vector<std::thread> callers;
  {
    const Streams::Lease lease = streams.acquire();
    for (int c = 0; c < 5; ++c) {
      callers.emplace_back([&, c] {
        const Streams::Lease mine = streams.acquire();
        std::lock_guard<std::mutex> lock(mutex);
        order.push_back(c);
      });
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(AsyncQueue, RunsInOrderAndDrains) {
  std::vector<int> order;
  {
    AsyncQueue queue(1);
    for (int i = 0; i < 100; ++i) queue.push([&order, i] { order.push_back(i); });
    queue.push([] { throw 1; });
    queue.push([&queue, &order] { queue.push([&order] { order.push_back(100); }); });
    queue.wait();
    EXPECT_EQ(order.size(), 101u);
    queue.push([&order] { order.push_back(101); });
  }
  ASSERT_EQ(order.size(), 102u);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(AsyncQueue, SeveralThreadsRunSideBySide) {
  AsyncQueue queue(3);
  std::atomic<int> arrived{0};
  for (int i = 0; i < 3; ++i)
    queue.push([&] {
      arrived.fetch_add(1);
      while (arrived.load() < 3) std::this_thread::yield();
    });
  queue.wait();
  EXPECT_EQ(arrived.load(), 3);
}

TEST(AsyncQueue, AJobMayDestroyItsQueue) {
  auto queue = std::make_shared<AsyncQueue>(2);
  AsyncQueue* const raw = queue.get();
  std::atomic<bool> handed_over{false}, done{false};
  raw->push([&, owner = std::move(queue)]() mutable {
    while (!handed_over) std::this_thread::yield();
    owner.reset();
    done = true;
  });
  handed_over = true;
  while (!done) std::this_thread::yield();
}

TEST(AsyncQueue, AJobThatStepsAsideMayWaitForOthers) {
  AsyncQueue queue(1);
  std::atomic<int> done{0}, most{0}, at_once{0};
  const auto count = [&] {
    most = std::max(most.load(), ++at_once);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    --at_once;
    ++done;
  };
  queue.push([&] {
    queue.step_aside();
    for (int i = 0; i < 5; ++i) queue.push(count);
    while (done < 5) std::this_thread::yield();
  });
  for (int i = 0; i < 5; ++i) queue.push(count);
  queue.wait();
  EXPECT_EQ(done.load(), 10);
  EXPECT_EQ(most.load(), 1) << "the limit is one job besides the one that stepped aside";
}

TEST(AsyncQueue, JobsPushedWhileItEndsAreRun) {
  std::atomic<int> ran{0};
  for (int i = 0; i < 50; ++i) {
    AsyncQueue queue(2);
    queue.push([&] {
      for (int k = 0; k < 3; ++k) queue.push([&] { ++ran; });
    });
  }
  EXPECT_EQ(ran.load(), 150);
}

// The sizes of the masks of the workers that ran parts, the caller's left out.
std::vector<int> worker_masks(Team& team) {
  std::vector<int> sizes;
  std::mutex mutex;
  const std::thread::id caller = std::this_thread::get_id();
  for (int round = 0; round < 1000 && sizes.empty(); ++round) {
    team.run(2, [&](int, int, int) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      if (std::this_thread::get_id() == caller) return;  // it may take a late worker's part
      cpu_set_t mask;
      ::sched_getaffinity(0, sizeof mask, &mask);
      std::lock_guard<std::mutex> lock(mutex);
      sizes.push_back(CPU_COUNT(&mask));
    });
  }
  return sizes;
}

TEST(Streams, PinningEndsWithTheStreams) {
  const std::vector<int> free{int(allowed_cpus().size())}, one{1};
  Streams unpinned(1, 2);
  for (int round = 0; round < 2; ++round) {
    {
      Streams pinned(1, 2, true);
      EXPECT_EQ(worker_masks(pinned.acquire().team()), one);
      // The same workers, lent to others while the pinned streams rest.
      EXPECT_EQ(worker_masks(unpinned.acquire().team()), free);
      EXPECT_EQ(worker_masks(pinned.acquire().team()), one);
    }
    EXPECT_EQ(worker_masks(unpinned.acquire().team()), free);
  }
}

#if !defined(__SANITIZE_THREAD__)

// Runs f in a child and says how it ended; a child that hangs is ended by its alarm.
template <typename F>
int in_child(F&& f) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);
    f();
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

TEST(Fork, TheChildStartsAPoolOfItsOwn) {
  Team team(3);
  Streams streams(2, 2);
  ASSERT_EQ(sum_of_parts(team, 100), 4950);
  const Streams::Lease held = streams.acquire();
  EXPECT_EQ(in_child([&] {
              bool good = sum_of_parts(team, 100) == 4950 && sum_of_parts(team, 100) == 4950;
              const Streams::Lease first = streams.acquire(), second = streams.acquire();
              good = good && sum_of_parts(first.team(), 10) == 45 &&
                     sum_of_parts(second.team(), 10) == 45;
              good =
                  good && in_child([&] { ::_exit(sum_of_parts(team, 100) == 4950 ? 7 : 1); }) == 7;
              std::exit(good ? 7 : 1);
            }),
            7);
  ASSERT_EQ(sum_of_parts(team, 100), 4950);
}

TEST(Fork, WhileOthersInferAndQueue) {
  Streams streams(2, 2);
  AsyncQueue queue(2);
  std::atomic<bool> stop{false};
  std::vector<std::thread> callers;
  for (int c = 0; c < 3; ++c)
    callers.emplace_back([&] {
      while (!stop) {
        const Streams::Lease lease = streams.acquire();
        sum_of_parts(lease.team(), 50);
        queue.push([] {});
      }
    });
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(in_child([&] {
                std::atomic<int> ran{0};
                queue.push([&] { ++ran; });
                queue.wait();
                const Streams::Lease lease = streams.acquire();
                ::_exit(sum_of_parts(lease.team(), 100) == 4950 && ran == 1 ? 7 : 1);
              }),
              7);
  stop = true;
  for (auto& caller : callers) caller.join();
}

TEST(Exit, EndsWithThreadsWaitingAndRunning) {
  EXPECT_EQ(in_child([] {
              std::atexit([] {
                Team late(3);
                sum_of_parts(late, 10);
              });
              static Team team(3);
              sum_of_parts(team, 10);
              std::thread([] {
                Team other(2);
                while (true) sum_of_parts(other, 10);
              }).detach();
              std::exit(7);
            }),
            7);
}

#endif

TEST(Machine, ReadsControlGroups) {
  namespace fs = std::filesystem;
  std::string root = (fs::temp_directory_path() / "vireo_cgroup_XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const auto put = [&](const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root + path).parent_path());
    std::ofstream(root + path) << text;
  };
  EXPECT_EQ(cgroup_cpu_limit(root), 0);
  put("/proc/self/cgroup", "0::/a/b\n");
  put("/sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root), 0);
  put("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root), 1.5);
  put("/proc/self/cgroup", "4:cpu,cpuacct:/docker/x\n3:memory:/docker/x\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
  put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpu_limit(root), 3);
  put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cpu_limit(root), 0);
  fs::remove_all(root);
  EXPECT_GE(available_cores(), 1);
}

double run_us(Team& team, int rounds) {
  double best = 1e9;
  for (int repeat = 0; repeat < 10; ++repeat) {
    const int64_t start = now_ns();
    for (int i = 0; i < rounds; ++i) team.run([](void*, int, int) {}, nullptr);
    best = std::min(best, double(now_ns() - start) / rounds * 1e-3);
  }
  return best;
}

TEST(Cost, ForkJoin) {
  Team one(1), two(2);
  run_us(two, 1000);
  std::printf("  fork-join: 1 thread %.4f us, 2 threads %.3f us\n", run_us(one, 10000),
              run_us(two, 2000));
  Streams streams(2, 1);
  const int64_t start = now_ns();
  for (int i = 0; i < 100000; ++i) streams.acquire();
  std::printf("  acquire and release of a stream: %.4f us\n", double(now_ns() - start) * 1e-8);
  Team other(2);
  const int64_t begin = now_ns();
  for (int i = 0; i < 1000; ++i) {
    two.run(2, [](int, int, int) {});
    other.run(2, [](int, int, int) {});
  }
  std::printf("  fork-join of teams that take turns: %.3f us\n",
              double(now_ns() - begin) / 2000 * 1e-3);
}

}  // namespace
}  // namespace vireo
