#include "worker/app/library_place.hpp"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "girin/base/unique_fd.hpp"

namespace girin {
namespace {

using FileBytes = std::span<const std::byte>;
using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Dynamic = ElfW(Dyn);

/// A table in a file whose every offset is doubted.
template <class Row>
struct Table {
    std::vector<Row> rows;
    std::size_t offset = 0;  // of the first one

    std::size_t offset_of(const Row& row) const {
        return offset + static_cast<std::size_t>(&row - rows.data()) * sizeof(Row);
    }
};

template <class Row>
Table<Row> read_table(FileBytes file, std::uint64_t offset, std::uint64_t count) {
    Table<Row> table;
    table.offset = offset;
    for (std::uint64_t i = 0; i < count && offset <= file.size() && file.size() - offset >= sizeof(Row); ++i) {
        std::memcpy(&table.rows.emplace_back(), file.data() + offset, sizeof(Row));
        offset += sizeof(Row);
    }
    return table;
}

Table<Segment> segments_of(FileBytes file) {
    Header header;
    if (file.size() < sizeof header) return {};
    std::memcpy(&header, file.data(), sizeof header);
    const bool is_ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_phentsize == sizeof(Segment);
    return is_ours ? read_table<Segment>(file, header.e_phoff, header.e_phnum) : Table<Segment>();
}

Table<Dynamic> dynamic_of(FileBytes file, const Table<Segment>& segments) {
    for (const Segment& segment : segments.rows) {
        if (segment.p_type == PT_DYNAMIC) {
            return read_table<Dynamic>(file, segment.p_offset, segment.p_filesz / sizeof(Dynamic));
        }
    }
    return {};
}

std::optional<std::uint64_t> address_of_strings(const Table<Dynamic>& dynamic) {
    for (const Dynamic& entry : dynamic.rows) {
        if (entry.d_tag == DT_STRTAB) return entry.d_un.d_ptr;
    }
    return std::nullopt;
}

/// The text at a mapped address, as the file has it.
std::string_view text_at(FileBytes file, const Table<Segment>& segments, std::uint64_t address) {
    for (const Segment& segment : segments.rows) {
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
        const std::uint64_t offset = segment.p_offset + (address - segment.p_vaddr);
        if (offset >= file.size()) return {};
        const char* begin = reinterpret_cast<const char*>(file.data()) + offset;
        const void* end = std::memchr(begin, 0, file.size() - offset);
        return end ? std::string_view(begin, static_cast<const char*>(end)) : std::string_view();
    }
    return {};
}

bool names_files(const Dynamic& entry) {
    return entry.d_tag == DT_RUNPATH || entry.d_tag == DT_RPATH || entry.d_tag == DT_NEEDED || entry.d_tag == DT_FILTER ||
           entry.d_tag == DT_AUXILIARY;
}

std::string with_directory(std::string_view text, const std::string& directory) {
    std::string placed(text);
    for (const std::string_view word : {"$ORIGIN", "${ORIGIN}"}) {
        for (std::size_t at = 0; (at = placed.find(word, at)) != std::string::npos; at += directory.size()) {
            placed.replace(at, word.size(), directory);
        }
    }
    return placed;
}

struct Span {
    std::uint64_t end = 0;        // of all that is loaded, as addresses
    std::uint64_t alignment = 1;
    const Segment* last = nullptr;
};

Span loaded_span(const Table<Segment>& segments) {
    Span span;
    for (const Segment& segment : segments.rows) {
        if (segment.p_type != PT_LOAD) continue;
        span.end = std::max<std::uint64_t>(span.end, segment.p_vaddr + segment.p_memsz);
        span.alignment = std::max<std::uint64_t>(span.alignment, segment.p_align);
        span.last = &segment;
    }
    return span;
}

/// The dynamic linker wants loaded segments in the order of their addresses.
const Segment* spare_segment(const Table<Segment>& segments, const Span& loaded) {
    for (const Segment& segment : segments.rows) {
        const bool is_spare = segment.p_type == PT_NOTE || segment.p_type == PT_GNU_PROPERTY;
        if (is_spare && loaded.last != nullptr && &segment > loaded.last) return &segment;
    }
    return nullptr;
}

std::uint64_t round_up(std::uint64_t value, std::uint64_t step) { return (value + step - 1) / step * step; }

template <class Row>
std::string bytes_of(const Row& row) {
    return std::string(reinterpret_cast<const char*>(&row), sizeof row);
}

/// Reads what may not be ours to read, without harm. By the bare system call: AddressSanitizer, preloaded for an application
/// that was built with it, looks into what write() is given.
bool holds_text(UniqueFd& out, UniqueFd& in, const void* address, const std::string& text) {
    std::string there(text.size() + 1, '\0');
    if (::syscall(SYS_write, out.get(), address, there.size()) != static_cast<long>(there.size())) return false;
    if (::read(in.get(), there.data(), there.size()) != static_cast<ssize_t>(there.size())) return false;
    return std::memcmp(there.data(), text.c_str(), there.size()) == 0;
}

std::string origin_of(void* handle) {
    char origin[PATH_MAX] = "";
    return ::dlinfo(handle, RTLD_DI_ORIGIN, origin) == 0 ? origin : "";
}

/// glibc keeps the place as a pointer to a text somewhere behind the public part of a link_map.
Result<void> tell_origin(void* handle, link_map* map, const std::string& directory) {
    const std::string former = origin_of(handle);
    if (former == directory) return {};
    auto pipe = make_pipe();
    if (!pipe) return pipe.error();
    char** const begin = reinterpret_cast<char**>(map + 1);
    char** const end = reinterpret_cast<char**>(reinterpret_cast<char*>(map) + ::malloc_usable_size(map));
    for (char** word = begin; word < end && !former.empty(); ++word) {
        if (*word == nullptr || !holds_text(pipe->second, pipe->first, *word, former)) continue;
        char* const kept = *word;
        *word = ::strdup(directory.c_str());
        if (origin_of(handle) == directory) return {};
        *word = kept;
    }
    return Error("this dynamic linker keeps the place of a library where it can't be told");
}

}  // namespace

Result<std::vector<FilePatch>> place_patches(FileBytes file, const std::string& directory) {
    std::vector<FilePatch> patches;
    const Table<Segment> segments = segments_of(file);
    const Table<Dynamic> dynamic = dynamic_of(file, segments);
    const auto strings = address_of_strings(dynamic);
    if (!strings) return patches;
    const Span loaded = loaded_span(segments);
    const std::uint64_t address = round_up(loaded.end, loaded.alignment);
    std::string added;
    for (const Dynamic& entry : dynamic.rows) {
        if (entry.d_tag == DT_NULL) break;
        if (!names_files(entry)) continue;
        const std::string_view text = text_at(file, segments, *strings + entry.d_un.d_val);
        const std::string placed = with_directory(text, directory);
        if (placed == text) continue;
        Dynamic changed = entry;
        changed.d_un.d_val = address + added.size() - *strings;
        patches.push_back({dynamic.offset_of(entry), bytes_of(changed)});
        added.append(placed).push_back('\0');
    }
    if (patches.empty()) return patches;
    const Segment* const spare = spare_segment(segments, loaded);
    if (spare == nullptr) {
        return Error("finds libraries by $ORIGIN, and has no note that could make room for its place: link it with "
                     "-Wl,--build-id, or run with GIRIN_LOAD_IN_PLACE=1");
    }
    Segment segment{};
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R;
    segment.p_offset = round_up(file.size(), loaded.alignment);
    segment.p_vaddr = segment.p_paddr = address;
    segment.p_filesz = segment.p_memsz = added.size();
    segment.p_align = loaded.alignment;
    patches.push_back({segments.offset_of(*spare), bytes_of(segment)});
    patches.push_back({static_cast<std::size_t>(segment.p_offset), std::move(added)});
    return patches;
}

Result<void> tell_place(void* handle, const std::string& file) {
    link_map* map = nullptr;
    if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return Error("there is no record of the library");
    map->l_name = ::strdup(file.c_str());  // the former one is the linker's, and never freed: nothing is unloaded
    return tell_origin(handle, map, directory_of(file));
}

std::string directory_of(const std::string& absolute) {
    const std::size_t slash = absolute.find_last_of('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : absolute.substr(0, slash);
}

}  // namespace girin
