#pragma once

// What tests of the loop's order and failures write down.

#include <exception>
#include <string>
#include <vector>

#include "girin/loop/event_loop.hpp"

namespace girin::test {

/// Words in the order in which things happened; tests compare it with the order that they promise.
using Trace = std::vector<std::string>;

/// What the loop's exception handler was told: "<message>: <what>".
class Reports {
  public:
    explicit Reports(EventLoop& loop) {
        loop.set_exception_handler([this](std::exception_ptr failure, const std::string& message) {
            reports.push_back(message + ": " + what(failure));
        });
    }
    Reports(const Reports&) = delete;

    static std::string what(const std::exception_ptr& failure) {
        try {
            std::rethrow_exception(failure);
        } catch (const std::exception& error) {
            return error.what();
        } catch (...) {
            return "?";
        }
    }

    std::vector<std::string> reports;
};

}  // namespace girin::test
