#pragma once

// What ps and top show for a process of ours: "girin: master [shop]", "girin: worker 2 [shop]".

#include <cstddef>
#include <string>
#include <string_view>

namespace girin {

/// Writes titles over the place where the kernel keeps the arguments. Make one early in main(), of the real argc and
/// argv: it moves the environment away from behind them, so that a title has room. At most one a process.
class ProcessTitle {
  public:
    /// Titles can't be shown: set() changes only the short name that top and a debugger see.
    ProcessTitle() = default;
    /// `argv` stays readable: the strings are copied before they are written over.
    ProcessTitle(int argc, char** argv);

    void set(std::string_view title);

  private:
    char* begin_ = nullptr;
    std::size_t bytes_ = 0;
};

/// "girin: <role> [<name>]", or without the brackets when there is no name.
std::string make_process_title(std::string_view role, std::string_view name);

}  // namespace girin
