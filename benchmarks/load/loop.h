// Connections to the server, driven by epoll in one thread.
#pragma once

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

[[noreturn]] inline void give_up(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

class Loop;

// A TCP connection. What it sends is written once the event at hand has been dealt with.
class Connection {
 public:
  Connection(Loop& loop, int port);
  virtual ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool open() const { return fd_ >= 0; }
  void send(std::string_view bytes) {
    mark();
    out_.append(bytes);
  }
  void close();
  void on_events(uint32_t events);
  void flush();

 protected:
  virtual void connected() = 0;
  // Takes bytes from the front of `bytes`, and says how many; the rest comes again with more.
  virtual size_t received(std::string_view bytes) = 0;
  virtual void lost(const std::string& why) = 0;

  // For what writes frames itself; call mark() first.
  std::string out_;
  void mark();

 private:
  void read();
  void watch(bool writable);

  Loop& loop_;
  int fd_;
  bool connecting_ = true;
  bool watching_writable_ = true;
  bool marked_ = false;
  std::string in_;
};

class Loop {
 public:
  Loop() : epoll_(epoll_create1(0)), buffer_(1 << 18) {}

  // Deals with what happens for `seconds`, or until `done` says so.
  template <typename Done>
  void run(double seconds, Done done) {
    auto start = Clock::now();
    while (!done() && seconds_since(start) < seconds) turn();
  }
  void run(double seconds) {
    run(seconds, [] { return false; });
  }

  int epoll_;
  std::vector<char> buffer_;
  std::vector<Connection*> marked_;

 private:
  void turn() {
    epoll_event events[512];
    int count = epoll_wait(epoll_, events, 512, 20);
    for (int i = 0; i < count; ++i) {
      static_cast<Connection*>(events[i].data.ptr)->on_events(events[i].events);
      flush();
    }
    flush();
  }
  void flush() {
    while (!marked_.empty()) {
      Connection* connection = marked_.back();
      marked_.pop_back();
      connection->flush();
    }
  }
};

inline Connection::Connection(Loop& loop, int port) : loop_(loop) {
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) give_up("socket: too many open files? (ulimit -n)");
  int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // Thousands of connections a second would leave no port in a minute of TIME_WAIT.
  linger reset{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 &&
      errno != EINPROGRESS)
    give_up("connect: " + std::string(strerror(errno)));
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT;
  event.data.ptr = this;
  epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, fd_, &event);
}

inline void Connection::mark() {
  if (!marked_) loop_.marked_.push_back(this);
  marked_ = true;
}

inline void Connection::close() {
  if (fd_ < 0) return;
  ::close(fd_);
  fd_ = -1;
}

inline void Connection::watch(bool writable) {
  if (writable == watching_writable_ || fd_ < 0) return;
  watching_writable_ = writable;
  epoll_event event{};
  event.events = EPOLLIN | (writable ? uint32_t{EPOLLOUT} : 0u);
  event.data.ptr = this;
  epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

inline void Connection::flush() {
  marked_ = false;
  if (fd_ < 0 || connecting_) return;
  while (!out_.empty()) {
    ssize_t written = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (written < 0) {
      if (errno == EAGAIN) return watch(true);
      close();
      return lost(strerror(errno));
    }
    out_.erase(0, static_cast<size_t>(written));
  }
  watch(false);
}

inline void Connection::on_events(uint32_t events) {
  if (fd_ < 0) return;
  if (connecting_) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
      close();
      return lost(strerror(error));
    }
    if (!(events & EPOLLOUT)) return;
    connecting_ = false;
    connected();
  }
  mark();
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read();
}

inline void Connection::read() {
  ssize_t size = recv(fd_, loop_.buffer_.data(), loop_.buffer_.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    close();
    return lost(size ? strerror(errno) : "closed by the server");
  }
  std::string_view bytes(loop_.buffer_.data(), static_cast<size_t>(size));
  if (in_.empty()) {
    size_t taken = received(bytes);
    if (open()) in_.assign(bytes.substr(taken));
  } else {
    in_.append(bytes);
    size_t taken = received(in_);
    in_.erase(0, taken);
  }
}
