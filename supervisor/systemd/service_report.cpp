#include "supervisor/systemd/service_report.hpp"

#include <algorithm>

#include "loop/base/escape.hpp"

namespace girin {
namespace {

std::string to_microseconds(Duration duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

/// One line: the protocol's messages are lines, and what an application said may have several.
std::string to_one_line(std::string text) {
    constexpr std::size_t kLongest = 500;
    std::ranges::replace(text, '\n', ' ');
    std::string line;
    append_escaped(line, text, Escape::bare);  // a status that isn't UTF-8 is ignored
    if (line.size() <= kLongest) return line;
    std::size_t end = kLongest;
    while ((static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U) --end;
    return line.substr(0, end);
}

}  // namespace

std::string ServiceFacts::to_text() const {
    const std::string workers = std::to_string(ready) + " of " + std::to_string(wanted) + " workers ready, generation " +
                                std::to_string(generation);
    const std::string because = trouble.empty() ? "" : "; " + trouble;
    if (stopping) return "stopping: " + std::to_string(ready) + " workers left to drain";
    if (degraded) return "degraded: " + workers + because;
    if (!started) return "starting: " + workers;
    if (reloading) return "reloading: " + workers;
    if (upgrading) return "upgrading: " + workers;
    return workers + because;
}

std::vector<std::string> ServiceReport::update(const ServiceFacts& facts, TimePoint now) {
    std::vector<std::string> messages;
    tell_phase(facts, now, messages);
    if (const std::string status = to_one_line(facts.to_text()); status != status_) {
        status_ = status;
        messages.push_back("STATUS=" + status);
    }
    tell_alive(facts, now, messages);
    ask_for_time(facts, now, messages);
    return messages;
}

std::optional<TimePoint> ServiceReport::next_deadline() const {
    if (!next_sign_ || !next_extension_) return next_sign_ ? next_sign_ : next_extension_;
    return std::min(*next_sign_, *next_extension_);
}

void ServiceReport::tell_phase(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages) {
    if (facts.stopping) {
        if (!told_stopping_) messages.push_back("STOPPING=1");
        told_stopping_ = true;
        return;
    }
    if (facts.started && !told_ready_) {
        told_ready_ = true;
        messages.push_back("READY=1");
    }
    if (!told_ready_) return;
    if (reload_asked_ || (facts.reloading && !told_reloading_)) {
        messages.push_back("RELOADING=1\nMONOTONIC_USEC=" + to_microseconds(now.time_since_epoch()));
        told_reloading_ = true;
        reload_asked_ = false;
    }
    if (facts.reloading || !told_reloading_) return;
    messages.push_back("READY=1");
    told_reloading_ = false;
}

void ServiceReport::tell_alive(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages) {
    if (watchdog_ <= Duration::zero() || (next_sign_ && now < *next_sign_)) return;
    if (facts.is_sound()) messages.push_back("WATCHDOG=1");
    next_sign_ = now + watchdog_ / kSignsPerWatchdog;
}

void ServiceReport::ask_for_time(const ServiceFacts& facts, TimePoint now, std::vector<std::string>& messages) {
    const bool takes_time = !facts.started || facts.reloading || facts.stopping;
    if (!takes_time) return next_extension_.reset();
    if (next_extension_ && now < *next_extension_) return;
    messages.push_back("EXTEND_TIMEOUT_USEC=" + to_microseconds(kExtension));
    next_extension_ = now + kExtension / 2;
}

}  // namespace girin
