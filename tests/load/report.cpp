#include "tests/load/report.hpp"

#include <boost/json.hpp>
#include <iomanip>
#include <sstream>

namespace girin::load {
namespace {

double to_ms(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

void add_count(std::ostream& out, std::string_view name, std::uint64_t count) {
    out << std::left << std::setw(20) << name << std::right << std::setw(10) << count << "\n";
}

void add_outcomes(std::ostream& out, const LoadTotals& totals) {
    for (std::size_t i = 0; i < kOutcomes; ++i) {
        const auto outcome = static_cast<Outcome>(i);
        if (totals.count(outcome) == 0 && outcome != Outcome::ok) continue;
        add_count(out, name_of(outcome), totals.count(outcome));
    }
}

void add_timeline(std::ostream& out, const LoadTotals& totals) {
    out << "\nsecond        ok    losses   slowest\n";
    for (std::size_t i = 0; i < totals.timeline.size(); ++i) {
        const Second& second = totals.timeline[i];
        out << std::setw(6) << i << std::setw(10) << second.ok << std::setw(10) << second.losses << std::setw(7)
            << to_ms(second.slowest) << " ms\n";
    }
}

boost::json::object to_object(const Second& second) {
    return {{"ok", second.ok}, {"losses", second.losses}, {"slowest_ms", to_ms(second.slowest)}};
}

boost::json::object to_object(const Loss& loss) {
    return {{"at_ms", to_ms(loss.at)}, {"outcome", name_of(loss.outcome)}, {"detail", loss.detail}};
}

template <class Items>
boost::json::array to_array(const Items& items) {
    boost::json::array array;
    for (const auto& item : items) array.push_back(to_object(item));
    return array;
}

}  // namespace

std::string to_table(const LoadTotals& totals) {
    std::ostringstream out;
    out << std::fixed << std::setprecision(1);
    add_outcomes(out, totals);
    add_count(out, "losses", totals.losses());
    out << "\n" << totals.requests() << " requests in " << to_ms(totals.elapsed) / 1000 << " s on "
        << totals.connections << " connections; " << totals.idle_closes << " closed and " << totals.idle_resets
        << " reset while idle, " << totals.late_resets << " reset after an answer, " << totals.not_sent
        << " not sent\n";
    out << std::setprecision(2) << "latency p50 " << to_ms(totals.latency.quantile(0.5)) << " ms, p99 "
        << to_ms(totals.latency.quantile(0.99)) << " ms, max " << to_ms(totals.latency.max()) << " ms\n";
    add_timeline(out << std::setprecision(1), totals);
    for (const Loss& loss : totals.first_losses) {
        out << "lost at " << to_ms(loss.at) << " ms: " << name_of(loss.outcome) << ": " << loss.detail << "\n";
    }
    return out.str();
}

std::string to_json(const LoadTotals& totals) {
    boost::json::object outcomes;
    for (std::size_t i = 0; i < kOutcomes; ++i) outcomes[name_of(static_cast<Outcome>(i))] = totals.outcomes[i];
    const boost::json::object latency = {{"p50", to_ms(totals.latency.quantile(0.5))},
                                         {"p99", to_ms(totals.latency.quantile(0.99))},
                                         {"max", to_ms(totals.latency.max())}};
    const boost::json::object all = {{"requests", totals.requests()},
                                     {"ok", totals.ok()},
                                     {"losses", totals.losses()},
                                     {"outcomes", outcomes},
                                     {"connections", totals.connections},
                                     {"idle_closes", totals.idle_closes},
                                     {"idle_resets", totals.idle_resets},
                                     {"late_resets", totals.late_resets},
                                     {"not_sent", totals.not_sent},
                                     {"elapsed_ms", to_ms(totals.elapsed)},
                                     {"latency_ms", latency},
                                     {"timeline", to_array(totals.timeline)},
                                     {"first_losses", to_array(totals.first_losses)}};
    return boost::json::serialize(all);
}

}  // namespace girin::load
