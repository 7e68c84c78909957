// What is done to a server. Each work prints one line of JSON; see meter.h.
#pragma once

#include <poll.h>

#include <array>
#include <deque>
#include <memory>

#include "client.h"
#include "http.h"
#include "meter.h"

const double PATIENCE = 60;  // seconds for all clients to connect
const unsigned AT_ONCE = 32;   // connections being opened
const unsigned JOINING = ~0u;  // the id of the acknowledgement of the first event

struct Options {
  Target target;
  std::vector<int> pids;
  unsigned clients = 50, depth = 1, requests = 0;
  double warm = 0.5, seconds = 2;
  std::string join;  // data of the event that each client sends first, if any
  std::string enter = "join";  // that event
  std::string event = "echo", data = "{}", heard, path = "/";
};

// `$client` and `$sent` in a work's data stand for the client's number and its count of events,
// `$run` for what no other run has: a message whose id was sent before is not stored again.
class Template {
 public:
  Template(std::string text, unsigned client) {
    replace(text, "$client", std::to_string(client));
    replace(text, "$run", std::to_string(getpid()));
    size_t at = text.find("$sent");
    before_ = text.substr(0, at);
    if (at != std::string::npos) after_ = text.substr(at + 5), counted_ = true;
  }
  std::string_view with(unsigned sent) {
    text_ = before_;
    if (counted_) text_.append(std::to_string(sent)).append(after_);
    return text_;
  }

 private:
  static void replace(std::string& text, std::string_view name, const std::string& value) {
    for (size_t at; (at = text.find(name)) != std::string::npos;)
      text.replace(at, name.size(), value);
  }
  std::string before_, after_, text_;
  bool counted_ = false;
};

inline uint32_t microseconds(Clock::duration time) {
  return static_cast<uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

// Clients that are all connected, and in their rooms, before anything is measured.
struct Crowd : Work {
  explicit Crowd(const Options& options) : options(options) {
    while (ready < options.clients) {
      if (clients.size() < std::min(options.clients, ready + AT_ONCE))
        clients.push_back(
            std::make_unique<Client>(loop, options.target, *this, unsigned(clients.size())));
      else
        loop.run(PATIENCE, [&, before = ready] { return ready != before; });
      if (seconds_since(start) > PATIENCE) give_up("the clients could not all connect");
    }
  }
  void on_ready(Client& client) override {
    if (options.join.empty())
      ++ready;
    else
      client.call(options.enter, Template(options.join, client.number).with(0), JOINING);
  }
  void on_ack(Client& client, unsigned id) override {
    if (id == JOINING)
      ++ready;
    else
      on_answer(client, id);
  }
  virtual void on_answer(Client&, unsigned) {}

  const Options& options;
  Loop loop;
  std::vector<std::unique_ptr<Client>> clients;
  unsigned ready = 0;
  uint64_t done = 0;
  std::vector<uint32_t> latencies;
  Clock::time_point start = Clock::now();

  void measure() {
    loop.run(options.warm);
    uint64_t before = done;
    latencies.clear();
    Meter meter(options.pids);
    loop.run(options.seconds);
    meter.report(done - before, latencies);
  }
};

// `depth` events of each client under way; with each acknowledgement the next.
struct Echo : Crowd {
  explicit Echo(const Options& options) : Crowd(options), sent_at_(options.clients) {
    for (unsigned number = 0; number < options.clients; ++number)
      data_.emplace_back(options.data, number);
    for (auto& client : clients)
      for (unsigned i = 0; i < options.depth; ++i) next(*client);
    measure();
  }
  void on_answer(Client& client, unsigned id) override {
    ++done;
    latencies.push_back(microseconds(Clock::now() - sent_at_[client.number][id % HELD]));
    next(client);
  }
  void next(Client& client) {
    unsigned id = client.sent++;
    sent_at_[client.number][id % HELD] = Clock::now();
    client.call(options.event, data_[client.number].with(id), id);
  }

 private:
  static const unsigned HELD = 64;  // more than any depth
  std::vector<std::array<Clock::time_point, HELD>> sent_at_;
  std::vector<Template> data_;
};

// All in one room; the first speaks, `depth` events that not everybody has heard under way.
struct Broadcast : Crowd {
  explicit Broadcast(const Options& options)
      : Crowd(options), heard_("[\"" + options.heard + "\""), data_(options.data, 0) {
    for (unsigned i = 0; i < options.depth; ++i) speak();
    measure();
  }
  void on_event(Client&, std::string_view event) override {
    if (event.substr(0, heard_.size()) != heard_) return;
    ++done;
    if (++heard_by_ < clients.size()) return;
    heard_by_ = 0;
    latencies.push_back(microseconds(Clock::now() - spoken_at_.front()));
    spoken_at_.pop_front();
    speak();
  }
  void speak() {
    spoken_at_.push_back(Clock::now());
    clients[0]->emit(options.event, data_.with(clients[0]->sent++));
  }

 private:
  std::string heard_;
  Template data_;
  size_t heard_by_ = 0;
  std::deque<Clock::time_point> spoken_at_;
};

// All watch a symbol; ticks are posted, `depth` in a batch, each batch when the one before is accepted.
// A tick's price is its number, and the latency that from its post to its client.
struct Feed : Crowd {
  explicit Feed(const Options& options) : Crowd(options), posted_at_(HELD) {
    Publisher publisher(loop, options.target.port, options.path, options.target.token,
                        [this] { return batch(); });
    measure();
  }
  void on_event(Client&, std::string_view event) override {
    if (event.substr(0, 8) != "[\"ticks\"") return;
    static const std::string_view price = "\"price\":";
    for (size_t at = 0; (at = event.find(price, at)) != std::string_view::npos;) {
      at += price.size();
      ++done;
      auto number = static_cast<size_t>(std::strtod(event.data() + at, nullptr));
      latencies.push_back(microseconds(Clock::now() - posted_at_[number % HELD]));
    }
  }

 private:
  std::string batch() {
    std::string body;
    for (unsigned i = 0; i < options.depth; ++i) {
      posted_at_[posted_ % HELD] = Clock::now();
      body += (i ? ",{" : "{\"ticks\":[{") + ("\"symbol\":\"ACME\",\"price\":" + std::to_string(posted_++)) + "}";
    }
    return body + "]}";
  }
  static const size_t HELD = 1 << 20;  // more than can be on their way
  std::vector<Clock::time_point> posted_at_;
  size_t posted_ = 0;
};

// Connect, be let in, leave; `clients` at a time.
struct Handshakes : Work {
  explicit Handshakes(const Options& options) : options_(options) {
    for (unsigned number = 0; number < options.clients; ++number) {
      clients_.push_back(nullptr);
      started_.push_back({});
      let_in_.push_back(number);
    }
    run(options.warm);
    latencies_.clear();
    uint64_t before = done_;
    Meter meter(options.pids);
    run(options.seconds);
    meter.report(done_ - before, latencies_);
  }
  void on_ready(Client& client) override {
    ++done_;
    latencies_.push_back(microseconds(Clock::now() - started_[client.number]));
    client.close();
    let_in_.push_back(client.number);
  }

 private:
  void run(double seconds) {
    loop_.run(seconds, [&] {
      for (unsigned number : let_in_) {
        started_[number] = Clock::now();
        clients_[number] = std::make_unique<Client>(loop_, options_.target, *this, number);
      }
      let_in_.clear();
      return false;
    });
  }
  const Options& options_;
  Loop loop_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Clock::time_point> started_;
  std::vector<unsigned> let_in_;
  std::vector<uint32_t> latencies_;
  uint64_t done_ = 0;
};

// Connected, and silent but for pings, until standard input ends. Others measure.
struct Idle : Crowd {
  explicit Idle(const Options& options) : Crowd(options) {
    std::printf("{\"work\": %u}\n", ready);
    std::fflush(stdout);
    loop.run(1e9, [] {
      pollfd input{0, POLLIN, 0};
      return poll(&input, 1, 0) > 0;
    });
  }
};

inline void http(const Options& options) {
  Loop loop;
  uint64_t done = 0;
  std::vector<std::unique_ptr<HttpClient>> clients;
  auto begin = [&] {
    for (unsigned i = 0; i < options.clients; ++i)
      clients.push_back(std::make_unique<HttpClient>(loop, options.target.port, options.path,
                                                     options.requests, done));
  };
  if (options.requests) {
    Meter meter(options.pids);
    begin();
    loop.run(PATIENCE, [&] { return done == uint64_t{options.clients} * options.requests; });
    return meter.report(done);
  }
  begin();
  loop.run(options.warm);
  uint64_t before = done;
  Meter meter(options.pids);
  loop.run(options.seconds);
  meter.report(done - before);
}
