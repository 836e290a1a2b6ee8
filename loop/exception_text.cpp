#include "loop/exception_text.hpp"

#include "girin/loop/cancel.hpp"

namespace girin {

std::string exception_text(const std::exception_ptr& exception) {
    if (!exception) return {};
    try {
        std::rethrow_exception(exception);
    } catch (const std::exception& error) {
        return error.what();
    } catch (const Cancelled&) {
        return "cancelled";
    } catch (...) {
        return "an exception that is no std::exception";
    }
}

std::string current_exception_text() { return exception_text(std::current_exception()); }

}  // namespace girin
