// An application that finds things beside its own file, in one of the ways there are.

#include <dlfcn.h>

#include <fstream>
#include <string>

#include <girin/app.hpp>

extern "C" {
int beside_value();
int sum_of_others();
int deeper_value();
__attribute__((visibility("default"))) int application_value() { return 21; }
}

namespace {

int find() {
#if defined(BY_DLADDR)
    Dl_info about{};
    if (::dladdr(reinterpret_cast<void*>(&application_value), &about) == 0) return 0;
    const std::string file = about.dli_fname;
    int value = 0;
    std::ifstream(file.substr(0, file.rfind('/')) + "/value") >> value;
    return value;
#elif defined(BY_DLOPEN)
    void* const plugin = ::dlopen("$ORIGIN/plugins/libdep.so", RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) return 0;
    return reinterpret_cast<int (*)()>(::dlsym(plugin, "beside_value"))();
#elif defined(FROM_OTHERS)
    return sum_of_others();
#elif defined(DEEPER)
    return deeper_value() + 21;
#else
    return beside_value();
#endif
}

girin::Coro<void> handle(girin::Request&, girin::Response& response) {
    response.body("found " + std::to_string(find()) + "\n");
    co_return;
}

}  // namespace

GIRIN_HANDLER(app, handle)
