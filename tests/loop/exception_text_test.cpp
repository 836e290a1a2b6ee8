// What is logged of an exception.

#include "loop/exception_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "girin/loop/cancel.hpp"
#include "loop/base/uncaught.hpp"

namespace girin::test {
namespace {

template <class E>
std::string text_of(E thrown) {
    return exception_text(std::make_exception_ptr(std::move(thrown)));
}

template <class E>
std::string described(E thrown) {
    try {
        throw thrown;
    } catch (...) {
        return describe_current_exception();
    }
}

TEST(ExceptionText, IsWhatItSays) {
    EXPECT_EQ(text_of(std::runtime_error("no such table")), "no such table");
    EXPECT_EQ(text_of(Cancelled{}), "cancelled");
    EXPECT_EQ(text_of(7), "an exception that is no std::exception");
}

TEST(ExceptionText, IsEmptyWithoutAnException) {
    EXPECT_EQ(exception_text(nullptr), "");
    EXPECT_EQ(current_exception_text(), "");
}

TEST(ExceptionText, IsOfTheExceptionThatIsBeingHandled) {
    try {
        throw std::runtime_error("no such table");
    } catch (...) {
        EXPECT_EQ(current_exception_text(), "no such table");
    }
}

TEST(ExceptionText, BeginsWithTheTypeWhereThatTellsMore) {
    EXPECT_EQ(described(std::runtime_error("no such table")), "std::runtime_error: no such table");
    EXPECT_EQ(described(7), "int");
}

}  // namespace
}  // namespace girin::test
