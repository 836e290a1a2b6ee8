#include "supervisor/upgrade/handover.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace girin {
namespace {

constexpr std::string_view kTitle = "girin-handover\t";
constexpr std::size_t kLongestText = 1 << 20;

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

template <class Number>
bool read_number(const std::string& text, Number& number) {
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    return failure == std::errc() && end == text.data() + text.size();
}

Error not_understood(const std::string& line) { return Error("take over from the running master: '" + line + "'"); }

std::optional<HandoverSocket> parse_socket(const std::vector<std::string>& fields) {
    HandoverSocket socket;
    int foreign = 0;
    if (fields.size() != 8) return std::nullopt;
    const bool fine = read_number(fields[1], socket.fd) && read_number(fields[2], socket.lane) &&
                      read_number(fields[3], foreign) && read_number(fields[4], socket.file_device) &&
                      read_number(fields[5], socket.file_inode);
    if (!fine) return std::nullopt;
    socket.foreign = foreign != 0;
    socket.bind = fields[6];
    socket.address = fields[7];
    return socket;
}

bool read_place(const std::vector<std::string>& fields, Handover& handover) {
    if (fields.size() != 3 || !read_number(fields[1], handover.binary_fd)) return false;
    handover.in_place = true;
    handover.failure = fields[2];
    return true;
}

bool read_elder(const std::vector<std::string>& fields, Handover& handover) {
    Elder elder;
    int is_monitor = 0;
    const bool fine = fields.size() == 4 && read_number(fields[1], elder.pid) && elder.pid > 1 &&
                      read_number(fields[2], elder.channel_fd) && read_number(fields[3], is_monitor);
    elder.is_monitor = is_monitor != 0;
    if (fine) handover.elders.push_back(elder);
    return fine;
}

bool read_askers(const std::vector<std::string>& fields, Handover& handover) {
    if (fields.size() < 3 || !read_number(fields[1], handover.requests_fd)) return false;
    for (std::size_t i = 2; i < fields.size(); ++i) {
        if (!read_number(fields[i], handover.askers.emplace_back())) return false;
    }
    return true;
}

std::string askers_line(const Handover& handover) {
    std::string line = "askers\t" + std::to_string(handover.requests_fd);
    for (const std::uint64_t id : handover.askers) line += "\t" + std::to_string(id);
    return line;
}

bool read_line(const std::string& line, Handover& handover) {
    const std::vector<std::string> fields = split(line, '\t');
    if (fields[0] == "place") return read_place(fields, handover);
    if (fields[0] == "elder") return read_elder(fields, handover);
    if (fields[0] == "askers") return read_askers(fields, handover);
    if (fields[0] == "rehearsal") return handover.rehearsal = fields.size() == 1;
    if (fields[0] == "channel" && fields.size() == 2) return read_number(fields[1], handover.channel_fd);
    if (fields[0] == "pidfile" && fields.size() == 3) {
        handover.pidfile = fields[2];
        return read_number(fields[1], handover.pidfile_fd);
    }
    if (fields[0] != "listener" && fields[0] != "control") return false;
    auto socket = parse_socket(fields);
    if (socket) (fields[0] == "control" ? handover.control : handover.sockets).push_back(std::move(*socket));
    return socket.has_value();
}

/// Between the tabs of one line.
bool is_field(const std::string& text) { return text.find_first_of("\t\n") == std::string::npos; }

std::string as_field(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c == '\t' || c == '\n'; }, ' ');
    return text;
}

/// The first of the texts that can't be told; none: all can.
const std::string* find_untellable(const Handover& handover) {
    if (!is_field(handover.pidfile)) return &handover.pidfile;
    for (const auto* sockets : {&handover.sockets, &handover.control}) {
        for (const HandoverSocket& socket : *sockets) {
            if (!is_field(socket.bind)) return &socket.bind;
            if (!is_field(socket.address)) return &socket.address;
        }
    }
    return nullptr;
}

std::string to_line(const char* kind, const HandoverSocket& socket) {
    return std::string(kind) + "\t" + std::to_string(socket.fd) + "\t" + std::to_string(socket.lane) + "\t" +
           (socket.foreign ? "1" : "0") + "\t" + std::to_string(socket.file_device) + "\t" +
           std::to_string(socket.file_inode) + "\t" + socket.bind + "\t" + socket.address;
}

/// A part of it would be sockets that nobody takes over.
Error too_long(const std::string& what, std::size_t bytes) {
    return Error(what + ": its description takes " + std::to_string(bytes) + " bytes, and may take " +
                 std::to_string(kLongestText));
}

/// In memory, or where a filter refuses that, in a directory for such things. Empty, with errno: nowhere.
UniqueFd make_nameless_file() {
    UniqueFd fd(::memfd_create("girin-handover", MFD_CLOEXEC));
    for (const char* const directory : {"/dev/shm", "/tmp", "/var/tmp"}) {
        if (!fd) fd.reset(::open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    }
    return fd;
}

}  // namespace

std::vector<HandoverSocket> to_handover(const ListenerSet& listeners) {
    std::vector<HandoverSocket> sockets;
    for (const Listener& listener : listeners.listeners()) {
        HandoverSocket socket;
        socket.foreign = listener.is_foreign();
        socket.file_device = listener.file().device();
        socket.file_inode = listener.file().inode();
        socket.bind = listener.address().to_text();
        socket.address = listener.text();
        for (const int fd : listener.descriptors()) {
            socket.fd = fd;
            sockets.push_back(socket);
            ++socket.lane;
        }
    }
    return sockets;
}

Result<std::string> to_text(const Handover& handover) {
    if (const std::string* const untellable = find_untellable(handover)) {
        return Error("hand over '" + *untellable + "': a path with a tab or a line's end in it");
    }
    std::string text = std::string(kTitle) + std::to_string(kHandoverVersion) + "\n";
    std::vector<std::string> lines;
    if (!handover.in_place) lines.push_back("channel\t" + std::to_string(handover.channel_fd));
    if (handover.rehearsal) lines.emplace_back("rehearsal");
    if (handover.pidfile_fd >= 0) lines.push_back("pidfile\t" + std::to_string(handover.pidfile_fd) + "\t" + handover.pidfile);
    for (const HandoverSocket& socket : handover.sockets) lines.push_back(to_line("listener", socket));
    for (const HandoverSocket& socket : handover.control) lines.push_back(to_line("control", socket));
    if (handover.in_place) lines.push_back("place\t" + std::to_string(handover.binary_fd) + "\t" + as_field(handover.failure));
    for (const Elder& elder : handover.elders) {
        lines.push_back("elder\t" + std::to_string(elder.pid) + "\t" + std::to_string(elder.channel_fd) + "\t" +
                        (elder.is_monitor ? "1" : "0"));
    }
    if (!handover.askers.empty()) lines.push_back(askers_line(handover));
    for (const std::string& line : lines) text += line + "\n";
    return Result<std::string>(boost::system::in_place_value, std::move(text));
}

Result<Handover> parse_handover(const std::string& text) {
    std::vector<std::string> lines = split(text, '\n');
    if (lines.back().empty()) lines.pop_back();
    if (lines.empty() || lines[0] != std::string(kTitle) + std::to_string(kHandoverVersion)) {
        return Error("take over from the running master: it speaks another version; stop it and start anew");
    }
    Handover handover;
    for (std::size_t i = 1; i < lines.size(); ++i) {
        if (!read_line(lines[i], handover)) return not_understood(lines[i]);
    }
    if (handover.channel_fd < 0 && !handover.in_place) return not_understood("no channel");
    return handover;
}

Result<UniqueFd> write_to_memory(const std::string& text) {
    if (text.size() > kLongestText) return too_long("hand over to a new master", text.size());
    UniqueFd fd = make_nameless_file();
    if (!fd) return Error::from_errno(errno, "hand over to a new master");
    const auto size = static_cast<ssize_t>(text.size());
    if (::pwrite(fd.get(), text.data(), text.size(), 0) != size) {
        return Error::from_errno(errno, "hand over to a new master");
    }
    return fd;
}

Result<std::string> read_memory(int fd) {
    struct stat about {};
    if (::fstat(fd, &about) != 0 || about.st_size <= 0) return Error(std::string(kHandoverVariable) + ": no such handover");
    const auto size = static_cast<std::size_t>(about.st_size);
    if (size > kLongestText) return too_long("take over from the running master", size);
    std::string text(size, '\0');
    const ssize_t bytes = ::pread(fd, text.data(), text.size(), 0);
    if (bytes < 0) return Error::from_errno(errno, "read", kHandoverVariable);
    if (static_cast<std::size_t>(bytes) != size) return Error(std::string(kHandoverVariable) + ": it ends too soon");
    return Result<std::string>(boost::system::in_place_value, std::move(text));
}

Result<HandedSockets> take_sockets(const std::vector<HandoverSocket>& all) {
    HandedSockets sockets;
    for (const HandoverSocket& told : all) {
        const auto address = local_address(told.fd);
        if (!address) return address.error();
        // A Unix socket's path may have been cut or be relative; its file is known by its inode.
        if (address->family() != AF_UNIX && address->to_text() != told.address) {
            return Error("take over " + told.address + ": the socket handed over is bound to " + address->to_text());
        }
        HandedSocket socket;
        socket.fd.reset(told.fd);
        socket.bind = told.bind;
        socket.lane = told.lane;
        socket.foreign = told.foreign;
        socket.file_device = told.file_device;
        socket.file_inode = told.file_inode;
        if (auto added = sockets.add(std::move(socket)); !added) return added.error();
    }
    return sockets;
}

}  // namespace girin
