#include "supervisor/start/served.hpp"

#include <unistd.h>

#include <utility>

#include "girin/log.hpp"
#include "loop/base/line_sink.hpp"
#include "supervisor/exec/exec_worker.hpp"
#include "supervisor/process/root_directory.hpp"
#include "supervisor/process/threads.hpp"
#include "supervisor/settings/worker_options.hpp"
#include "worker/app/library_image.hpp"
#include "worker/process/channel.hpp"
#include "worker/process/entry.hpp"

namespace girin {
namespace {

/// For a process that enters another root directory soon: takes what is to be had outside only, and gives the way in.
std::function<Result<void>()> prepare_root(const AppSource& source, int root) {
    keep_time_zone();
    return [root, text = source.text(), threads = count_threads()]() -> Result<void> {
        if (count_threads() > threads) {
            return Error(text + ": can't be confined by --chroot, because it starts threads while it is loaded, and each "
                         "would keep the right to leave; start them in startup()");
        }
        const UniqueFd own(root);
        return enter_root_directory(root);
    };
}

/// An access log that goes to standard output does so still when that goes into the log.
Result<void> keep_standard_output(AccessLogOptions& log) {
    if (!log.enabled || log.file != "-" || log.opened_fd >= 0) return {};
    auto opened = open_for_sink(log.file, STDOUT_FILENO);
    if (!opened) return opened.error();
    log.opened_fd = opened->release();
    return {};
}

int boot_failed(const WorkerPlace& place, const Error& why) {
    const Message message(MessageKind::boot_failed, kWorkerBootFailed, why.message());
    [[maybe_unused]] const auto sent = send_message(place.channel_fd, message);
    return kWorkerBootFailed;
}

}  // namespace

Result<AppSource> Served::find(const Settings& settings) const {
    if (linked_) return *linked_;
    return parse_app_source(settings.application);
}

Result<void> Served::check_blocking(const Settings& settings, int code_fd) const {
    if (!settings.exec.empty()) return check_command_blocking(settings);
    auto source = find(settings);
    if (!source) return source.error();
    if (code_fd >= 0 && source->kind() == AppSource::Kind::library) {
        if (auto filled = LibraryCopy::fill(code_fd, source->file()); !filled) return filled.error();
        source->use_copy(code_fd);
    }
    return check_application(*source);
}

std::string Served::file(const Settings& settings) const {
    if (!settings.exec.empty()) return {};
    const auto source = find(settings);
    return source && source->kind() == AppSource::Kind::library ? source->file() : std::string();
}

Result<UniqueFd> Served::make_code_copy(const Settings& running) const {
    if (load_in_place_wanted()) return UniqueFd();
    const std::string name = file(running);
    return LibraryCopy::make(name.empty() ? "application.so" : name);
}

std::optional<LoadFailure> Served::preload(const Settings& settings, const WorkerPlace& place) {
    use_log(to_log_options(settings), UniqueFd(place.error_log_fd));
    auto source = find(settings);
    if (!source) return LoadFailure(kWorkerAppNotLoaded, source.error().message());  // can't be: it was looked at before
    source->use_copy(place.code_fd);
    has_preloaded_ = true;
    const std::ptrdiff_t before = count_threads();  // a sanitizer may have one of its own
    const auto confine = place.root_fd >= 0 ? prepare_root(*source, place.root_fd) : nullptr;
    const auto code = load_code(*source);
    if (!code) return LoadFailure(kWorkerAppNotLoaded, code.error().message());
    if (const auto confined = confine ? confine() : Result<void>(); !confined) {
        return LoadFailure(kWorkerBootFailed, confined.error().message());
    }
    auto made = make_application(*code, *source);
    if (!made) return LoadFailure(kWorkerBootFailed, made.error().message());
    if (const std::ptrdiff_t started = count_threads() - before; started > 0) {
        return LoadFailure(kWorkerAppNotLoaded, source->text() + ": can't be preloaded, because it starts threads (" +
                                                    std::to_string(started) +
                                                    ") while it is loaded, and a fork would leave them behind; run without "
                                                    "--preload, or start them in startup()");
    }
    preloaded_ = std::move(made->application);
    return std::nullopt;
}

int Served::work(const Settings& settings, const WorkerPlace& place) {
    use_log(to_log_options(settings), UniqueFd(place.error_log_fd));
    WorkerSetup setup;
    setup.options = to_worker_options(settings);
    setup.options.access_log.opened_fd = place.access_log_fd;
    const bool has_log_file = !settings.error_logfile.empty() && settings.error_logfile != "-";
    if (settings.capture_output && has_log_file) {
        if (auto kept = keep_standard_output(setup.options.access_log); !kept) return boot_failed(place, kept.error());
        capture_output();
    }
    if (!settings.exec.empty()) return exec_worker_main(settings, place);
    setup.listeners = place.listeners;
    setup.channel_fd = place.channel_fd;
    setup.board = place.board;
    setup.slot = place.slot;
    setup.generation = place.generation;
    auto source = find(settings);
    if (!source) return kWorkerAppNotLoaded;  // can't be: it was looked at before
    source->use_copy(place.code_fd);
    setup.app = std::move(*source);
    setup.preloaded = std::move(preloaded_);  // if this process was forked from a zygote
    setup.leaves_by_exit = is_workers_own();
    if (place.root_fd >= 0) setup.confine = prepare_root(setup.app, place.root_fd);
    return worker_main(std::move(setup));
}

}  // namespace girin
