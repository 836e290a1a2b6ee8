// Which links root follows, and that what is done at a place is done there.

#include "loop/base/place.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace girin {
namespace {

using test::read_file;
using test::TempDir;
namespace fs = std::filesystem;

constexpr uid_t kStranger = 12345;
constexpr int kLog = O_WRONLY | O_APPEND | O_CREAT;

std::string refusal(const std::string& path) {
    const auto opened = open_file(path, kLog, 0644, "open log file " + path);
    return opened ? "" : opened.error().message();
}

class PlaceForRoot : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "only root must not follow links";
        fs::create_directory(dir_ / "own");
        fs::create_directory(dir_ / "theirs");
        ASSERT_EQ(::chown((dir_ / "theirs").c_str(), kStranger, kStranger), 0);
        dir_.write("own/precious", "keep me");
    }
    void link(const std::string& target, const std::string& at, uid_t owner) {
        fs::create_symlink(target, dir_ / at);
        ASSERT_EQ(::lchown((dir_ / at).c_str(), owner, owner), 0);
    }

    const TempDir dir_;
};

TEST_F(PlaceForRoot, IsFoundThroughRootsOwnLinks) {
    link("own", "alias", 0);
    link(dir_ / "alias/new", "own/log", 0);
    EXPECT_EQ(refusal(dir_ / "own/log"), "");
    EXPECT_TRUE(fs::exists(dir_ / "own/new"));
    EXPECT_EQ(refusal(dir_ / "alias/../own/./other"), "");
    EXPECT_TRUE(fs::exists(dir_ / "own/other"));
    EXPECT_EQ(refusal("/proc/self/fd/2"), "") << "links of the kernel's own";
}

// FAULTS 7: 20, root follows no link that another user may have put.
TEST_F(PlaceForRoot, IsNotFoundThroughAStrangersLinks) {
    link(dir_ / "own/precious", "theirs/log", kStranger);
    EXPECT_NE(refusal(dir_ / "theirs/log").find("root doesn't follow 'log', a symbolic link of user 12345"),
              std::string::npos) << refusal(dir_ / "theirs/log");
    link(dir_ / "own", "theirs/run", kStranger);
    EXPECT_NE(refusal(dir_ / "theirs/run/precious").find("root doesn't follow 'run'"), std::string::npos);
    link(dir_ / "own/precious", "theirs/moved", 0);  // root's own, which they may have moved there
    EXPECT_NE(refusal(dir_ / "theirs/moved").find("in a directory that others can change"), std::string::npos);
    EXPECT_EQ(read_file(dir_ / "own/precious"), "keep me");
    EXPECT_EQ(refusal(dir_ / "theirs/plain"), "") << "without links it is as good as any";
}

TEST_F(PlaceForRoot, DoesNotWriteToAFileThatAStrangerNamed) {
    fs::create_hard_link(dir_ / "own/precious", dir_ / "theirs/log");
    EXPECT_NE(refusal(dir_ / "theirs/log"), "");
    EXPECT_EQ(refusal(dir_ / "own/precious"), "");
}

TEST_F(PlaceForRoot, TellsCirclesAndWhatIsMissing) {
    link("b", "a", 0);
    link("a", "b", 0);
    EXPECT_NE(refusal(dir_ / "a").find("too many levels of symbolic links"), std::string::npos) << refusal(dir_ / "a");
    EXPECT_EQ(refusal(dir_ / "none/log"), "open log file " + (dir_ / "none/log") + ": no such file or directory");
    EXPECT_NE(refusal(dir_ / "own/precious/log").find("not a directory"), std::string::npos);
}

// FAULTS 7: 20, mode and owner are changed of the file that was meant, or of none.
TEST_F(PlaceForRoot, ChangesOnlyWhatWasMeant) {
    dir_.write("theirs/file", "");
    struct stat file {};
    const auto place = Place::find(dir_ / "theirs/file", "look", Place::End::itself);
    ASSERT_TRUE(place && place->look(file));
    EXPECT_TRUE(place->change_mode(file.st_dev, file.st_ino, 0640));
    EXPECT_TRUE(place->change_owner(file.st_dev, file.st_ino, kStranger, kStranger));
    ASSERT_TRUE(place->look(file));
    EXPECT_EQ(file.st_mode & 07777, 0640u);
    EXPECT_EQ(file.st_uid, kStranger);
    fs::remove(dir_ / "theirs/file");
    link(dir_ / "own/precious", "theirs/file", kStranger);
    EXPECT_FALSE(place->change_mode(file.st_dev, file.st_ino, 0666));
    EXPECT_FALSE(place->change_owner(file.st_dev, file.st_ino, kStranger, kStranger));
    ASSERT_EQ(::stat((dir_ / "own/precious").c_str(), &file), 0);
    EXPECT_EQ(file.st_uid, 0u);
    EXPECT_NE(file.st_mode & 07777, 0666u);
}

TEST_F(PlaceForRoot, StaysWhereItWasFound) {
    const auto place = Place::find(dir_ / "theirs/file", "look");
    ASSERT_TRUE(place);
    fs::rename(dir_ / "theirs", dir_ / "moved");
    fs::create_symlink(dir_ / "own", dir_ / "theirs");
    const UniqueFd made(place->open(O_RDWR | O_CREAT, 0600));
    EXPECT_TRUE(made);
    EXPECT_TRUE(fs::exists(dir_ / "moved/file"));
    EXPECT_FALSE(fs::exists(dir_ / "own/file"));
}

// FAULTS 20, a sibling: what already had that name was overwritten.
TEST(Place, MovesNothingOverWhatIsThere) {
    const TempDir dir;
    dir.write("file", "to be moved");
    dir.write("aside", "somebody's");
    const auto place = Place::find(dir / "file", "look");
    struct stat file {};
    ASSERT_TRUE(place && place->look(file));
    EXPECT_FALSE(place->move_away(file.st_dev, file.st_ino, "aside"));
    EXPECT_EQ(errno, EEXIST);
    EXPECT_EQ(read_file(dir / "file"), "to be moved");
    EXPECT_EQ(read_file(dir / "aside"), "somebody's");
    fs::remove(dir / "file");
    EXPECT_FALSE(place->move_away(file.st_dev, file.st_ino, "other"));
    EXPECT_EQ(errno, ENOENT);
    EXPECT_FALSE(fs::exists(dir / "other")) << "what kept the name";
}

TEST(Place, GivesBackWhatIsNotTheOneToBeMovedAway) {
    const TempDir dir;
    dir.write("file", "another's");
    const auto place = Place::find(dir / "file", "look");
    struct stat file {};
    ASSERT_TRUE(place && place->look(file));
    EXPECT_FALSE(place->move_away(file.st_dev, file.st_ino + 1, "aside"));
    EXPECT_EQ(read_file(dir / "file"), "another's");
    EXPECT_FALSE(fs::exists(dir / "aside"));
    EXPECT_TRUE(place->move_away(file.st_dev, file.st_ino, "aside"));
    EXPECT_TRUE(fs::exists(dir / "aside"));
}

}  // namespace
}  // namespace girin
