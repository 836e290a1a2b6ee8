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
    std::string text = finding.job           ? "a job of its pool has kept its thread for " + time
                       : finding.leaving     ? "its loop has ended, and it has been leaving for " + time
                       : finding.in_callback ? "its loop has been in one callback for " + time
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

std::string describe_last_request(const RequestNote& note, TimePoint now) {
    const std::string request = describe_request(note, now);
    return request.empty() ? request : "its loop was in" + request.substr(1);
}

namespace {

constexpr std::size_t kMostJobsTold = 8;  // beside the worst
constexpr Duration kLongJob = std::chrono::seconds(1);

std::string describe_job(const JobNote& job, TimePoint now) {
    const auto request = job.request.read();
    const Duration lasted = now - TimePoint(Duration(job.since_ns.load(std::memory_order_relaxed)));
    const std::string what = request ? request->line + " from " + request->peer : "a job for no request";
    return "; " + what + ", for " + to_text(lasted) + ", in thread " +
           std::to_string(job.tid.load(std::memory_order_relaxed));
}

bool is_long(const JobNote& job, TimePoint now) {
    const std::int64_t since_ns = job.since_ns.load(std::memory_order_relaxed);
    const bool runs = job.tid.load(std::memory_order_relaxed) != 0 && since_ns != 0;
    return runs && now - TimePoint(Duration(since_ns)) >= kLongJob;
}

}  // namespace

std::string describe_pool(const PoolNote& pool, const Finding& finding, TimePoint now) {
    constexpr auto kRelaxed = std::memory_order_relaxed;
    if (!finding.job) return {};
    std::string text = describe_job(pool.jobs[*finding.job], now);
    std::size_t others = 0;
    for (std::size_t i = 0; i < pool.jobs.size(); ++i) {
        if (i == *finding.job || !is_long(pool.jobs[i], now)) continue;
        if (++others <= kMostJobsTold) text += describe_job(pool.jobs[i], now);
    }
    if (others > kMostJobsTold) text += "; and " + std::to_string(others - kMostJobsTold) + " more";
    const std::uint32_t queued = pool.queued.load(kRelaxed);
    text += "; " + std::to_string(pool.busy.load(kRelaxed)) + " of " + std::to_string(pool.threads.load(kRelaxed)) +
            " threads of its pool are busy";
    return queued == 0 ? text : text + ", " + std::to_string(queued) + (queued == 1 ? " job waits" : " jobs wait");
}

std::string describe_request_of(const ScoreboardSlot& line, pid_t pid, pid_t tid, TimePoint now) {
    if (tid == 0 || tid == pid) return describe_request(line.request, now);
    for (const JobNote& job : line.pool.jobs) {
        if (job.tid.load(std::memory_order_acquire) == tid) return describe_request(job.request, now);
    }
    return {};
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
