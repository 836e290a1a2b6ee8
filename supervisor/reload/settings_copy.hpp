#pragma once

// The settings file as a reload's check has read it, in memory that the master shares with that child: what was judged is
// what will serve, even if the file, or a link to it, is another by then. Not here: how it is found and read
// (settings_text.hpp).

#include <memory>

#include "girin/base/error.hpp"
#include "supervisor/settings/settings_text.hpp"

namespace girin {

class SettingsCopy {
  public:
    SettingsCopy() = default;
    /// Before the fork. Errors: no memory.
    static Result<SettingsCopy> make();

    /// In the child, once. Errors: names that are too long.
    Result<void> put(const SettingsFile& file);
    /// In the master, once the child has ended. Errors: nothing was put there.
    Result<SettingsFile> take() const;
    void reset() { memory_.reset(); }

  private:
    struct Memory;
    struct Unmap {
        void operator()(Memory* memory) const;
    };

    std::unique_ptr<Memory, Unmap> memory_;
};

}  // namespace girin
