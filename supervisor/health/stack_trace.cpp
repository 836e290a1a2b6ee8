#include "supervisor/health/stack_trace.hpp"

#include <cxxabi.h>
#include <dirent.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

std::optional<std::string> link_target(const std::string& path) {
    std::array<char, PATH_MAX> target;
    const ssize_t bytes = ::readlink(path.c_str(), target.data(), target.size());
    if (bytes <= 0) return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(bytes));
}

/// A library that was loaded from a private copy (worker/app/library_image.hpp) has no file any more, but its process
/// holds a descriptor.
int open_memory_file(pid_t pid, std::string_view name) {
    const std::string directory = "/proc/" + std::to_string(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory.c_str()), &::closedir);
    while (const dirent* const entry = entries ? ::readdir(entries.get()) : nullptr) {
        const std::string path = directory + "/" + entry->d_name;
        if (link_target(path) == name) return ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    }
    return -1;
}

pid_t g_traced = 0;  // libdw's callback has no room for more; one process traces one other

int find_elf(Dwfl_Module* module, void** data, const char* name, Dwarf_Addr base, char** file, Elf** elf) {
    if (std::string_view(name).starts_with("/memfd:")) {
        const int fd = open_memory_file(g_traced, name);
        if (fd >= 0) {
            *file = ::strdup(name);
            return fd;
        }
    }
    return ::dwfl_linux_proc_find_elf(module, data, name, base, file, elf);
}

std::string base_name(std::string_view path) {
    std::string name(path.substr(path.rfind('/') + 1));
    if (const auto deleted = name.find(" (deleted)"); deleted != std::string::npos) name.resize(deleted);
    if (name.starts_with("memfd:")) name.erase(0, std::strlen("memfd:"));
    return name;
}

/// A coroutine's body is a clone of the function with its frame for an argument, which says nothing: "serve()".
void tidy_coroutine(std::string& name) {
    std::size_t clone = std::string::npos;
    for (const char* const body : {" [clone .actor]", " [clone .resume]"}) clone = std::min(clone, name.find(body));
    if (clone == std::string::npos) return;
    name.resize(clone);
    if (!name.ends_with(')')) return;
    int open = 0;
    for (std::size_t at = name.size(); at-- > 0;) {
        open += (name[at] == ')') - (name[at] == '(');
        if (open == 0) return static_cast<void>(name.replace(at, std::string::npos, "()"));
    }
}

std::string demangled(const char* symbol) {
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
    constexpr std::size_t kLongestName = 160;  // templates can fill a page
    std::string text = status == 0 ? name.get() : symbol;
    tidy_coroutine(text);
    if (text.size() > kLongestName) text = text.substr(0, kLongestName) + "…";
    return text;
}

std::string to_hex(Dwarf_Addr address) {
    std::array<char, 24> text;
    std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(address));
    return text.data();
}

/// " at shop.cpp:12", from debug information; else " in libshop.so".
std::string place_of(Dwfl_Module* module, Dwarf_Addr address) {
    int line = 0;
    if (Dwfl_Line* const found = ::dwfl_module_getsrc(module, address)) {
        const char* const source = ::dwfl_lineinfo(found, nullptr, &line, nullptr, nullptr, nullptr);
        if (source) return " at " + base_name(source) + ":" + std::to_string(line);
    }
    const char* const name = ::dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    return name ? " in " + base_name(name) : "";
}

std::string describe_frame(Dwfl* dwfl, Dwarf_Addr address) {
    Dwfl_Module* const module = ::dwfl_addrmodule(dwfl, address);
    if (!module) return to_hex(address);
    const char* const symbol = ::dwfl_module_addrname(module, address);
    return (symbol ? demangled(symbol) : to_hex(address)) + place_of(module, address);
}

struct Trace {
    Dwfl* dwfl;
    pid_t pid;
    pid_t first;  // there is always room for this one
    std::vector<ThreadStack> stacks;
    bool has_first = false;
};

struct FrameSink {
    Dwfl* dwfl;
    ThreadStack* stack;
};

int on_frame(Dwfl_Frame* frame, void* data) {
    auto& sink = *static_cast<FrameSink*>(data);
    if (sink.stack->frames.size() >= kMostFrames) {
        sink.stack->cut = true;
        return DWARF_CB_ABORT;
    }
    Dwarf_Addr address = 0;
    bool is_activation = false;
    if (!::dwfl_frame_pc(frame, &address, &is_activation)) return DWARF_CB_ABORT;
    // A return address stands behind its call, which may be the last of its function.
    sink.stack->frames.push_back(describe_frame(sink.dwfl, is_activation ? address : address - 1));
    // What called this was the master, before the fork.
    return sink.stack->frames.back().starts_with("girin::worker_main(") ? DWARF_CB_ABORT : DWARF_CB_OK;
}

std::string thread_name(pid_t pid, pid_t tid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/comm");
    std::string name;
    std::getline(file, name);
    return name;
}

/// Of one that crashes: the frames of the handler that tells of it, down to the one through which the kernel entered.
void drop_signal_handler(std::vector<std::string>& frames) {
    const auto entry = std::ranges::find_if(frames, [](const std::string& f) { return f.starts_with("__restore_rt"); });
    if (entry != frames.end()) frames.erase(frames.begin(), entry + 1);
}

int on_thread(Dwfl_Thread* thread, void* data) {
    auto& trace = *static_cast<Trace*>(data);
    const bool is_first = ::dwfl_thread_tid(thread) == trace.first;
    trace.has_first = trace.has_first || is_first;
    const std::size_t room = trace.has_first ? kMostThreads : kMostThreads - 1;
    if (!is_first && trace.stacks.size() >= room) return trace.has_first ? DWARF_CB_ABORT : DWARF_CB_OK;
    ThreadStack& stack = trace.stacks.emplace_back();
    stack.tid = ::dwfl_thread_tid(thread);
    stack.name = thread_name(trace.pid, stack.tid);
    FrameSink sink{trace.dwfl, &stack};
    ::dwfl_thread_getframes(thread, &on_frame, &sink);  // how far it gets is what we tell
    drop_signal_handler(stack.frames);
    return DWARF_CB_OK;
}

Error failure(const char* what, pid_t pid) {
    const char* const reason = ::dwfl_errmsg(-1);
    return Error(std::string(what) + " process " + std::to_string(pid) + ": " + (reason ? reason : "no reason given"));
}

struct DwflEnd {
    void operator()(Dwfl* dwfl) const { ::dwfl_end(dwfl); }
};

}  // namespace

Result<std::vector<ThreadStack>> trace_stacks_blocking(pid_t pid, pid_t first) {
    ::unsetenv("DEBUGINFOD_URLS");  // nothing is fetched from anywhere
    g_traced = pid;
    static char* debuginfo_path = nullptr;  // libdw's default
    Dwfl_Callbacks callbacks{};
    callbacks.find_elf = &find_elf;
    callbacks.find_debuginfo = &::dwfl_standard_find_debuginfo;
    callbacks.debuginfo_path = &debuginfo_path;
    const std::unique_ptr<Dwfl, DwflEnd> dwfl(::dwfl_begin(&callbacks));
    if (!dwfl) return failure("trace", pid);
    if (::dwfl_linux_proc_report(dwfl.get(), pid) != 0) return failure("read the libraries of", pid);
    if (::dwfl_report_end(dwfl.get(), nullptr, nullptr) != 0) return failure("read the libraries of", pid);
    if (::dwfl_linux_proc_attach(dwfl.get(), pid, false) != 0) return failure("trace", pid);
    Trace trace{dwfl.get(), pid, first, {}};
    ::dwfl_getthreads(dwfl.get(), &on_thread, &trace);
    const auto has_frames = [](const ThreadStack& stack) { return !stack.frames.empty(); };
    if (std::ranges::none_of(trace.stacks, has_frames)) return failure("trace", pid);
    const auto wanted = std::ranges::find(trace.stacks, first, &ThreadStack::tid);
    if (wanted != trace.stacks.end()) std::rotate(trace.stacks.begin(), wanted, wanted + 1);
    return std::move(trace.stacks);
}

std::string to_text(const std::vector<ThreadStack>& stacks) {
    std::string text;
    for (const ThreadStack& stack : stacks) {
        if (!text.empty()) text += "; ";
        text += "thread " + std::to_string(stack.tid) + " (" + stack.name + "): ";
        for (std::size_t i = 0; i < stack.frames.size(); ++i) text += (i > 0 ? " < " : "") + stack.frames[i];
        if (stack.cut) text += " < …";
        if (stack.frames.empty()) text += "unknown";
    }
    return text;
}

}  // namespace girin
