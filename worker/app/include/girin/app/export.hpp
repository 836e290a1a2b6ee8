#pragma once

// How a shared object exports an application: one macro line. The loader (loader.hpp) reads what stands here.

#include <cstdint>
#include <memory>
#include <type_traits>

#include "girin/app/application.hpp"

namespace girin {

/// Grows with every change of what crosses the border between girin and an application: classes in worker/app, Coro,
/// the loop's public classes. A library built for another value is refused by the loader, never called.
inline constexpr std::uint32_t kAbiVersion = 3;

/// What strings, vectors and functions that cross it are laid out by. Of Boost nothing crosses here; for the loop's
/// headers see girin/base/crossing.hpp.
enum class StandardLibrary : std::uint32_t {
    libstdcxx_old_strings = 0,
    libstdcxx = 1,
    libstdcxx_debug = 2,  // _GLIBCXX_DEBUG
    libcxx = 3,
    other = 4,
};
#if defined(_LIBCPP_VERSION)
inline constexpr StandardLibrary kStandardLibrary = StandardLibrary::libcxx;
#elif defined(_GLIBCXX_DEBUG)
inline constexpr StandardLibrary kStandardLibrary = StandardLibrary::libstdcxx_debug;
#elif defined(__GLIBCXX__)
inline constexpr StandardLibrary kStandardLibrary =
    _GLIBCXX_USE_CXX11_ABI ? StandardLibrary::libstdcxx : StandardLibrary::libstdcxx_old_strings;
#else
inline constexpr StandardLibrary kStandardLibrary = StandardLibrary::other;
#endif

/// What a library exports under `girin_application_<name>`. The first two members never move.
struct ApplicationExport {
    std::uint32_t magic = kMagic;
    std::uint32_t abi_version = kAbiVersion;
    StandardLibrary standard_library = kStandardLibrary;
    /// Which girin headers, for the message.
    const char* built_with = "girin 0.1";
    Application* (*create)() = nullptr;

    static constexpr std::uint32_t kMagic = 0x6e726967;  // "girn"

    constexpr explicit ApplicationExport(Application* (*make)()) : create(make) {}
};

namespace detail {

template <class What>
Application* create_application() {
    return new What();
}

}  // namespace detail
}  // namespace girin

/// `GIRIN_APPLICATION(app, Shop)`: exports class Shop (an Application with a default constructor) under the name
/// `app`, which is the one that `girin ./libshop.so` looks for; `girin ./libshop.so:other` takes `other`.
#define GIRIN_APPLICATION(name, Type)                                                        \
    extern "C" __attribute__((visibility("default"))) const ::girin::ApplicationExport       \
        girin_application_##name;                                                            \
    const ::girin::ApplicationExport girin_application_##name(                               \
        &::girin::detail::create_application<Type>);
