#include "girin/app/export.hpp"
#include "worker/app/loader.hpp"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tests/support/temp_dir.hpp"

using namespace girin;
using girin::test::read_file;
using girin::test::TempDir;

namespace {

std::string app(const std::string& name) { return std::string(GIRIN_TEST_APPS "/") + name + ".so"; }

/// Why it was refused; "" when it was not.
std::string refusal(const std::string& file, const std::string& name = "app") {
    const auto loaded = load_application(AppSource::library(file, name));
    return loaded ? "" : loaded.error().message();
}

std::string parsed(std::string_view text) {
    const auto source = parse_app_source(text);
    return source ? source->file() + "|" + source->name() : source.error().message();
}

class LoadInPlace {
  public:
    LoadInPlace() { ::setenv("GIRIN_LOAD_IN_PLACE", "1", 1); }
    ~LoadInPlace() { ::unsetenv("GIRIN_LOAD_IN_PLACE"); }
};

}  // namespace

// ── which application ────────────────────────────────────────────────────────────────────────────────────────────────

TEST(AppSource, ReadsTheBuiltInApplication) {
    const auto source = parse_app_source("demo");
    ASSERT_TRUE(source);
    EXPECT_EQ(source->kind(), AppSource::Kind::demo);
    EXPECT_EQ(source->text(), "demo");
}

TEST(AppSource, ReadsAPathAndAName) {
    EXPECT_EQ(parsed("./libshop.so"), "./libshop.so|app");
    EXPECT_EQ(parsed("./libshop.so:other"), "./libshop.so|other");
    EXPECT_EQ(parsed("libshop.so.1.2:other_2"), "libshop.so.1.2|other_2");
    EXPECT_EQ(parsed("/srv/shop"), "/srv/shop|app");
    EXPECT_EQ(parsed("/srv/a:b/libshop.so"), "/srv/a:b/libshop.so|app");
}

TEST(AppSource, WritesItselfAsAnOperatorWould) {
    EXPECT_EQ(AppSource::library("./libshop.so").text(), "./libshop.so");
    EXPECT_EQ(AppSource::library("./libshop.so", "other").text(), "./libshop.so:other");
}

TEST(AppSource, RefusesWhatIsNeither) {
    EXPECT_EQ(parsed(""), "no application given: 'demo', or the path of a shared object (./libshop.so)");
    EXPECT_EQ(parsed("shop"), "application 'shop': neither 'demo' nor the path of a shared object (./libshop.so)");
    EXPECT_EQ(parsed("./libshop.so:"), "application './libshop.so:': '' can't be an application's name");
    EXPECT_EQ(parsed("./libshop.so:9"), "application './libshop.so:9': '9' can't be an application's name");
    EXPECT_EQ(parsed("./libshop.so:a-b"), "application './libshop.so:a-b': 'a-b' can't be an application's name");
}

// ── loading ──────────────────────────────────────────────────────────────────────────────────────────────────────────

TEST(Loader, MakesTheBuiltInApplication) {
    const auto loaded = load_application(AppSource());
    ASSERT_TRUE(loaded);
    EXPECT_TRUE(loaded->application);
}

TEST(Loader, MakesALinkedInApplication) {
    const auto made = load_application(AppSource::linked([] { return std::unique_ptr<Application>(); }, "shop"));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message(), "shop: its constructor failed: it made nothing");
}

/// Counts its load(), and throws there if it is to.
struct CountsLoads final : Application {
    CountsLoads(int& count, bool throws) : count_(count), throws_(throws) {}
    Coro<void> handle(Request&, Response&) override { co_return; }
    void load() override {
        ++count_;
        if (throws_) throw std::runtime_error("the model is missing");
    }

    int& count_;
    bool throws_;
};

AppSource counting_loads(int& count, bool throws) {
    return AppSource::linked([&count, throws] { return std::make_unique<CountsLoads>(count, throws); }, "shop");
}

TEST(Loader, HasAnApplicationLoadOnce) {
    int loads = 0;
    ASSERT_TRUE(load_application(counting_loads(loads, false)));
    EXPECT_EQ(loads, 1);
}

TEST(Loader, TellsOfALoadThatFails) {
    int loads = 0;
    const auto made = load_application(counting_loads(loads, true));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().message(), "shop: its load() failed: the model is missing");
}

TEST(Loader, LoadsALibrary) {
    const auto loaded = load_application(AppSource::library(app("minimal")));
    ASSERT_TRUE(loaded) << loaded.error().message();
    EXPECT_TRUE(loaded->application);
    EXPECT_EQ(loaded->built_with, "girin 0.1");
}

TEST(Loader, LoadsBothOfTwoNames) {
    EXPECT_EQ(refusal(app("two_names"), "shop"), "");
    EXPECT_EQ(refusal(app("two_names"), "admin"), "");
}

TEST(Loader, LoadsInPlaceOnDemand) {
    const LoadInPlace wish;
    EXPECT_EQ(refusal(app("minimal")), "");
}

TEST(Loader, SurvivesOverwritingAndDeletingTheFile) {
    const TempDir directory;
    const std::string file = directory / "libshop.so";
    std::filesystem::copy_file(app("minimal"), file);
    auto loaded = load_application(AppSource::library(file));
    ASSERT_TRUE(loaded) << loaded.error().message();
    std::ofstream(file, std::ios::trunc) << "overwritten in place, as cp does it";
    loaded->application.reset();  // runs the library's code
    std::filesystem::remove(file);
    auto missing = load_application(AppSource::library(file));
    EXPECT_EQ(missing.error().message(), "open " + file + ": no such file or directory");
}

TEST(Loader, SeesTheFileAsItIsAtEachLoad) {
    const TempDir directory;
    const std::string file = directory / "libshop.so";
    std::filesystem::copy_file(app("minimal"), file);
    EXPECT_EQ(refusal(file, "admin"), file + ": exports no application 'admin'; it exports: app");
    std::filesystem::copy_file(app("two_names"), file, std::filesystem::copy_options::overwrite_existing);
    EXPECT_EQ(refusal(file, "admin"), "");
    EXPECT_EQ(refusal(file), file + ": exports no application 'app'; it exports: admin, shop");
}

TEST(Loader, FindsLibrariesBesideTheOriginal) {
    const TempDir directory;
    std::filesystem::copy(GIRIN_TEST_APPS "/beside", directory / "beside");
    std::filesystem::copy_file(app("needs_beside"), directory / "libshop.so");
    EXPECT_EQ(refusal(directory / "libshop.so"), "");
}

TEST(Loader, LeavesNothingBesideTheOriginal) {
    const TempDir directory;
    std::filesystem::copy_file(app("minimal"), directory / "libshop.so");
    EXPECT_EQ(refusal(directory / "libshop.so"), "");
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(directory.path())) files += entry.exists();
    EXPECT_EQ(files, 1U);
}

// ── refusals, each in its sentence ───────────────────────────────────────────────────────────────────────────────────

TEST(Loader, RefusesAMissingFile) {
    EXPECT_EQ(refusal("/nowhere/libshop.so"), "open /nowhere/libshop.so: no such file or directory");
}

TEST(Loader, RefusesADirectory) { EXPECT_EQ(refusal("/tmp/"), "/tmp/: is a directory, not a shared object"); }

TEST(Loader, RefusesAFifoWithoutWaiting) {
    const TempDir directory;
    const std::string file = directory / "libshop.so";
    ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
    EXPECT_EQ(refusal(file), file + ": is not a regular file");
}

TEST(Loader, RefusesAFileItMayNotRead) {
    if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
    const TempDir directory;
    const std::string file = directory.write("libshop.so", "x");
    ASSERT_EQ(::chmod(file.c_str(), 0), 0);
    EXPECT_EQ(refusal(file), "open " + file + ": permission denied");
}

TEST(Loader, RefusesATextFile) {
    const TempDir directory;
    const std::string file = directory.write("libshop.so", "#!/bin/sh\necho hello\n");
    EXPECT_EQ(refusal(file), file + ": is a text file, not a shared object");
}

TEST(Loader, RefusesAnEmptyFile) {
    const TempDir directory;
    const std::string file = directory.write("libshop.so", "");
    EXPECT_EQ(refusal(file), file + ": is empty");
}

TEST(Loader, RefusesAProgram) {
    EXPECT_EQ(refusal("/proc/self/exe"), "/proc/self/exe: is a program, not a shared object: link it with -shared");
}

TEST(Loader, RefusesAHalfWrittenFile) {
    const TempDir directory;
    const std::string whole = read_file(app("minimal"));
    const std::string file = directory.write("libshop.so", std::string_view(whole).substr(0, whole.size() - 1));
    EXPECT_EQ(refusal(file), file + ": is cut off: " + std::to_string(whole.size() - 1) + " of at least " +
                                 std::to_string(whole.size()) + " bytes; is it still being written?");
}

TEST(Loader, RefusesALibraryWithoutApplication) {
    const std::string file = app("no_application");
    EXPECT_EQ(refusal(file),
              file + ": exports no application; one line GIRIN_APPLICATION(app, YourClass) in its source does");
}

TEST(Loader, NamesTheApplicationsThereAre) {
    const std::string file = app("two_names");
    EXPECT_EQ(refusal(file), file + ": exports no application 'app'; it exports: admin, shop");
}

TEST(Loader, RefusesAnotherAbiBeforeAnyCodeRuns) {
    const std::string file = app("wrong_abi");
    EXPECT_EQ(refusal(file), file + ": built for girin's ABI " + std::to_string(kAbiVersion + 1) + ", this girin has ABI " +
                                 std::to_string(kAbiVersion) + "; build it again with this girin's headers");
}

TEST(Loader, RefusesAnExportOfAnotherKind) {
    const std::string file = app("wrong_magic");
    EXPECT_EQ(refusal(file), file + ": its girin_application_app was not made by GIRIN_APPLICATION");
}

TEST(Loader, RefusesAnotherStringAbi) {
    const std::string file = app("wrong_strings");
    EXPECT_EQ(refusal(file), file + ": built with libstdc++ with _GLIBCXX_USE_CXX11_ABI=0, this girin with libstdc++");
}

TEST(Loader, NamesAnUnresolvedSymbolAsInTheSource) {
    const std::string file = app("unresolved");
    EXPECT_EQ(refusal(file),
              file + ": needs shop::count_stock(char const*), which neither it nor its libraries provide");
}

TEST(Loader, NamesAMissingLibrary) {
    const TempDir directory;
    const std::string file = directory / "libshop.so";
    std::filesystem::copy_file(app("needs_beside"), file);
    // Not from an earlier test: a library that is loaded already would be found by its name.
    if (::dlopen("libapp_beside.so", RTLD_NOW | RTLD_NOLOAD) != nullptr) GTEST_SKIP() << "loaded by another test";
    EXPECT_EQ(refusal(file), file + ": needs libapp_beside.so: cannot open shared object file: No such file or directory");
}

TEST(Loader, TellsWhyAConstructorFailed) {
    const std::string file = app("constructor_throws");
    EXPECT_EQ(refusal(file), file + ": its constructor failed: no stock file");
    EXPECT_EQ(refusal(file, "oddly"), file + ":oddly: its constructor failed: an exception that is no std::exception");
}

// In a child: the exception leaves the dynamic linker's lock taken, which later tests of this process may need.
/// The process ends by a signal, because TSan's last look at an exit minds the lock that dlopen has kept.
TEST(LoaderDeathTest, TellsWhyAStaticConstructorFailed) {
    const auto tell_and_end = [] {
        std::cerr << refusal(app("loading_throws"));
        ::kill(::getpid(), SIGKILL);
    };
    EXPECT_EXIT(tell_and_end(), testing::KilledBySignal(SIGKILL),
                "loading_throws.so: failed while it was loaded: no licence");
}

// ── looking without loading ──────────────────────────────────────────────────────────────────────────────────────────

TEST(Loader, ChecksWithoutRunningCode) {
    EXPECT_TRUE(check_application(AppSource()));
    EXPECT_TRUE(check_application(AppSource::library(app("minimal"))));
    EXPECT_TRUE(check_application(AppSource::library(app("constructor_throws"))));
    EXPECT_FALSE(check_application(AppSource::library(app("wrong_abi"))));
    EXPECT_FALSE(check_application(AppSource::library(app("minimal"), "other")));
}
