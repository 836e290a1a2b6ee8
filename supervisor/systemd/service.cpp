#include "supervisor/systemd/service.hpp"

#include <algorithm>
#include <utility>

#include "loop/base/escape.hpp"

#include "supervisor/sockets/listening_name.hpp"

namespace girin {

void Service::update(const ServiceFacts& facts, TimePoint now) {
    if (!is_there() || silent_) return;
    line_.flush();
    for (std::string& message : report_.update(facts, now)) line_.send(std::move(message));
    retry_.reset();
    if (line_.has_waiting()) retry_ = now + kRetry;
}

std::optional<TimePoint> Service::next_deadline() const {
    if (!is_there() || silent_) return std::nullopt;
    const std::optional<TimePoint> due = report_.next_deadline();
    if (!due || !retry_) return due ? due : retry_;
    return std::min(*due, *retry_);
}

void Service::keep(const ListenerSet& listeners) {
    if (!is_there() || silent_) return;
    std::set<std::string> names;
    for (const Listener& listener : listeners.listeners()) {
        if (listener.is_foreign()) continue;
        ListeningName name;
        name.device = listener.file().device();
        name.inode = listener.file().inode();
        for (const int fd : listener.descriptors()) {
            const std::string text = to_text(name, listener.text());
            ++name.lane;
            if (names.insert(text).second && !kept_.contains(text)) {
                line_.send_with("FDSTORE=1\nFDNAME=" + text, {fd});
            }
        }
    }
    for (const std::string& name : kept_) {
        if (!names.contains(name)) line_.send("FDSTOREREMOVE=1\nFDNAME=" + name);
    }
    kept_ = std::move(names);
}

void Service::say(const std::string& sentence) {
    if (!silent_) line_.send("STATUS=" + to_utf8(sentence.substr(0, sentence.find('\n'))));
}

void Service::hand_over_to(pid_t successor) {
    if (silent_) return;
    line_.send("MAINPID=" + std::to_string(successor));
    silent_ = true;
}

}  // namespace girin
