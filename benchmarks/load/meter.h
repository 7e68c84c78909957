// What the server's processes and this one spend, and how long answers take.
#pragma once

#include <sys/resource.h>

#include <algorithm>

#include "loop.h"

class Meter {
 public:
  explicit Meter(const std::vector<int>& pids)
      : pids_(pids), server_(server_cpu()), own_(own_cpu()), start_(Clock::now()) {}

  // One line of JSON: `work` done since this meter was made. Times in seconds, latencies in µs.
  void report(uint64_t work, std::vector<uint32_t> latencies = {}) const {
    double seconds = seconds_since(start_);
    std::printf("{\"work\": %llu, \"seconds\": %.4f, \"server_cpu\": %.3f, \"load_cpu\": %.3f",
                static_cast<unsigned long long>(work), seconds, server_cpu() - server_,
                own_cpu() - own_);
    if (!latencies.empty()) {
      std::sort(latencies.begin(), latencies.end());
      auto at = [&](double part) {
        return latencies[static_cast<size_t>(part * static_cast<double>(latencies.size() - 1))];
      };
      std::printf(", \"p50_us\": %u, \"p99_us\": %u", at(0.5), at(0.99));
    }
    std::printf("}\n");
  }

 private:
  double server_cpu() const {
    double ticks = 0;
    for (int pid : pids_) ticks += cpu_ticks(pid);
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  // Fields 14 and 15 of /proc/<pid>/stat: user and system time of all its threads.
  static double cpu_ticks(int pid) {
    std::string path = "/proc/" + std::to_string(pid) + "/stat";
    FILE* file = std::fopen(path.c_str(), "r");
    if (!file) give_up("a process of the server is gone: " + std::to_string(pid));
    char text[1024];
    size_t size = std::fread(text, 1, sizeof text - 1, file);
    std::fclose(file);
    text[size] = 0;
    const char* after_name = strrchr(text, ')');
    unsigned long user = 0, system = 0;
    if (after_name)
      std::sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                  &system);
    return static_cast<double>(user + system);
  }

  static double own_cpu() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](timeval t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  std::vector<int> pids_;
  double server_, own_;
  Clock::time_point start_;
};
