#include "worker/app/loader.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "girin/app/export.hpp"
#include "girin/asio/namespace.hpp"
#include "girin/base/boost_types.hpp"
#include "girin/log.hpp"
#include "loop/base/place.hpp"
#include "loop/exception_text.hpp"
#include "worker/app/demo.hpp"
#include "worker/app/elf_library.hpp"
#include "worker/app/library_image.hpp"
#include "worker/app/library_place.hpp"
#include "worker/app/link_error.hpp"

namespace girin {
namespace {

bool is_identifier(std::string_view name) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0]))) return false;
    for (const char c : name) {
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
    }
    return true;
}

// ── what it exports ──────────────────────────────────────────────────────────────────────────────────────────────────

Error no_such_application(const ElfLibrary& library, const AppSource& source) {
    std::string message = source.file();
    if (library.applications.empty()) {
        return Error(message + ": exports no application; one line GIRIN_APPLICATION(" + source.name() +
                     ", YourClass) in its source does");
    }
    message.append(": exports no application '").append(source.name()).append("'; it exports: ");
    for (const ElfExport& one : library.applications) {
        if (&one != library.applications.data()) message.append(", ");
        message.append(one.name);
    }
    return Error(std::move(message));
}

/// The members of ApplicationExport that never move. They need no relocation, so they stand in the file as in memory.
struct ExportHead {
    std::uint32_t magic = 0;
    std::uint32_t abi_version = 0;
    StandardLibrary standard_library = StandardLibrary::other;
};

std::string_view to_words(StandardLibrary library) {
    switch (library) {
        case StandardLibrary::libstdcxx_old_strings: return "libstdc++ with _GLIBCXX_USE_CXX11_ABI=0";
        case StandardLibrary::libstdcxx: return "libstdc++";
        case StandardLibrary::libstdcxx_debug: return "libstdc++ with _GLIBCXX_DEBUG";
        case StandardLibrary::libcxx: return "libc++";
        case StandardLibrary::other: break;
    }
    return "another standard library";
}

Result<void> check_export(const ExportHead& head, const AppSource& source) {
    if (head.magic != ApplicationExport::kMagic) {
        return Error(source.file() + ": its girin_application_" + source.name() +
                     " was not made by GIRIN_APPLICATION");
    }
    if (head.abi_version != kAbiVersion) {
        return Error(source.file() + ": built for girin's ABI " + std::to_string(head.abi_version) +
                     ", this girin has ABI " + std::to_string(kAbiVersion) +
                     "; build it again with this girin's headers");
    }
    if (head.standard_library != kStandardLibrary) {
        return Error(source.file() + ": built with " + std::string(to_words(head.standard_library)) +
                     ", this girin with " + std::string(to_words(kStandardLibrary)));
    }
    return {};
}

/// What a header of ours said that an application which includes it was compiled with; here, what girin was.
struct Crossing {
    std::string_view name;
    std::string_view built_with;
    std::string_view headers;  // that need it
};
const Crossing kCrossings[] = {
    {"asio", girin_crossing_asio, "Boost.Asio on girin's loop"},
    {"boost", girin_crossing_boost, "the headers of girin's loop"},
};

std::string text_of(std::span<const std::byte> object) {
    const std::string_view text(reinterpret_cast<const char*>(object.data()), object.size());
    std::string shown(text.substr(0, text.find('\0')));
    std::ranges::replace(shown, '_', '.');
    return shown;
}

Result<void> check_crossing(const ElfExport& theirs, const AppSource& source) {
    for (const Crossing& ours : kCrossings) {
        if (theirs.name != ours.name) continue;
        const std::string needed = text_of(theirs.object);
        const std::string present = text_of(std::as_bytes(std::span(ours.built_with)));
        if (needed == present) return {};
        return Error(source.file() + ": uses " + std::string(ours.headers) + ", built with " + needed + ", this girin with " +
                     present + "; build it again as girin was");
    }
    return Error(source.file() + ": needs a girin that knows what its '" + theirs.name + "' is; this one is older");
}

/// Before any code is mapped: a library for another ABI would fail to link, with a sentence that doesn't say why.
Result<void> check_in_file(const ElfLibrary& library, const AppSource& source) {
    if (!library.symbols_known) return {};
    const ElfExport* wanted = nullptr;
    for (const ElfExport& one : library.applications) {
        if (one.name == source.name()) wanted = &one;
    }
    if (wanted == nullptr) return no_such_application(library, source);
    ExportHead head;
    if (wanted->object.size() >= sizeof head) {  // else made at run time: looked at when it is mapped
        std::memcpy(&head, wanted->object.data(), sizeof head);
        if (auto fits = check_export(head, source); !fits) return fits;
    }
    for (const ElfExport& one : library.crossings) {
        if (auto fits = check_crossing(one, source); !fits) return fits;
    }
    return {};
}

/// What is known of a library before it is mapped.
struct Inspected {
    LibraryImage image;
    ElfLibrary elf;
    Inspected(LibraryImage taken, ElfLibrary read) : image(std::move(taken)), elf(std::move(read)) {}
};

Result<Inspected> inspect(const AppSource& source) {
    const int copy = source.copy_fd();
    auto image = copy >= 0 ? LibraryImage::of_copy(copy, source.file()) : LibraryImage::take(source.file());
    if (!image) return image.error();
    auto elf = read_elf_library(image->bytes());
    if (!elf) return Error(source.file() + ": " + elf.error().message());
    return Inspected(std::move(*image), std::move(*elf));
}

// ── loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/// An exception of a static constructor passes through dlopen, although that is declared noexcept, which a call
/// through this pointer doesn't know. The dynamic linker's lock stays with this thread then: good enough to say why,
/// and to exit.
void* dlopen_throwing(const char* path, int flags) {
    void* (*volatile const call)(const char*, int) = &::dlopen;
    return call(path, flags);
}

Result<void*> open_library(Inspected& library, const AppSource& source) {
    const std::string& path = library.image.path();
    void* handle = nullptr;
    try {
        handle = dlopen_throwing(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    } catch (...) {
        return Error(source.file() + ": failed while it was loaded: " + current_exception_text());
    }
    if (handle == nullptr) return Error(source.file() + ": " + explain_link_error(::dlerror(), path));
    library.image.keep_open();
    if (!load_in_place_wanted()) {
        if (auto told = tell_place(handle, absolute_path(source.file())); !told) {
            log_warning(source.file() + ": finds nothing beside itself by dlopen() or dladdr(): " + told.error().message());
        }
    }
    return handle;
}

Result<ApplicationCode> load_library(const AppSource& source) {
    auto library = inspect(source);
    if (!library) return library.error();
    if (auto checked = check_in_file(library->elf, source); !checked) return checked.error();
    const auto handle = open_library(*library, source);
    if (!handle) return handle.error();
    const std::string symbol = "girin_application_" + source.name();
    const auto* exported = static_cast<const ApplicationExport*>(::dlsym(*handle, symbol.c_str()));
    if (exported == nullptr) return no_such_application(library->elf, source);
    const ExportHead head{exported->magic, exported->abi_version, exported->standard_library};
    if (auto fits = check_export(head, source); !fits) return fits.error();
    const ApplicationFactory make = [exported] { return std::unique_ptr<Application>(exported->create()); };
    return ApplicationCode(make, exported->built_with);
}

}  // namespace

AppSource AppSource::library(std::string file, std::string name) {
    AppSource source;
    source.kind_ = Kind::library;
    source.file_ = std::move(file);
    source.name_ = std::move(name);
    return source;
}

AppSource AppSource::linked(ApplicationFactory factory, std::string name) {
    AppSource source;
    source.kind_ = Kind::linked;
    source.factory_ = std::move(factory);
    source.name_ = std::move(name);
    return source;
}

std::string AppSource::text() const {
    if (kind_ != Kind::library) return name_;
    return name_ == "app" ? file_ : file_ + ":" + name_;
}

Result<AppSource> parse_app_source(std::string_view text) {
    if (text.empty()) return Error("no application given: 'demo', or the path of a shared object (./libshop.so)");
    if (text == "demo") return AppSource();
    const std::string quoted = "application '" + std::string(text) + "'";
    const std::size_t colon = text.find_last_of(':');
    const bool has_name = colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos;
    const std::string_view file = has_name ? text.substr(0, colon) : text;
    const std::string_view name = has_name ? text.substr(colon + 1) : "app";
    if (file.find('/') == std::string_view::npos && file.find(".so") == std::string_view::npos) {
        return Error(quoted + ": neither 'demo' nor the path of a shared object (./libshop.so)");
    }
    if (!is_identifier(name)) return Error(quoted + ": '" + std::string(name) + "' can't be an application's name");
    return AppSource::library(std::string(file), std::string(name));
}

Result<ApplicationCode> load_code(const AppSource& source) {
    const std::string ours = "girin 0.1";
    switch (source.kind()) {
        case AppSource::Kind::demo: return ApplicationCode(&make_demo_application, ours);
        case AppSource::Kind::linked: return ApplicationCode(source.factory(), ours);
        case AppSource::Kind::library: break;
    }
    return load_library(source);
}

Result<LoadedApplication> make_application(const ApplicationCode& code, const AppSource& source) {
    std::string failed = source.text() + ": its constructor failed: ";
    try {
        std::unique_ptr<Application> made = code.make();
        if (!made) return Error(failed + "it made nothing");
        failed = source.text() + ": its load() failed: ";
        made->load();
        return LoadedApplication(std::move(made), code.built_with);
    } catch (...) {
        return Error(failed + current_exception_text());
    }
}

Result<LoadedApplication> load_application(const AppSource& source) {
    const auto code = load_code(source);
    if (!code) return code.error();
    return make_application(*code, source);
}

Result<void> check_application(const AppSource& source) {
    if (source.kind() != AppSource::Kind::library) return {};
    const auto library = inspect(source);
    if (!library) return library.error();
    return check_in_file(library->elf, source);
}

}  // namespace girin
