#include "supervisor/monitor/metrics_text.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

namespace girin {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

class Metrics {
  public:
    void begin(MetricType type, const char* name, const char* help) {
        MetricFamily& family = families_.emplace_back();
        family.type = type;
        family.name = name;
        family.help = help;
    }
    /// One more line of the family begun last.
    void add(double value, Labels labels = {}) {
        ClientMetric metric;
        metric.label = std::move(labels);
        metric.counter.value = value;
        metric.gauge.value = value;
        families_.back().metric.push_back(std::move(metric));
    }
    void counter(const char* name, const char* help, double value) {
        begin(MetricType::Counter, name, help);
        add(value);
    }
    void gauge(const char* name, const char* help, double value) {
        begin(MetricType::Gauge, name, help);
        add(value);
    }
    ClientMetric::Histogram& histogram(const char* name, const char* help) {
        begin(MetricType::Histogram, name, help);
        return families_.back().metric.emplace_back().histogram;
    }
    std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

  private:
    std::vector<MetricFamily> families_;
};

void add_server(Metrics& metrics, const Snapshot& snapshot, const std::string& version) {
    const MasterFacts& master = snapshot.master;
    metrics.begin(MetricType::Gauge, "girin_info", "The server's version.");
    metrics.add(1, {{"version", version}});
    metrics.gauge("girin_start_time_seconds", "When the master began, in seconds since 1970.",
                  static_cast<double>(master.started_unix_ms) / 1000);
    metrics.gauge("girin_ready", "1 while new requests find a worker.", snapshot.is_ready() ? 1 : 0);
    metrics.gauge("girin_degraded", "1 while workers fail in a row, or nobody can connect to a listener.", master.degraded ? 1 : 0);
    metrics.gauge("girin_generation", "The generation that serves.", master.generation);
    metrics.begin(MetricType::Gauge, "girin_workers", "Worker processes.");
    metrics.add(master.wanted, {{"state", "wanted"}});
    metrics.add(master.ready, {{"state", "ready"}});
    metrics.add(master.live, {{"state", "live"}});
    metrics.begin(MetricType::Counter, "girin_reloads_total", "Reloads, by how they went.");
    metrics.add(static_cast<double>(master.reloads_committed), {{"outcome", "committed"}});
    metrics.add(static_cast<double>(master.reloads_rolled_back), {{"outcome", "rolled_back"}});
    metrics.begin(MetricType::Counter, "girin_worker_exits_total", "Workers that have ended, by cause.");
    for (std::size_t kind = 0; kind < kExitKinds; ++kind) {
        const std::string cause(to_text(static_cast<ExitKind>(kind)));
        metrics.add(static_cast<double>(master.exits[kind]), {{"cause", cause}});
    }
}

void add_latency(Metrics& metrics, const WorkTotals& totals) {
    ClientMetric::Histogram& latency = metrics.histogram(
        "girin_request_duration_seconds", "From a request's head to the end of its handler.");
    for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
        latency.sample_count += totals.latency[i];
        if (i == kLatencyBounds_us.size()) break;
        ClientMetric::Bucket& bucket = latency.bucket.emplace_back();
        bucket.upper_bound = static_cast<double>(kLatencyBounds_us[i]) / 1e6;
        bucket.cumulative_count = latency.sample_count;
    }
    latency.sample_sum = static_cast<double>(totals.latency_sum_us) / 1e6;
}

void add_traffic(Metrics& metrics, const Snapshot& snapshot) {
    const WorkTotals& totals = snapshot.totals;
    metrics.counter("girin_requests_total", "Requests answered.", static_cast<double>(totals.requests));
    metrics.counter("girin_responses_5xx_total", "Requests answered with a status of 500 or above.",
                    static_cast<double>(totals.errors_5xx));
    metrics.counter("girin_connections_total", "Connections accepted.", static_cast<double>(totals.accepted));
    metrics.gauge("girin_connections", "Connections that are open.", static_cast<double>(snapshot.connections()));
    metrics.gauge("girin_requests_in_flight", "Requests whose handlers run.",
                  static_cast<double>(snapshot.requests_in_flight()));
    add_latency(metrics, totals);
}

/// One line for each slot with a worker.
template <class Value>
void add_slots(Metrics& metrics, const Snapshot& snapshot, const char* name, const char* help, Value value) {
    metrics.begin(MetricType::Gauge, name, help);
    for (const SlotView& slot : snapshot.slots) {
        if (slot.has_worker()) metrics.add(value(slot), {{"slot", std::to_string(slot.slot)}});
    }
}

void add_workers(Metrics& metrics, const Snapshot& snapshot) {
    add_slots(metrics, snapshot, "girin_worker_loop_lag_seconds", "The loop's longest turn of the last half second.",
              [](const SlotView& slot) { return slot.lag_s; });
    add_slots(metrics, snapshot, "girin_worker_loop_utilisation_ratio", "Share of time that the loop is busy.",
              [](const SlotView& slot) { return slot.utilisation; });
    add_slots(metrics, snapshot, "girin_worker_requests_in_flight", "Requests whose handlers run.",
              [](const SlotView& slot) { return static_cast<double>(slot.requests_in_flight); });
    add_slots(metrics, snapshot, "girin_worker_connections", "Connections that are open.",
              [](const SlotView& slot) { return static_cast<double>(slot.connections); });
    add_slots(metrics, snapshot, "girin_worker_held_up", "1 while its loop or its pool is held up.",
              [](const SlotView& slot) { return slot.facts.lagging ? 1.0 : 0.0; });
    add_slots(metrics, snapshot, "girin_worker_pool_threads", "Threads that its pool may have; 0: it has none.",
              [](const SlotView& slot) { return static_cast<double>(slot.pool.threads); });
    add_slots(metrics, snapshot, "girin_worker_pool_busy", "Threads of its pool that have a job.",
              [](const SlotView& slot) { return static_cast<double>(slot.pool.busy); });
    add_slots(metrics, snapshot, "girin_worker_pool_queued", "Jobs that wait for a thread.",
              [](const SlotView& slot) { return static_cast<double>(slot.pool.queued); });
    add_slots(metrics, snapshot, "girin_worker_pool_oldest_queued_seconds", "For so long the first of these waits.",
              [](const SlotView& slot) { return slot.pool.oldest_queued_s; });
    add_slots(metrics, snapshot, "girin_worker_pool_oldest_job_seconds", "For so long a job has kept its thread.",
              [](const SlotView& slot) { return slot.pool.oldest_job_s; });
    add_slots(metrics, snapshot, "girin_worker_generation", "The generation that the worker is of.",
              [](const SlotView& slot) { return static_cast<double>(slot.facts.generation); });
}

void add_memory(Metrics& metrics, const Snapshot& snapshot) {
    metrics.begin(MetricType::Gauge, "girin_resident_memory_bytes", "Resident memory of each process.");
    const auto resident = [&](const std::optional<ProcessMemory>& memory, const std::string& process) {
        if (memory) metrics.add(static_cast<double>(memory->rss_bytes), {{"process", process}});
    };
    const auto name_of = [](const ZygoteMemory& zygote) { return "zygote " + std::to_string(zygote.facts.generation); };
    resident(snapshot.master_memory, "master");
    for (const ZygoteMemory& zygote : snapshot.zygotes) resident(zygote.memory, name_of(zygote));
    for (const SlotView& slot : snapshot.slots) resident(slot.memory, "worker " + std::to_string(slot.slot));
    metrics.begin(MetricType::Gauge, "girin_proportional_memory_bytes", "The same, shared pages divided among sharers.");
    const auto proportional = [&](const std::optional<ProcessMemory>& memory, const std::string& process) {
        if (memory && memory->pss_bytes) metrics.add(static_cast<double>(*memory->pss_bytes), {{"process", process}});
    };
    proportional(snapshot.master_memory, "master");
    for (const ZygoteMemory& zygote : snapshot.zygotes) proportional(zygote.memory, name_of(zygote));
    for (const SlotView& slot : snapshot.slots) proportional(slot.memory, "worker " + std::to_string(slot.slot));
}

void add_backlogs(Metrics& metrics, const std::vector<Backlog>& backlogs) {
    metrics.begin(MetricType::Gauge, "girin_listener_backlog", "Connections that wait to be accepted.");
    for (const Backlog& one : backlogs) metrics.add(one.waiting, {{"listener", one.listener}});
    metrics.begin(MetricType::Gauge, "girin_listener_backlog_limit", "How many may wait.");
    for (const Backlog& one : backlogs) metrics.add(one.limit, {{"listener", one.listener}});
}

}  // namespace

std::string metrics_text(const Snapshot& snapshot, const std::vector<Backlog>& backlogs, const std::string& version) {
    Metrics metrics;
    add_server(metrics, snapshot, version);
    if (!snapshot.master.serves_programs) {  // who answer, and are busy, by themselves
        add_traffic(metrics, snapshot);
        add_workers(metrics, snapshot);
    }
    add_memory(metrics, snapshot);
    add_backlogs(metrics, backlogs);
    return metrics.text();
}

}  // namespace girin
