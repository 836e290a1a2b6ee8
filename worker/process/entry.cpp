#include "worker/process/entry.hpp"

#include <unistd.h>

#include <csignal>

#include "girin/log.hpp"
#include "girin/loop/asio_loop.hpp"
#include "girin/loop/executor.hpp"
#include "girin/loop/signals.hpp"
#include "girin/loop/task.hpp"
#include "girin/loop/timeout.hpp"
#include "loop/base/log_output.hpp"
#include "loop/base/uncaught.hpp"
#include "loop/exception_text.hpp"
#include "worker/http/trusted_peers.hpp"
#include "worker/log/access_format.hpp"
#include "worker/process/crash_handler.hpp"
#include "worker/process/heartbeat.hpp"
#include "worker/process/master_link.hpp"
#include "worker/process/orderly_exit.hpp"
#include "worker/serving/pool_watch.hpp"
#include "worker/serving/server.hpp"

namespace girin {
namespace {

/// A worker at work: what connects server, application, master and signals.
class Worker final : private MasterLink::Listener {
  public:
    Worker(AsioLoop& loop, WorkerSetup& setup, Application& application)
        : loop_(loop), setup_(setup), application_(application), info_(make_info(setup)),
          link_(loop, UniqueFd(setup.channel_fd), *this), heartbeat_(loop, setup.board[setup.slot]),
          server_(loop, setup.options, application, ServerPlace(info_, setup.board)), stop_asked_(loop) {
        server_.set_on_worn_out([this] { on_worn_out(); });
        server_.set_on_listeners_closed([this] { link_.send(MessageKind::listeners_closed); });
    }

    Coro<int> run() {
        watch_signals();
        link_.start();
        const bool started = co_await start();
        if (!started) co_return stop_asked_.done() ? kWorkerDone : kWorkerBootFailed;
        co_await stop_asked_;
        link_.send(MessageKind::draining);
        co_await server_.drain(stop_limit_, stop_last_);
        co_await shut_down();
        co_return kWorkerDone;
    }

    /// It was let finish, and not told to end at once.
    bool has_drained() const { return stop_asked_.done() && !was_told_to_quit_; }

    void tell_leaving() {
        if (is_ready_) link_.send(MessageKind::leaving);
    }
    void tell_boot_failure(const std::string& reason) { link_.send(MessageKind::boot_failed, 0, reason); }

  private:
    static WorkerInfo make_info(const WorkerSetup& setup) {
        WorkerInfo info;
        info.pid = ::getpid();
        info.slot = setup.slot;
        info.generation = setup.generation;
        return info;
    }

    void watch_signals() {
        const auto leave = [this] { on_asked_to_leave(); };
        const auto quit = [this] { quit_now(); };
        const auto reopen = [] { on_asked_to_reopen(); };
        signals_.emplace_back(loop_, SIGTERM, leave);
        signals_.emplace_back(loop_, SIGQUIT, quit);
        signals_.emplace_back(loop_, SIGUSR1, reopen);
    }

    /// False: it didn't start, or was told meanwhile not to.
    Coro<bool> start() {
        if (stop_asked_.done()) co_return false;
        if (auto opened = server_.open(setup_.listeners); !opened) {
            tell_boot_failure(opened.error().message());
            co_return false;
        }
        // The server has its own. With these, a socket would go on listening for as long as the last request takes.
        for (const ListenerSocket& listener : setup_.listeners) ::close(listener.fd);
        const std::string failure = co_await start_application();
        if (!failure.empty()) {
            if (!stop_asked_.done()) tell_boot_failure(failure);
            co_return false;
        }
        if (stop_asked_.done()) co_return true;  // meanwhile: it never gets ready
        server_.start_accepting();
        is_ready_ = true;
        link_.send(MessageKind::ready);
        co_return true;
    }

    /// Why it failed; empty: it did not.
    Coro<std::string> start_application() {
        starting_ = TaskBase::current();
        std::string failure;
        try {
            co_await application_.startup(info_);
        } catch (...) {
            failure = "application start-up failed: " + current_exception_text();
        }
        while (starting_->cancelling() > 0) starting_->uncancel();
        starting_ = nullptr;
        co_return failure;
    }

    Coro<void> shut_down() {
        try {
            co_await application_.shutdown();
        } catch (...) {
            log_error("Application shut-down failed: " + current_exception_text());
        }
    }

    void on_message(const Message& message) override {
        switch (message.kind) {
            case MessageKind::drain:
                return ask_stop(std::chrono::milliseconds(message.value), message.text == kDrainLast);
            case MessageKind::quit: return quit_now();
            case MessageKind::reopen_logs: return use_logs(message.value, link_.take_descriptors());
            case MessageKind::log_level: return change_log_level(message.text);
            default: log_warning("The master sent a message that is none of its own");
        }
    }

    void on_master_gone() override {
        if (stop_asked_.done() && server_.is_draining()) return server_.quit();
        log_error("The master is gone; this worker ends");
        quit_now();
    }

    void on_worn_out() {
        link_.send(MessageKind::recycle, static_cast<std::int64_t>(setup_.options.max_requests), "max-requests");
    }

    /// TERM from outside, for this worker or for the whole process group. The master replaces it first and then lets it
    /// go, or stops everything; either way it sees to the queue. Asked twice, the worker waits for no master.
    void on_asked_to_leave() {
        if (!is_ready_ || asked_to_leave_) return ask_stop(setup_.options.timeouts.graceful, false);
        asked_to_leave_ = true;
        link_.send(MessageKind::recycle, 0, "SIGTERM from outside");
    }

    void ask_stop(Duration limit, bool last) {
        if (stop_asked_.done()) return;
        stop_limit_ = limit;
        stop_last_ = last;
        stop_asked_.set_result();
    }

    void quit_now() {
        was_told_to_quit_ = true;
        ask_stop(Duration::zero(), false);
        if (starting_ != nullptr) starting_->cancel_task();
        server_.quit();
    }

    /// The names are the master's to open: here they may mean something else, or be out of reach.
    static void on_asked_to_reopen() {
        log_info("This worker opens no log files: send USR1 to the master, which opens them for all");
    }

    void use_logs(std::int64_t which, std::vector<UniqueFd> descriptors) {
        auto next = descriptors.begin();
        const auto is_there = [&](HandedLog log) {
            return (which & static_cast<std::int64_t>(log)) != 0 && next != descriptors.end();
        };
        if (is_there(HandedLog::error)) use_log_descriptor(std::move(*next++));
        if (is_there(HandedLog::access)) server_.use_access_log(std::move(*next++));
    }

    static void change_log_level(const std::string& name) {
        if (const auto level = parse_log_level(name)) set_log_level(*level);
    }

    AsioLoop& loop_;
    WorkerSetup& setup_;
    Application& application_;
    WorkerInfo info_;
    MasterLink link_;
    Heartbeat heartbeat_;
    Server server_;
    std::vector<SignalWatch> signals_;
    TaskBase* starting_ = nullptr;  // while the application starts
    Future<void> stop_asked_;
    bool is_ready_ = false;
    bool asked_to_leave_ = false;
    Duration stop_limit_{};
    bool stop_last_ = false;
    bool was_told_to_quit_ = false;
};

/// The application, or the exit code of a worker that can't have it, which the master has been told.
struct Loaded {
    std::unique_ptr<Application> application;
    int code = kWorkerDone;
};

Loaded load(WorkerSetup& setup) {
    Loaded loaded;
    const auto failed = [&](int code, const Error& why) {
        loaded.code = code;
        (void)send_message(setup.channel_fd, Message(MessageKind::boot_failed, code, why.message()));
    };
    const auto code = setup.preloaded ? Result<ApplicationCode>(ApplicationCode()) : load_code(setup.app);
    const auto confined = code && setup.confine ? setup.confine() : Result<void>();
    if (!code) {
        failed(kWorkerAppNotLoaded, code.error());
    } else if (!confined) {
        failed(kWorkerBootFailed, confined.error());
    } else if (setup.preloaded) {
        loaded.application = std::move(setup.preloaded);
    } else if (auto made = make_application(*code, setup.app); !made) {
        failed(kWorkerBootFailed, made.error());
    } else {
        loaded.application = std::move(made->application);
    }
    return loaded;
}

/// What a worker's life came to.
struct WorkerEnd {
    int code = 1;
    bool has_drained = false;
    TimePoint left_since{};  // its loop has ended
};

/// From here on its loop turns no more, and the master leaves it the time that it needs for its end.
TimePoint begin_to_leave(Worker& worker, ScoreboardSlot& line) {
    const TimePoint now = Clock::now();
    worker.tell_leaving();
    line.leaving_since_ns.store(std::chrono::nanoseconds(now.time_since_epoch()).count(), std::memory_order_relaxed);
    return now;
}

/// Until the worker is to end.
WorkerEnd serve(WorkerSetup& setup, Loaded& loaded) {
    PoolWatch pool(setup.board[setup.slot]);
    AsioLoop loop;
    loop.set_executor_threads(setup.options.threads);
    loop.set_executor_observer(&pool);
    Worker worker(loop, setup, *loaded.application);
    WorkerEnd end;
    try {
        end.code = loop.run_until_complete(worker.run());
    } catch (...) {
        worker.tell_boot_failure(current_exception_text());
        log_critical("The worker failed: " + current_exception_text());
    }
    end.left_since = begin_to_leave(worker, setup.board[setup.slot]);
    loop.close();  // ends what the application left running, while all that it may use still stands
    loaded.application.reset();  // before the loop, on which it may hold streams and timers
    end.has_drained = worker.has_drained();
    return end;
}

WorkerEnd live(WorkerSetup& setup) {
    Loaded loaded = load(setup);
    if (!loaded.application) return {loaded.code};
    try {
        return serve(setup, loaded);
    } catch (const std::exception& error) {  // no descriptors for a loop, or for what stands on it
        (void)send_message(setup.channel_fd, Message(MessageKind::boot_failed, kWorkerBootFailed, error.what()));
        log_critical("The worker failed: " + std::string(error.what()));
        return {kWorkerBootFailed};
    }
}

}  // namespace

Result<void> check_worker_options(const WorkerOptions& options) {
    const AccessLogOptions& log = options.access_log;
    const auto style = log.json ? AccessFormat::Style::json : AccessFormat::Style::text;
    if (auto format = AccessFormat::compile(log.format, style); !format) return format.error();
    if (auto peers = TrustedPeers::parse(options.forwarded_allow_ips); !peers) return peers.error();
    return {};
}

int worker_main(WorkerSetup setup) {
    log_uncaught_exceptions();
    install_crash_handler(setup.channel_fd, setup.board[setup.slot]);
    const WorkerEnd end = live(setup);
    if (setup.leaves_by_exit && end.has_drained && end.code == kWorkerDone) exit_orderly(end.code, end.left_since);
    return end.code;
}

}  // namespace girin
