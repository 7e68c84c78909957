// The client's side of WebSocket (RFC 6455), as far as a benchmark's servers use it.
#pragma once

#include "loop.h"

enum Opcode { TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

inline void append_masked(std::string& out, int opcode, std::string_view payload) {
  static uint32_t key = 0x9e3779b9;
  key = key * 1664525u + 1013904223u;
  size_t size = payload.size();
  out.push_back(static_cast<char>(0x80 | opcode));
  if (size < 126) {
    out.push_back(static_cast<char>(0x80 | size));
  } else if (size < 65536) {
    out.push_back(static_cast<char>(0x80 | 126));
    out.push_back(static_cast<char>(size >> 8));
    out.push_back(static_cast<char>(size));
  } else {
    give_up("a message of a benchmark is shorter than 64 KB");
  }
  char mask[4];
  memcpy(mask, &key, 4);
  out.append(mask, 4);
  size_t start = out.size();
  out.append(payload);
  for (size_t i = 0; i < size; ++i) out[start + i] ^= mask[i & 3];
}

struct Frame {
  int opcode = 0;
  std::string_view payload;
  size_t size = 0;  // with its header; 0: not all of it has come
};

inline Frame cut_frame(std::string_view bytes) {
  if (bytes.size() < 2) return {};
  auto byte = [&](size_t i) { return static_cast<unsigned char>(bytes[i]); };
  size_t length = byte(1) & 127, header = 2;
  if (length == 126) {
    if (bytes.size() < 4) return {};
    length = static_cast<size_t>(byte(2)) << 8 | byte(3);
    header = 4;
  } else if (length == 127) {
    if (bytes.size() < 10) return {};
    length = 0;
    for (size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
    header = 10;
  }
  if (byte(0) & 0x70) give_up("the server compresses, which was not asked for");
  if (!(byte(0) & 0x80)) give_up("the server sends fragments, which this client does not join");
  if (bytes.size() < header + length) return {};
  return {byte(0) & 15, bytes.substr(header, length), header + length};
}

class WebSocket : public Connection {
 public:
  WebSocket(Loop& loop, int port, const std::string& path)
      : Connection(loop, port), authority_("127.0.0.1:" + std::to_string(port)), path_(path) {}

  void send_text(std::string_view payload) {
    mark();
    append_masked(out_, TEXT, payload);
  }

 protected:
  virtual void upgraded() = 0;
  virtual void on_message(int opcode, std::string_view payload) = 0;

  // What a browser sends, so that no server gets away with less.
  void connected() override {
    send("GET " + path_ + " HTTP/1.1\r\nHost: " + authority_ +
         "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://" + authority_ +
         "\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 "
         "Safari/537.36\r\nAccept-Encoding: gzip, deflate\r\nAccept-Language: en-US,en;q=0.9\r\n"
         "\r\n");
  }

  size_t received(std::string_view bytes) override {
    size_t taken = 0;
    if (!upgraded_) {
      size_t end = bytes.find("\r\n\r\n");
      if (end == std::string_view::npos) return 0;
      if (bytes.substr(0, 12) != "HTTP/1.1 101") {
        close();
        lost("no upgrade: " + std::string(bytes.substr(0, 300)));
        return 0;
      }
      taken = end + 4;
      upgraded_ = true;
      upgraded();
    }
    while (open()) {
      Frame frame = cut_frame(bytes.substr(taken));
      if (!frame.size) break;
      taken += frame.size;
      if (frame.opcode == PING) {
        mark();
        append_masked(out_, PONG, frame.payload);
      } else if (frame.opcode == CLOSE) {
        close();
        lost("closed by the server");
      } else if (frame.opcode != PONG) {
        on_message(frame.opcode, frame.payload);
      }
    }
    return taken;
  }

 private:
  std::string authority_, path_;
  bool upgraded_ = false;
};
