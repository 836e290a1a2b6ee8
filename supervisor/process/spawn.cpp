#include "supervisor/process/spawn.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <exception>

#include "supervisor/process/affinity.hpp"
#include "supervisor/process/root_directory.hpp"
#include "worker/process/channel.hpp"

namespace girin {
namespace {

/// The kernel forgets PDEATHSIG when the user changes, so this comes after; and a master that died before it is
/// caught by comparing parents.
void end_with(pid_t master) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != master) ::_exit(kChildSetUpFailed);
}

Result<void> give_up_rights(const ChildSetup& setup) {
    if (!setup.root.empty()) return become_with_root_ahead(setup.identity, setup.drop_capabilities);
    if (auto became = become(setup.identity); !became) return became;
    return setup.drop_capabilities ? drop_capabilities() : Result<void>();
}

Result<void> take_identity(const ChildSetup& setup) {
    if (setup.drop_capabilities) {
        if (auto dropped = drop_capability_bounds(); !dropped) return dropped;
    }
    if (auto given_up = give_up_rights(setup); !given_up) return given_up;
    if (setup.no_new_privs) return forbid_new_privileges();
    return {};
}

/// As who we still are: the user that is to work may not be able to find it.
Result<void> open_root(const ChildSetup& setup, WorkerPlace& place) {
    if (setup.root.empty()) return {};
    auto root = open_root_directory(setup.root);
    if (!root) return root.error();
    place.root_fd = root->release();
    return {};
}

Result<void> set_variables(const ChildSetup& setup) {
    if (setup.environment) [[maybe_unused]] const auto bare = setup.environment->set({});
    if (setup.identity.changes_user()) set_user_variables(setup.identity.name, setup.identity.home);
    return setup.environment ? setup.environment->set(setup.variables) : Result<void>();
}

int report_and_fail(int channel_fd, const std::string& why) {
    [[maybe_unused]] const auto sent = send_message(channel_fd, Message(MessageKind::boot_failed, 0, why));
    return kChildSetUpFailed;
}

int work_guarded(const WorkerPlace& place, const std::function<int(const WorkerPlace&)>& work) {
    try {
        return work(place);
    } catch (const std::exception& error) {
        return report_and_fail(place.channel_fd, error.what());
    }
}

}  // namespace

Result<void> become_worker(const ChildSetup& setup, WorkerPlace& place) {
    reset_signals_for_worker();
    if (auto opened = open_root(setup, place); !opened) return opened.error();
    if (place.directory_fd >= 0 && ::fchdir(place.directory_fd) != 0) return Error::from_errno(errno, "change to --chdir");
    if (auto set = set_variables(setup); !set) return set.error();
    return take_identity(setup);
}

Result<void> settle_worker(const ChildSetup& setup, const WorkerPlace& place, pid_t master) {
    reset_signals_for_worker();
    if (setup.cpu) {
        if (auto bound = run_on_cpu(*setup.cpu); !bound) return bound.error();
    }
    end_with(master);
    ::prctl(PR_SET_PTRACER, master);  // where Yama allows it to ancestors only: the examination of one that hangs
    const std::string role = setup.role.empty() ? "worker " + std::to_string(place.slot) : setup.role;
    if (setup.title) setup.title->set(make_process_title(role, setup.name));
    unblock_all_signals();
    return {};
}

void live_and_exit(const Result<void>& settled, const WorkerPlace& place,
                   const std::function<int(const WorkerPlace&)>& work) {
    const int code = settled ? work_guarded(place, work) : report_and_fail(place.channel_fd, settled.error().message());
    std::fflush(nullptr);
    ::_exit(code);  // not exit(): what main() built belongs to the master
}

Result<SpawnedWorker> spawn_worker(Os& os, const ChildSetup& setup, WorkerPlace place,
                                   const std::function<void()>& leave_master,
                                   const std::function<int(const WorkerPlace&)>& work) {
    auto channel = make_channel_pair();
    if (!channel) return channel.error();
    std::fflush(nullptr);  // else the child would write the master's buffered output once more
    const pid_t master = ::getpid();
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        leave_master();
        channel->first.reset();
        place.channel_fd = channel->second.get();
        auto settled = become_worker(setup, place);
        if (settled) settled = settle_worker(setup, place, master);
        live_and_exit(settled, place, work);
    }
    return SpawnedWorker(std::move(*child), std::move(channel->first));
}

}  // namespace girin
