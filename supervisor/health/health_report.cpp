#include "supervisor/health/health_report.hpp"

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

}  // namespace

std::string describe(const Finding& finding, const std::string& cpu_pressure) {
    const std::string time = to_text(finding.silent);
    std::string text = finding.in_callback ? "its loop has been in one callback for " + time
                                           : "no sign of life of its loop for " + time;
    const std::string verdict = describe_verdict(finding, cpu_pressure);
    return verdict.empty() ? text : text + "; " + verdict;
}

}  // namespace girin
