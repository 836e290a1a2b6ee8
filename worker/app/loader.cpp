#include "worker/app/loader.hpp"

#include <dlfcn.h>
#include <unistd.h>

#include <cctype>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "worker/app/demo.hpp"
#include "worker/app/elf_library.hpp"
#include "worker/app/export.hpp"
#include "worker/app/library_image.hpp"
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
    std::uint32_t cxx11_strings = 0;
};

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
    if (head.cxx11_strings != _GLIBCXX_USE_CXX11_ABI) {
        return Error(source.file() + ": built with _GLIBCXX_USE_CXX11_ABI=" + std::to_string(head.cxx11_strings) +
                     ", this girin with " + std::to_string(_GLIBCXX_USE_CXX11_ABI));
    }
    return {};
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
    if (wanted->object.size() < sizeof head) return {};  // made at run time: looked at when it is mapped
    std::memcpy(&head, wanted->object.data(), sizeof head);
    return check_export(head, source);
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

std::string directory_of(const std::string& file) {
    const std::size_t slash = file.find_last_of('/');
    std::string directory = slash == std::string::npos ? "." : file.substr(0, slash);
    if (directory.empty()) return "/";
    if (directory.front() == '/') return directory;
    char current[PATH_MAX];
    return ::getcwd(current, sizeof current) ? std::string(current) + "/" + directory : directory;
}

/// The places of a search path that hang on $ORIGIN, as they would be for a library in `directory`.
std::vector<std::string> origin_places(std::string_view search_path, const std::string& directory) {
    std::vector<std::string> places;
    while (!search_path.empty()) {
        const std::size_t colon = std::min(search_path.find(':'), search_path.size());
        std::string place(search_path.substr(0, colon));
        search_path.remove_prefix(std::min(colon + 1, search_path.size()));
        for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
            if (!place.starts_with(word)) continue;
            places.push_back(place.replace(0, word.size(), directory));
            break;
        }
    }
    return places;
}

/// The copy lies nowhere, so the dynamic linker can't find what lies beside the original: that is opened here first.
/// The linker then takes it as already loaded, by its soname.
Result<void> open_dependencies(const ElfLibrary& elf, const AppSource& source) {
    const std::vector<std::string> places = origin_places(elf.search_path, directory_of(source.file()));
    for (const std::string_view name : elf.needed) {
        for (const std::string& place : places) {
            const std::string file = place + "/" + std::string(name);
            if (::access(file.c_str(), F_OK) != 0) continue;
            if (::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
                return Error(source.file() + ": " + explain_link_error(::dlerror(), file));
            }
            break;
        }
    }
    return {};
}

/// An exception of a static constructor passes through dlopen, although that is declared noexcept, which a call
/// through this pointer doesn't know. The dynamic linker's lock stays with this thread then: good enough to say why,
/// and to exit.
void* dlopen_throwing(const char* path, int flags) {
    void* (*volatile const call)(const char*, int) = &::dlopen;
    return call(path, flags);
}

Result<void*> open_library(Inspected& library, const AppSource& source) {
    if (!load_in_place_wanted()) {
        if (auto opened = open_dependencies(library.elf, source); !opened) return opened.error();
    }
    const std::string& path = library.image.path();
    void* handle = nullptr;
    try {
        handle = dlopen_throwing(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    } catch (const std::exception& error) {
        return Error(source.file() + ": failed while it was loaded: " + error.what());
    } catch (...) {
        return Error(source.file() + ": failed while it was loaded: an exception that is not a std::exception");
    }
    if (handle == nullptr) return Error(source.file() + ": " + explain_link_error(::dlerror(), path));
    library.image.keep_open();
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
    const ExportHead head{exported->magic, exported->abi_version, exported->cxx11_strings};
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
    const std::string failed = source.text() + ": its constructor failed: ";
    try {
        std::unique_ptr<Application> made = code.make();
        if (!made) return Error(failed + "it made nothing");
        return LoadedApplication(std::move(made), code.built_with);
    } catch (const std::exception& error) {
        return Error(failed + error.what());
    } catch (...) {
        return Error(failed + "an exception that is not a std::exception");
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
