#include "tests/support/temp_dir.hpp"

#include <stdlib.h>

#include <cerrno>
#include <cstdio>
#include <exception>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "girin/base/error.hpp"

namespace girin::test {

TempDir::TempDir() {
    const char* base = ::getenv("TMPDIR");
    std::string name = std::string(base != nullptr && *base != '\0' ? base : "/tmp") + "/girin-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error(Error::from_errno(errno, "create directory", name).message());
    }
    path_ = name;
}

TempDir::~TempDir() {
    // An exception that leaves the test becomes a failure only after this.
    if (testing::Test::HasFailure() || std::uncaught_exceptions() > 0) {
        std::fprintf(stderr, "kept for you to look at: %s\n", path_.c_str());
        return;
    }
    std::error_code ignored;  // a leftover directory is no reason to fail a test that passed
    std::filesystem::remove_all(path_, ignored);
}

std::string TempDir::write(std::string_view name, std::string_view text) const {
    const std::string path = *this / name;
    const std::string draft = path + ".draft";
    std::ofstream file(draft, std::ios::binary | std::ios::trunc);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    file.close();
    if (!file) throw std::runtime_error("write " + draft + ": failed");
    std::filesystem::rename(draft, path);
    return path;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    if (!file) throw std::runtime_error(Error::from_errno(errno, "read", path.string()).message());
    return text.str();
}

}  // namespace girin::test
