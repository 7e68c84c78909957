// HTTP/1.1 clients that ask again as soon as they have their answer.
#pragma once

#include <functional>

#include "loop.h"

// The size of the answer that `bytes` begin with; 0 if it is not all there. Gives up on failures.
inline size_t answer_size(std::string_view bytes) {
  size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  if (bytes.substr(0, 10) != "HTTP/1.1 2") give_up("refused: " + std::string(bytes.substr(0, 500)));
  std::string head(bytes.substr(0, end));
  for (char& c : head) c = static_cast<char>(tolower(c));
  size_t at = head.find("\r\ncontent-length:");
  if (at == std::string::npos) give_up("an answer without Content-Length:\n" + head);
  size_t size = end + 4 + std::strtoul(head.c_str() + at + 17, nullptr, 10);
  return bytes.size() < size ? 0 : size;
}

class HttpClient : public Connection {
 public:
  // `requests`: how many; 0: until it is closed. `done` counts answers, over all clients.
  HttpClient(Loop& loop, int port, const std::string& path, unsigned requests, uint64_t& done)
      : Connection(loop, port), requests_(requests), done_(done),
        request_("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) +
                 "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n\r\n") {}

  bool finished() const { return requests_ && answered_ == requests_; }

 protected:
  void connected() override { send(request_); }

  size_t received(std::string_view bytes) override {
    size_t taken = 0;
    while (size_t size = answer_size(bytes.substr(taken))) {
      taken += size;
      ++answered_;
      ++done_;
      if (!finished()) send(request_);
    }
    return taken;
  }

  void lost(const std::string& why) override {
    if (!finished()) give_up("connection lost: " + why);
  }

 private:
  unsigned requests_;
  uint64_t& done_;
  unsigned answered_ = 0;
  std::string request_;
};

// Posts JSON, one body after the other; `next` makes them.
class Publisher : public Connection {
 public:
  using Next = std::function<std::string()>;
  Publisher(Loop& loop, int port, const std::string& path, const std::string& token, Next next)
      : Connection(loop, port), next_(std::move(next)),
        head_("POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer " + token +
              "\r\nContent-Type: application/json\r\nContent-Length: ") {}

 protected:
  void connected() override { post(); }
  size_t received(std::string_view bytes) override {
    size_t size = answer_size(bytes);
    if (size) post();
    return size;
  }
  void lost(const std::string& why) override { give_up("publisher lost: " + why); }

 private:
  void post() {
    std::string body = next_();
    send(head_ + std::to_string(body.size()) + "\r\n\r\n" + body);
  }
  Next next_;
  std::string head_;
};
