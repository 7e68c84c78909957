// A load generator for Socket.IO, bare WebSockets and HTTP: several times faster than what it drives.
//
//     load echo --port 8000 --pids 4711,4712 --clients 50 --depth 16
//
// Run it on a core of its own. Its line of JSON counts the work and the CPU seconds of the server's
// processes; `load_cpu` near `seconds` says that it was itself the bottleneck.
#include "works.h"

int main(int count, char** words) {
  if (count < 2) give_up("what to do: echo, broadcast, feed, handshakes, idle or http");
  Options options;
  Target& target = options.target;
  for (int i = 2; i < count; i += 2) {
    std::string name = words[i];
    if (i + 1 == count) give_up("a value is missing: " + name);
    std::string value = words[i + 1];
    auto whole = [&] { return static_cast<unsigned>(std::stoul(value)); };
    if (name == "--port") target.port = std::stoi(value);
    else if (name == "--namespace") target.name_space = value;
    else if (name == "--token") target.token = value;
    else if (name == "--raw") target.raw = value == "1";
    else if (name == "--clients") options.clients = whole();
    else if (name == "--depth") options.depth = whole();
    else if (name == "--requests") options.requests = whole();
    else if (name == "--warm") options.warm = std::stod(value);
    else if (name == "--seconds") options.seconds = std::stod(value);
    else if (name == "--join") options.join = value;
    else if (name == "--enter") options.enter = value;
    else if (name == "--event") options.event = value;
    else if (name == "--data") options.data = value;
    else if (name == "--heard") options.heard = value;
    else if (name == "--path") options.path = value;
    else if (name == "--pids") {
      for (size_t at = 0; at < value.size(); at = value.find(',', at) + 1) {
        options.pids.push_back(std::stoi(value.substr(at)));
        if (value.find(',', at) == std::string::npos) break;
      }
    } else give_up("unknown option " + name);
  }
  std::string work = words[1];
  if (work == "echo") Echo run(options);
  else if (work == "broadcast") Broadcast run(options);
  else if (work == "feed") Feed run(options);
  else if (work == "handshakes") Handshakes run(options);
  else if (work == "idle") Idle run(options);
  else if (work == "http") http(options);
  else give_up("unknown work " + work);
}
