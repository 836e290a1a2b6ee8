#include "supervisor/control/control_socket.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "girin/log.hpp"

namespace girin {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 256;

/// Nobody else, but for root, can have put anything there.
bool is_ours(const std::string& directory) {
    struct stat status{};
    return ::lstat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
           (status.st_mode & 022) == 0;
}

/// The directory exists and is ours alone to write in. Errors: it can't be made, or somebody else could have.
Result<void> make_directory(const std::string& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return Error::from_errno(errno, "make directory", path);
    if (!is_ours(path)) return Error(path + " isn't a directory that only we can write in");
    return {};
}

/// The best of the usual directories that can be had: a stranger may have made one of that name.
Result<std::string> make_usual_directory() {
    Error first;
    for (const std::string& directory : control_directories()) {
        const auto made = make_directory(directory, ::geteuid() == 0 ? 0755 : 0700);
        if (made) return {boost::system::in_place_value, directory};
        if (first.message().empty()) first = made.error();
    }
    return first;
}

/// What masters that were killed have left behind.
void remove_dead_sockets(const std::string& directory) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
        const std::string path = entry.path().string();
        if (entry.path().extension() == ".sock" && !has_listener(path)) ::unlink(path.c_str());
    }
}

Result<ListenerSet> listen_at(const std::string& path, mode_t mode, const ListenOptions& options) {
    const mode_t former = ::umask(static_cast<mode_t>(~mode & 0777U));
    auto opened = ListenerSet::open({BindAddress::unix_socket(path)}, options);
    ::umask(former);
    return opened;
}

Result<ListenerSet> listen_at_usual_place(mode_t mode, const ListenOptions& options) {
    const auto directory = make_usual_directory();
    if (!directory) return directory.error();
    remove_dead_sockets(*directory);
    return listen_at(*directory + "/" + std::to_string(::getpid()) + ".sock", mode, options);
}

mode_t mode_of(const Settings& settings) { return settings.control_socket_mode.value_or(0600); }

}  // namespace

Result<ControlSockets> ControlSockets::open_blocking(const Settings& settings, HandedSockets* handed) {
    ControlSockets sockets;
    ListenOptions options;
    options.backlog = kBacklog;
    options.handed = handed;
    options.on_trial = handed != nullptr;
    const std::size_t offered = handed ? handed->left().size() : 0;
    if (auto opened = sockets.open_control(settings, options); !opened) return opened.error();
    auto admin = ListenerSet::open(settings.admin_bind, options);
    if (!admin) return admin.error().within("admin-bind");
    sockets.admin_ = std::move(*admin);
    sockets.shared_ = handed && handed->left().size() < offered;
    for (const Listener& listener : sockets.control_.listeners()) log_info("Control socket: " + listener.text());
    for (const Listener& listener : sockets.admin_.listeners()) log_info("Admin address: http://" + listener.text());
    return sockets;
}

Result<void> ControlSockets::open_control(const Settings& settings, const ListenOptions& options) {
    if (settings.control_socket == "none") return {};
    is_usual_ = settings.control_socket == "auto";
    const mode_t mode = mode_of(settings);
    auto opened = is_usual_ ? listen_at_usual_place(mode, options) : listen_at(settings.control_socket, mode, options);
    if (!opened && !is_usual_) return opened.error().within("control-socket");
    if (!opened) log_warning("There is no control socket: " + opened.error().message());
    if (opened) control_ = std::move(*opened);
    return {};
}

std::vector<ListenerSocket> ControlSockets::sockets() const {
    std::vector<ListenerSocket> sockets = control_.sockets(0);
    for (ListenerSocket& socket : admin_.sockets(0)) {
        socket.most_connections = kMostAdminConnections;
        sockets.push_back(std::move(socket));
    }
    return sockets;
}

void ControlSockets::close() {
    control_.close();
    admin_.close();
}

std::vector<const ListenerSet*> ControlSockets::lasting(bool keeps_pid) const {
    std::vector<const ListenerSet*> sets = {&admin_};
    if (!is_usual_ || keeps_pid) sets.push_back(&control_);
    return sets;
}

void ControlSockets::hand_over() {
    admin_.leave_files();
    if (!is_usual_) control_.leave_files();
    close();
}

void ControlSockets::claim(const Settings& settings) {
    admin_.claim_files();
    control_.claim_files();
    if (!shared_) return;
    for (const Listener& socket : control_.listeners()) {
        const auto set = socket.file().set_mode(mode_of(settings));
        if (!set) log_warning("The control socket keeps its mode: " + set.error().message());
    }
}

std::vector<std::string> control_directories() {
    const std::string user = std::to_string(::geteuid());
    std::vector<std::string> directories;
    if (::access("/run", W_OK) == 0) directories.emplace_back("/run/girin");
    const char* const session = std::getenv("XDG_RUNTIME_DIR");
    // One that came along from another user, as with sudo, is theirs.
    if (session != nullptr && *session == '/' && is_ours(session)) directories.push_back(std::string(session) + "/girin");
    directories.push_back("/tmp/girin-" + user);
    const std::string usual_session = "/run/user/" + user + "/girin";
    if (std::ranges::find(directories, usual_session) == directories.end()) directories.push_back(usual_session);
    return directories;
}

std::vector<std::string> find_control_sockets() {
    std::vector<std::string> found;
    for (const std::string& directory : control_directories()) {
        std::error_code error;
        if (!is_ours(directory)) continue;  // who has made it would answer for a server of ours
        for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
            if (entry.path().extension() == ".sock") found.push_back(entry.path().string());
        }
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace girin
