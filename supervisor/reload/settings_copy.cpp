#include "supervisor/reload/settings_copy.hpp"

#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "supervisor/settings/settings_file.hpp"

namespace girin {
namespace {

constexpr std::size_t kLongestName = 8192;

template <std::size_t Bytes>
struct Text {
    bool set(const std::string& text) {
        if (text.size() > Bytes) return false;
        std::memcpy(bytes.data(), text.data(), text.size());
        length = text.size();
        return true;
    }
    std::string get() const { return {bytes.data(), std::min(length, Bytes)}; }

    std::size_t length;
    std::array<char, Bytes> bytes;
};

}  // namespace

/// All zeroes at first; pages that are not written to cost nothing.
struct SettingsCopy::Memory {
    bool is_there;
    Text<kLongestName> name, path;
    Text<kLargestSettingsFileBytes> text;
};

void SettingsCopy::Unmap::operator()(Memory* memory) const { ::munmap(memory, sizeof(Memory)); }

Result<SettingsCopy> SettingsCopy::make() {
    void* const memory =
        ::mmap(nullptr, sizeof(Memory), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return Error::from_errno(errno, "make room for the settings");
    SettingsCopy copy;
    copy.memory_.reset(static_cast<Memory*>(memory));
    return copy;
}

Result<void> SettingsCopy::put(const SettingsFile& file) {
    if (!memory_->name.set(file.name) || !memory_->path.set(file.path) || !memory_->text.set(file.text)) {
        return Error("settings file " + file.name + ": its name is too long");
    }
    memory_->is_there = true;
    return {};
}

Result<SettingsFile> SettingsCopy::take() const {
    if (!memory_ || !memory_->is_there) return Error("the check of the settings has told none");
    SettingsFile file;
    file.name = memory_->name.get();
    file.path = memory_->path.get();
    file.text = memory_->text.get();
    return file;
}

}  // namespace girin
