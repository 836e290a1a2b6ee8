// Runs a program with what a careless parent leaves to it, before the kernel knows it as that program.
//   bad_start CONDITION… -- PROGRAM [ARGUMENT…]
// CONDITION is one of
//   close=N  stray=N            descriptor N closed; or open on /dev/null, and not close-on-exec
//   ignore=SIGNAL block=SIGNAL  by number; "all" for all of them
//   umask=MODE descriptors=N no-core   what is limited
//   alarm=MS                    a timer runs, whose SIGALRM comes in so many milliseconds
//   deleted-directory=PATH directory=PATH   the working directory: made and removed again; or simply another
//   no-environment unset=NAME   variables
//   user=N                      as this user and group, where we are root
//   subreaper child             orphans come to the program; it has a child that it doesn't know, which ends soon
//   no-proc no-dev              nothing is mounted there
//   new-group                   in a process group of its own
//   refuse=CALL                 EPERM for pidfd_open, pidfd_send_signal or memfd_create, as by a container's filter
// Exit code 77: this machine doesn't let us.

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

extern char** environ;

namespace {

constexpr int kCannot = 77;

void need(bool done, const char* what) {
    if (done) return;
    std::perror(what);
    std::_Exit(kCannot);
}

void for_signals(const std::string& which, void (*apply)(int)) {
    if (which != "all") return apply(std::atoi(which.c_str()));
    for (int number = 1; number < NSIG; ++number) apply(number);
}

void ignore(int number) { ::signal(number, SIG_IGN); }

void block(int number) {
    sigset_t one;
    sigemptyset(&one);
    if (sigaddset(&one, number) == 0) ::sigprocmask(SIG_BLOCK, &one, nullptr);
}

void limit(int which, rlim_t most) {
    const rlimit both{most, most};
    need(::setrlimit(static_cast<__rlimit_resource_t>(which), &both) == 0, "setrlimit");
}

void run_alarm(long milliseconds) {
    itimerval timer{};
    timer.it_value.tv_sec = milliseconds / 1000;
    timer.it_value.tv_usec = milliseconds % 1000 * 1000;
    need(::setitimer(ITIMER_REAL, &timer, nullptr) == 0, "setitimer");
}

void work_in_deleted(const std::string& path) {
    need(::mkdir(path.c_str(), 0755) == 0 && ::chdir(path.c_str()) == 0 && ::rmdir(path.c_str()) == 0, path.c_str());
}

void hide(const char* path) {
    const bool root = ::geteuid() == 0;
    need(::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) == 0, "unshare");
    need(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount");
    need(::mount("none", path, "tmpfs", MS_RDONLY, nullptr) == 0, path);
}

void become(unsigned id) {
    if (::geteuid() != 0) return;
    need(::setgroups(0, nullptr) == 0 && ::setresgid(id, id, id) == 0 && ::setresuid(id, id, id) == 0, "become");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // which the kernel has forgotten with the user
}

void stray(int number) {
    const int fd = ::open("/dev/null", O_RDWR);
    need(fd >= 0 && (fd == number || ::dup2(fd, number) == number), "stray");
    if (fd != number) ::close(fd);
}

/// A child that isn't the program's own, and that ends while it runs.
void leave_child() {
    const pid_t child = ::fork();
    need(child >= 0, "fork");
    if (child > 0) return;
    ::usleep(100'000);
    std::_Exit(3);
}

unsigned number_of(std::string_view call) {
    if (call == "pidfd_open") return SYS_pidfd_open;
    if (call == "pidfd_send_signal") return SYS_pidfd_send_signal;
    return SYS_memfd_create;
}

void refuse(std::string_view call) {
    sock_filter filter[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
                            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number_of(call), 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    const sock_fprog program = {4, filter};
    need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0, "seccomp");
}

void apply(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string value(equals == word.npos ? "" : word.substr(equals + 1));
    const int number = std::atoi(value.c_str());
    if (name == "close") ::close(number);
    if (name == "stray") stray(number);
    if (name == "ignore") for_signals(value, ignore);
    if (name == "block") for_signals(value, block);
    if (name == "umask") ::umask(static_cast<mode_t>(std::strtoul(value.c_str(), nullptr, 8)));
    if (name == "descriptors") limit(RLIMIT_NOFILE, static_cast<rlim_t>(number));
    if (name == "no-core") limit(RLIMIT_CORE, 0);
    if (name == "alarm") run_alarm(number);
    if (name == "deleted-directory") work_in_deleted(value);
    if (name == "directory") need(::chdir(value.c_str()) == 0, value.c_str());
    if (name == "no-environment") ::clearenv();
    if (name == "unset") ::unsetenv(value.c_str());
    if (name == "user") become(static_cast<unsigned>(number));
    if (name == "subreaper") ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (name == "child") leave_child();
    if (name == "no-proc") hide("/proc");
    if (name == "no-dev") hide("/dev");
    if (name == "refuse") refuse(value);
    if (name == "new-group") ::setpgid(0, 0);
}

}  // namespace

int main(int argc, char** argv) {
    int at = 1;
    for (; at < argc && std::strcmp(argv[at], "--") != 0; ++at) apply(argv[at]);
    if (at + 1 >= argc) return 2;
    ::execv(argv[at + 1], argv + at + 1);
    std::perror("bad_start: exec");
    return 1;
}
