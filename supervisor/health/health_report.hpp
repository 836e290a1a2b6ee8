#pragma once

// The words for what health_judge.hpp has found, as they follow "worker 2 (pid 4711) hangs: ". Pure.

#include <string>

#include "supervisor/health/health_judge.hpp"

namespace girin {

/// "its loop has been in one callback for 30.2 s; spinning (CPU 99 %)". `cpu_pressure` as read_cpu_pressure().
std::string describe(const Finding& finding, const std::string& cpu_pressure = {});

/// "; GET /shop from 192.0.2.1:5312, for 30.2 s"; empty when no handler runs.
std::string describe_request(const RequestNote& note, TimePoint now);

/// "its loop was in GET /shop from 192.0.2.1:5312, for 30.2 s", of a worker that has left by itself: a handler may have
/// called exit(). A thread beside the loop may have as well, so it isn't said whose doing it was. Empty as above.
std::string describe_last_request(const RequestNote& note, TimePoint now);

/// "; GET /lock from 192.0.2.1:5312, for 3.1 s, in thread 4713; …; 2 of 2 threads of its pool are busy, 3 jobs wait": of
/// the pool that a finding is about, its worst job first, and others that have lasted for a second.
std::string describe_pool(const PoolNote& pool, const Finding& finding, TimePoint now);

/// As describe_request, of the request that thread `tid` of the worker `pid` works for; empty when that isn't known.
std::string describe_request_of(const ScoreboardSlot& line, pid_t pid, pid_t tid, TimePoint now);

/// "at address 0x10, where nothing is mapped"; what the signal's name doesn't say.
std::string describe(const CrashNote& crash);

}  // namespace girin
