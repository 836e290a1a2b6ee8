// An export as another girin's headers would have made it. It also needs a symbol that no girin has, as such
// libraries do: the sentence must name the ABI, not the symbol.

#include <girin/app.hpp>

extern "C" girin::Application* girin_symbol_of_another_abi();

namespace {

struct OtherExport {
#ifdef WRONG_MAGIC
    std::uint32_t magic = 42;
#else
    std::uint32_t magic = girin::ApplicationExport::kMagic;
#endif
#if defined(WRONG_MAGIC) || defined(WRONG_STRINGS)
    std::uint32_t abi_version = girin::kAbiVersion;
#else
    std::uint32_t abi_version = girin::kAbiVersion + 1;
#endif
#ifdef WRONG_STRINGS
    girin::StandardLibrary standard_library = girin::StandardLibrary::libstdcxx_old_strings;
#else
    girin::StandardLibrary standard_library = girin::kStandardLibrary;
#endif
    const char* built_with = "girin 9.9";
    girin::Application* (*create)() = girin_symbol_of_another_abi;
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const OtherExport girin_application_app;
const OtherExport girin_application_app{};
