#include "worker/app/elf_library.hpp"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

namespace girin {
namespace {

using FileBytes = std::span<const std::byte>;
using Header = ElfW(Ehdr);
using Segment = ElfW(Phdr);
using Section = ElfW(Shdr);
using Symbol = ElfW(Sym);
using Dynamic = ElfW(Dyn);

constexpr std::string_view kApplicationPrefix = "girin_application_";
constexpr std::string_view kCrossingPrefix = "girin_crossing_";
constexpr unsigned char kOwnClass = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
constexpr unsigned char kOwnOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

#if defined(__x86_64__)
constexpr unsigned kOwnMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kOwnMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr unsigned kOwnMachine = EM_RISCV;
#elif defined(__powerpc64__)
constexpr unsigned kOwnMachine = EM_PPC64;
#elif defined(__s390x__)
constexpr unsigned kOwnMachine = EM_S390;
#elif defined(__arm__)
constexpr unsigned kOwnMachine = EM_ARM;
#elif defined(__i386__)
constexpr unsigned kOwnMachine = EM_386;
#else
constexpr unsigned kOwnMachine = EM_NONE;  // unknown to us: left to the dynamic linker
#endif

struct MachineRow {
    unsigned machine;
    std::string_view name;
};
constexpr MachineRow kMachines[] = {
    {EM_X86_64, "x86-64"}, {EM_AARCH64, "aarch64"}, {EM_386, "i386"},     {EM_ARM, "arm"},
    {EM_RISCV, "riscv"},   {EM_PPC64, "ppc64"},     {EM_S390, "s390x"},   {EM_MIPS, "mips"},
    {EM_LOONGARCH, "loongarch"},
};

std::string machine_name(unsigned machine) {
    for (const MachineRow& row : kMachines) {
        if (row.machine == machine) return std::string(row.name);
    }
    return "machine " + std::to_string(machine);
}

/// A copy of the T at `offset`, or nothing when it doesn't lie in the file.
template <class T>
std::optional<T> read_at(FileBytes file, std::uint64_t offset) {
    if (offset > file.size() || file.size() - offset < sizeof(T)) return std::nullopt;
    T value;
    std::memcpy(&value, file.data() + offset, sizeof value);
    return value;
}

/// The bytes [offset, offset + size), cut to what the file holds.
FileBytes piece(FileBytes file, std::uint64_t offset, std::uint64_t size) {
    if (offset > file.size()) return {};
    return file.subspan(offset, std::min<std::uint64_t>(size, file.size() - offset));
}

/// The text at `offset` of a string table; empty when it isn't ended there.
std::string_view text_at(FileBytes strings, std::uint64_t offset) {
    if (offset >= strings.size()) return {};
    const char* begin = reinterpret_cast<const char*>(strings.data()) + offset;
    const void* end = std::memchr(begin, 0, strings.size() - offset);
    if (end == nullptr) return {};
    return {begin, static_cast<std::size_t>(static_cast<const char*>(end) - begin)};
}

bool looks_like_text(FileBytes file) {
    const FileBytes start = file.first(std::min<std::size_t>(file.size(), 256));
    return std::all_of(start.begin(), start.end(), [](std::byte byte) {
        const auto c = std::to_integer<unsigned char>(byte);
        return c >= 0x20 || c == '\n' || c == '\r' || c == '\t';
    });
}

bool starts_with(FileBytes file, std::string_view magic) {
    return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

Error not_elf(FileBytes file) {
    if (file.empty()) return Error("is empty");
    if (starts_with(file, "!<arch>\n")) {
        return Error("is a static library (.a), not a shared object: link it with -shared");
    }
    if (looks_like_text(file)) return Error("is a text file, not a shared object");
    return Error("is not a shared object (no ELF file)");
}

Result<Header> read_header(FileBytes file) {
    if (!starts_with(file, std::string_view(ELFMAG, SELFMAG))) return not_elf(file);
    const auto ident = read_at<std::array<unsigned char, EI_NIDENT + 4>>(file, 0);
    if (!ident) return Error("is cut off: " + std::to_string(file.size()) + " bytes");
    if ((*ident)[EI_DATA] != kOwnOrder) return Error("is built for a machine of another byte order");
    const auto machine = read_at<std::uint16_t>(file, offsetof(Header, e_machine));
    if (kOwnMachine != EM_NONE && machine != kOwnMachine) {
        return Error("is built for " + machine_name(*machine) + ", this girin for " + machine_name(kOwnMachine));
    }
    if ((*ident)[EI_CLASS] != kOwnClass) return Error("is built for another word size than this girin");
    const auto header = read_at<Header>(file, 0);
    if (!header) return Error("is cut off: " + std::to_string(file.size()) + " bytes");
    return *header;
}

/// A file that is being copied has its headers but not yet its end: the section table, which linkers write last.
Result<void> check_whole(FileBytes file, const Header& header) {
    std::uint64_t end = 0;
    const auto stretch = [&end](std::uint64_t offset, std::uint64_t size) {
        end = std::max(end, offset > UINT64_MAX - size ? UINT64_MAX : offset + size);
    };
    stretch(header.e_phoff, std::uint64_t{header.e_phnum} * sizeof(Segment));
    stretch(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Section));
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        const auto segment = read_at<Segment>(file, header.e_phoff + i * sizeof(Segment));
        if (segment && segment->p_type == PT_LOAD) stretch(segment->p_offset, segment->p_filesz);
    }
    if (end <= file.size()) return {};
    return Error("is cut off: " + std::to_string(file.size()) + " of at least " + std::to_string(end) +
                 " bytes; is it still being written?");
}

/// Tables of a file that is known to be whole.
class Tables {
  public:
    Tables(FileBytes file, const Header& header) : file_(file) {
        for (unsigned i = 0; i < header.e_phnum; ++i) {
            if (auto row = read_at<Segment>(file, header.e_phoff + i * sizeof(Segment))) segments_.push_back(*row);
        }
        for (unsigned i = 0; i < header.e_shnum; ++i) {
            if (auto row = read_at<Section>(file, header.e_shoff + i * sizeof(Section))) sections_.push_back(*row);
        }
    }

    /// What the file holds for a mapped address; up to `size` bytes.
    FileBytes at_address(std::uint64_t address, std::uint64_t size) const {
        for (const Segment& segment : segments_) {
            if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
            const std::uint64_t inside = address - segment.p_vaddr;
            if (inside >= segment.p_filesz) continue;
            return piece(file_, segment.p_offset + inside, std::min<std::uint64_t>(size, segment.p_filesz - inside));
        }
        return {};
    }

    std::vector<Dynamic> dynamic() const {
        std::vector<Dynamic> entries;
        for (const Segment& segment : segments_) {
            if (segment.p_type != PT_DYNAMIC) continue;
            const FileBytes table = piece(file_, segment.p_offset, segment.p_filesz);
            for (std::uint64_t at = 0;; at += sizeof(Dynamic)) {
                const auto entry = read_at<Dynamic>(table, at);
                if (!entry || entry->d_tag == DT_NULL) return entries;
                entries.push_back(*entry);
            }
        }
        return entries;
    }

    const Section* section(std::uint32_t type) const {
        for (const Section& one : sections_) {
            if (one.sh_type == type) return &one;
        }
        return nullptr;
    }
    const Section* section_at(std::size_t index) const {
        return index < sections_.size() ? &sections_[index] : nullptr;
    }
    FileBytes bytes_of(const Section& one) const { return piece(file_, one.sh_offset, one.sh_size); }

  private:
    FileBytes file_;
    std::vector<Segment> segments_;
    std::vector<Section> sections_;
};

std::uint64_t dynamic_value(const std::vector<Dynamic>& entries, std::int64_t tag) {
    for (const Dynamic& entry : entries) {
        if (entry.d_tag == tag) return entry.d_un.d_val;
    }
    return 0;
}

Result<void> check_kind(const Header& header, const std::vector<Dynamic>& dynamic) {
    switch (header.e_type) {
        case ET_DYN:
            break;
        case ET_EXEC:
            return Error("is a program, not a shared object: link it with -shared");
        case ET_REL:
            return Error("is an object file (.o), not a shared object: link it with -shared");
        default:
            return Error("is not a shared object (ELF type " + std::to_string(header.e_type) + ")");
    }
    if (dynamic_value(dynamic, DT_FLAGS_1) & DF_1_PIE) {
        return Error("is a program, not a shared object: link it with -shared");
    }
    return {};
}

void read_dependencies(ElfLibrary& library, const Tables& tables, const std::vector<Dynamic>& dynamic) {
    const FileBytes strings = tables.at_address(dynamic_value(dynamic, DT_STRTAB), dynamic_value(dynamic, DT_STRSZ));
    for (const Dynamic& entry : dynamic) {
        const bool is_path = entry.d_tag == DT_RUNPATH || (entry.d_tag == DT_RPATH && library.search_path.empty());
        if (entry.d_tag == DT_NEEDED) library.needed.push_back(text_at(strings, entry.d_un.d_val));
        if (is_path) library.search_path = text_at(strings, entry.d_un.d_val);
    }
}

void sort_by_name(std::vector<ElfExport>& exports) {
    std::sort(exports.begin(), exports.end(), [](const ElfExport& a, const ElfExport& b) { return a.name < b.name; });
}

/// By the section table, which a library may lack.
void read_exports(ElfLibrary& library, const Tables& tables) {
    const Section* symbols = tables.section(SHT_DYNSYM);
    const Section* names = symbols ? tables.section_at(symbols->sh_link) : nullptr;
    if (names == nullptr) return;
    library.symbols_known = true;
    const FileBytes table = tables.bytes_of(*symbols);
    const FileBytes strings = tables.bytes_of(*names);
    for (std::uint64_t at = 0; const auto symbol = read_at<Symbol>(table, at); at += sizeof(Symbol)) {
        const std::string_view name = text_at(strings, symbol->st_name);
        if (symbol->st_shndx == SHN_UNDEF) continue;
        const FileBytes object = tables.at_address(symbol->st_value, symbol->st_size);
        if (name.starts_with(kApplicationPrefix)) {
            library.applications.push_back({std::string(name.substr(kApplicationPrefix.size())), object});
        } else if (name.starts_with(kCrossingPrefix)) {
            library.crossings.push_back({std::string(name.substr(kCrossingPrefix.size())), object});
        }
    }
    sort_by_name(library.applications);
    sort_by_name(library.crossings);
}

}  // namespace

Result<ElfLibrary> read_elf_library(std::span<const std::byte> file) {
    const auto header = read_header(file);
    if (!header) return header.error();
    if (auto whole = check_whole(file, *header); !whole) return whole.error();
    const Tables tables(file, *header);
    const std::vector<Dynamic> dynamic = tables.dynamic();
    if (auto kind = check_kind(*header, dynamic); !kind) return kind.error();
    ElfLibrary library;
    read_dependencies(library, tables, dynamic);
    read_exports(library, tables);
    return library;
}

}  // namespace girin
