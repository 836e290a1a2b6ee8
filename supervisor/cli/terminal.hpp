#pragma once

// A terminal in the hands of girin top: no echo, keys one by one, a screen of its own that is given back at the end.

#include <signal.h>
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
    static constexpr char kQuit = 'q';
    /// Waits for a key. kQuit also stands for ^C, for a signal that ends programs, and for a terminal that is gone; 0:
    /// no key came within `limit`, or the window has another size.
    char wait_key(std::chrono::milliseconds limit) const;

  private:
    termios former_{};
    static volatile sig_atomic_t asked_to_end_;
};

}  // namespace girin
