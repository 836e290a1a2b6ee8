#pragma once

// What an ELF file says about itself, read from its bytes before any of its code is mapped: is it a shared object
// that this process can load, what does it need, which applications does it export. Pure; every offset in the file
// is doubted. Not here: loading (loader.hpp).

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "girin/base/error.hpp"

namespace girin {

/// An application, or what it was built with, as the file exports it.
struct ElfExport {
    std::string name;
    /// The first bytes of the exported object as they lie in the file; empty where the file holds none (zeroed data).
    std::span<const std::byte> object;
};

/// Borrows the bytes it was read from.
struct ElfLibrary {
    std::vector<std::string_view> needed;      // DT_NEEDED, in order
    std::string_view search_path;              // DT_RUNPATH, else DT_RPATH
    bool symbols_known = false;                // false: the file has no section table (sstrip), so they can't be listed
    std::vector<ElfExport> applications;       // symbols named girin_application_<name>, sorted by name
    std::vector<ElfExport> crossings;          // likewise girin_crossing_<name> (girin/base/crossing.hpp)
};

/// Errors: one sentence without the file's name, such as "is built for aarch64, this girin for x86-64",
/// "is a text file, not a shared object", "is cut off: 512 of 16384 bytes".
Result<ElfLibrary> read_elf_library(std::span<const std::byte> file);

}  // namespace girin
