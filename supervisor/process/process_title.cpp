#include "supervisor/process/process_title.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>

namespace girin {
namespace {

/// The end of the strings that lie one after another from `end` on, as the kernel laid them out.
char* skip_contiguous(char** strings, char* end) {
    for (; *strings; ++strings) {
        if (*strings == end) end = *strings + std::strlen(*strings) + 1;
    }
    return end;
}

/// A copy that lives as long as the process, as the original did: also when no variable points to it any more.
char* keep_copy(const char* text) {
    static auto* const copies = new std::deque<std::string>;
    return copies->emplace_back(text).data();
}

}  // namespace

ProcessTitle::ProcessTitle(int argc, char** argv) {
    if (argc < 1 || !argv[0]) return;
    begin_ = argv[0];
    char* end = skip_contiguous(argv, begin_);
    if (environ) end = skip_contiguous(environ, end);
    bytes_ = static_cast<std::size_t>(end - begin_);
    for (char** entry = environ; entry && *entry; ++entry) *entry = keep_copy(*entry);
    for (int i = 0; i < argc; ++i) argv[i] = keep_copy(argv[i]);
}

void ProcessTitle::set(std::string_view title) {
    const std::size_t colon = title.find(": ");  // the short name has room for the role only
    const std::string role(title.substr(0, title.find(" [")));
    ::prctl(PR_SET_NAME, colon == std::string_view::npos ? role.c_str() : ("girin:" + role.substr(colon + 2)).c_str());
    if (bytes_ == 0) return;
    const std::size_t shown = std::min(title.size(), bytes_ - 1);
    std::memcpy(begin_, title.data(), shown);
    std::memset(begin_ + shown, 0, bytes_ - shown);
}

std::string make_process_title(std::string_view role, std::string_view name) {
    std::string title = "girin: ";
    title.append(role);
    if (!name.empty()) title.append(" [").append(name).append("]");
    return title;
}

}  // namespace girin
