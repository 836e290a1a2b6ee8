#include "supervisor/settings/cpu_list.hpp"

#include <algorithm>
#include <charconv>

namespace girin {
namespace {

bool read_number(std::string_view text, unsigned& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number < kMostCpus;
}

Error no_list(std::string_view text) {
    return Error("'" + std::string(text) + "' is no list of processors: auto, or numbers and ranges such as 0,2,4-7");
}

Result<CpuList> parse_cpu_list(std::string_view text) {
    CpuList cpus;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view part = rest.substr(0, comma);
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        const std::size_t dash = part.find('-');
        unsigned first = 0, last = 0;
        if (!read_number(part.substr(0, dash), first)) return no_list(text);
        last = first;
        if (dash != part.npos && !read_number(part.substr(dash + 1), last)) return no_list(text);
        if (last < first) return no_list(text);
        for (unsigned cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    }
    if (cpus.empty() || text.ends_with(',')) return no_list(text);
    std::ranges::sort(cpus);
    cpus.erase(std::unique(cpus.begin(), cpus.end()), cpus.end());
    return cpus;
}

}  // namespace

Result<CpuList> choose_cpus(const std::string& text, const CpuList& allowed) {
    if (text == "auto") return allowed;
    auto cpus = parse_cpu_list(text);
    if (!cpus) return cpus.error();
    for (const unsigned cpu : *cpus) {
        if (!std::ranges::binary_search(allowed, cpu)) {
            return Error("affinity: processor " + std::to_string(cpu) + " isn't one that we may use");
        }
    }
    return cpus;
}

Result<void> check_cpu_list(const std::string& text) {
    if (text == "auto") return {};
    const auto cpus = parse_cpu_list(text);
    if (!cpus) return cpus.error();
    return {};
}

unsigned least_taken_cpu(const CpuList& cpus, const CpuList& taken) {
    return *std::ranges::min_element(cpus, {}, [&](unsigned cpu) { return std::ranges::count(taken, cpu); });
}

}  // namespace girin
