#include "worker/app/link_error.hpp"

#include <cxxabi.h>

#include <cstdlib>

namespace girin {
namespace {

std::string demangled(std::string_view symbol) {
    const std::string name(symbol);
    int status = 0;
    char* readable = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
    const std::string text = readable ? readable : name;
    std::free(readable);
    return text;
}

void drop_all(std::string& text, std::string_view word) {
    if (word.empty()) return;
    for (std::size_t at; (at = text.find(word)) != std::string::npos;) text.erase(at, word.size());
}

std::string explain_symbol(std::string_view symbol) {
    const std::string name = demangled(symbol);
    const bool ours = name.find("girin::") != std::string::npos || name.find("boost::girin_asio_") != std::string::npos;
    return "needs " + name + ", which " + (ours ? "this girin hasn't: build it again with this girin's headers"
                                                : "neither it nor its libraries provide");
}

}  // namespace

std::string explain_link_error(const char* message, std::string_view path) {
    constexpr std::string_view kUndefined = "undefined symbol: ";
    constexpr std::string_view kCannotOpen = ": cannot open shared object file: ";
    if (message == nullptr) return "can't be loaded";
    std::string text = message;
    drop_all(text, std::string(path) + ": ");
    drop_all(text, " (required by " + std::string(path) + ")");
    if (const std::size_t at = text.find(kUndefined); at != std::string::npos) {
        const std::string_view symbol = std::string_view(text).substr(at + kUndefined.size());
        return explain_symbol(symbol.substr(0, symbol.find_first_of(" ,\t\n")));
    }
    if (text.find(kCannotOpen) != std::string::npos) return "needs " + text;
    return "can't be loaded: " + text;
}

}  // namespace girin
