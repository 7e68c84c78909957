// A Socket.IO client in one namespace, or a bare WebSocket that speaks as if it were one.
#pragma once

#include "websocket.h"

struct Target {
  int port = 0;
  std::string name_space = "/";
  std::string token;
  bool raw = false;  // a server that echoes every message, and knows nothing of Socket.IO

  std::string packet(const char* type) const {
    return name_space == "/" ? std::string(type) : type + name_space + ",";
  }
};

class Client;

// What happens to the clients of a work.
struct Work {
  virtual ~Work() = default;
  virtual void on_ready(Client&) {}
  virtual void on_ack(Client&, unsigned /* id */) {}
  virtual void on_event(Client&, std::string_view /* from the name on */) {}
  virtual void on_lost(Client&, const std::string& why) { give_up("connection lost: " + why); }
};

class Client : public WebSocket {
 public:
  Client(Loop& loop, const Target& target, Work& work, unsigned number)
      : WebSocket(loop, target.port, target.raw ? "/" : "/socket.io/?EIO=4&transport=websocket"),
        number(number), target_(target), work_(work), event_(target.packet("42")),
        ack_(target.packet("43")), connect_(target.packet("40")) {}

  // Emit an event that asks for an acknowledgement; `data` is JSON.
  void call(std::string_view event, std::string_view data, unsigned id) {
    text_.assign(event_).append(std::to_string(id)).append("[\"").append(event).append("\",");
    send_text(text_.append(data).append("]"));
  }
  void emit(std::string_view event, std::string_view data) {
    text_.assign(event_).append("[\"").append(event).append("\",").append(data).append("]");
    send_text(text_);
  }

  const unsigned number;
  bool ready = false;
  unsigned sent = 0;

 protected:
  void upgraded() override {
    if (target_.raw) become_ready();
  }

  void on_message(int, std::string_view text) override {
    // A bare server sends the event back: its id stands where an acknowledgement has it.
    if (text.substr(0, ack_.size()) == ack_ || (target_.raw && text.substr(0, 2) == "42")) {
      unsigned id = 0;
      for (char c : text.substr(ack_.size())) {
        if (c < '0' || c > '9') break;
        id = id * 10 + static_cast<unsigned>(c - '0');
      }
      work_.on_ack(*this, id);
    } else if (text.substr(0, event_.size()) == event_) {
      work_.on_event(*this, text.substr(event_.size()));
    } else if (text == "2") {
      send_text("3");
    } else if (!ready && text.substr(0, 1) == "0") {
      send_text(connect_ + "{\"token\":\"" + target_.token + "\"}");
    } else if (!ready && text.substr(0, connect_.size()) == connect_) {
      become_ready();
    } else if (text.substr(0, 2) == "44") {
      give_up("refused: " + std::string(text));
    }
  }

  void lost(const std::string& why) override { work_.on_lost(*this, why); }

 private:
  void become_ready() {
    ready = true;
    work_.on_ready(*this);
  }

  const Target& target_;
  Work& work_;
  const std::string event_, ack_, connect_;
  std::string text_;
};
