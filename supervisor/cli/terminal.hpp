#pragma once

// A terminal in the hands of girin top: no echo, keys one by one, a screen of its own that is given back at the end.

#include <termios.h>

#include <chrono>
#include <cstddef>
#include <string>

namespace girin {

class Terminal {
  public:
    /// Takes standard input and output over, which must be a terminal's.
    Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;
    ~Terminal();

    static bool is_there();
    struct Size {
        std::size_t rows = 24;
        std::size_t columns = 80;
    };
    /// As it is now: people resize their windows.
    Size size() const;
    void show(const std::string& text) const;
    /// Waits for a key; 0: none came within `limit`, or the window has another size.
    char wait_key(std::chrono::milliseconds limit) const;

  private:
    termios former_{};
};

}  // namespace girin
