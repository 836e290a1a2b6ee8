#include "supervisor/process/environment.hpp"

#include <cstdlib>

namespace girin {
namespace {

std::optional<std::string> variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
}

/// None: it isn't there.
void put(const std::string& name, const std::optional<std::string>& value) {
    if (value) ::setenv(name.c_str(), value->c_str(), 1);
    if (!value) ::unsetenv(name.c_str());
}

}  // namespace

Result<void> Environment::set(const std::vector<std::string>& entries) {
    take_back();
    for (const std::string& entry : entries) {
        const std::size_t equals = entry.find('=');
        if (equals == std::string::npos || equals == 0) return Error("an environment entry isn't NAME=VALUE");
        const std::string name = entry.substr(0, equals);
        covered_.try_emplace(name, variable(name));
        put(name, entry.substr(equals + 1));
    }
    return {};
}

void Environment::take_back() {
    for (const auto& [name, before] : covered_) put(name, before);
    covered_.clear();
}

void set_user_variables(const std::string& name, const std::string& home) {
    for (const char* const of_name : {"USER", "LOGNAME"}) {
        put(of_name, name.empty() ? std::nullopt : std::optional(name));
    }
    put("HOME", home.empty() ? "/" : home);
    for (const char* const of_session : {"XDG_RUNTIME_DIR", "MAIL"}) ::unsetenv(of_session);
}

}  // namespace girin
