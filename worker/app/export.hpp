#pragma once

// How a shared object exports an application: one macro line. The loader (loader.hpp) reads what stands here.

#include <cstdint>
#include <memory>
#include <type_traits>

#include "worker/app/application.hpp"

namespace girin {

/// Grows with every change of what crosses the border between girin and an application: classes in worker/app, Coro,
/// the loop's public classes. A library built for another value is refused by the loader, never called.
inline constexpr std::uint32_t kAbiVersion = 2;

/// What a library exports under `girin_application_<name>`. The first two members never move.
struct ApplicationExport {
    std::uint32_t magic = kMagic;
    std::uint32_t abi_version = kAbiVersion;
    /// A compiler's own ABI choices that would break calls in silence.
    std::uint32_t cxx11_strings = _GLIBCXX_USE_CXX11_ABI;
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
