#include "loop/base/uncaught.hpp"

#include <cxxabi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "girin/log.hpp"

namespace girin {
namespace {

std::string name_of(const std::type_info& type) {
    int status = 0;
    char* const demangled = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
    std::string name = status == 0 ? demangled : type.name();
    std::free(demangled);
    return name;
}

[[noreturn]] void on_terminate() {
    log_critical(abi::__cxa_current_exception_type() == nullptr
                     ? "std::terminate() was called; the process aborts"
                     : "Uncaught exception, the process aborts: " + describe_current_exception(),
                 {{"thread", static_cast<std::int64_t>(::syscall(SYS_gettid))}});
    std::abort();
}

}  // namespace

std::string describe_current_exception() {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    const std::string name = type != nullptr ? name_of(*type) : "an exception of unknown type";
    try {
        throw;
    } catch (const std::exception& error) {
        return name + ": " + error.what();
    } catch (...) {
        return name;
    }
}

void log_uncaught_exceptions() {
    if (std::get_terminate() == &__gnu_cxx::__verbose_terminate_handler) std::set_terminate(&on_terminate);
}

}  // namespace girin
