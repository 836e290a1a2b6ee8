#include "supervisor/health/health_report.hpp"

#include <signal.h>

#include <array>
#include <cstdio>

namespace girin {
namespace {

std::string percents(const Finding& finding) {
    return "CPU " + std::to_string(finding.cpu_percent) + " %";
}

std::string describe_starved(const Finding& finding, const std::string& cpu_pressure) {
    std::string text = "starved: it is ready to run and gets no processor (" + percents(finding);
    if (finding.waiting_percent > 0) text += ", waiting " + std::to_string(finding.waiting_percent) + " %";
    if (!cpu_pressure.empty()) text += ", pressure " + cpu_pressure;
    return text + ")";
}

std::string describe_verdict(const Finding& finding, const std::string& cpu_pressure) {
    switch (finding.verdict) {
        case Verdict::unclear: return {};
        case Verdict::stopped: return "stopped by a signal (SIGSTOP or its like)";
        case Verdict::debugged: return "held by a debugger";
        case Verdict::starved: return describe_starved(finding, cpu_pressure);
        case Verdict::spinning: return "spinning (" + percents(finding) + ")";
        case Verdict::blocked: break;
    }
    const std::string where = finding.wait_channel.empty() ? "" : " in " + finding.wait_channel;
    return "blocked" + where + " (" + percents(finding) + ")";
}

/// Of SIGSEGV and SIGBUS, which name an address; only where the kernel found the fault itself.
std::string describe_code(int signo, int code) {
    if (signo == SIGSEGV && code == SEGV_MAPERR) return ", where nothing is mapped";
    if (signo == SIGSEGV && code == SEGV_ACCERR) return ", which may not be used so";
    if (signo == SIGBUS && code == BUS_ADRERR) return ", behind the end of a file that is mapped there";
    return {};
}

}  // namespace

std::string describe(const Finding& finding, const std::string& cpu_pressure) {
    const std::string time = to_text(finding.silent);
    std::string text = finding.in_callback ? "its loop has been in one callback for " + time
                                           : "no sign of life of its loop for " + time;
    const std::string verdict = describe_verdict(finding, cpu_pressure);
    return verdict.empty() ? text : text + "; " + verdict;
}

std::string describe_request(const RequestNote& note, TimePoint now) {
    const auto request = note.read();
    if (!request) return {};
    const Duration taken = now - TimePoint(Duration(request->began_ns));
    return "; " + request->line + " from " + request->peer + ", for " + to_text(taken);
}

std::string describe(const CrashNote& crash) {
    const int signo = crash.signo.load(std::memory_order_acquire);
    const int code = crash.code.load(std::memory_order_relaxed);
    const bool is_fault = code > 0 && signo != SIGABRT;
    if (!is_fault) return "in thread " + std::to_string(crash.tid.load(std::memory_order_relaxed));
    std::array<char, 24> address;
    std::snprintf(address.data(), address.size(), "0x%llx",
                  static_cast<unsigned long long>(crash.address.load(std::memory_order_relaxed)));
    return std::string("at address ") + address.data() + describe_code(signo, code);
}

}  // namespace girin
