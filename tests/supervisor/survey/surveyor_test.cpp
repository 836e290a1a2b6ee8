// The surveyor without a load: when it looks, and what it makes of operators' wishes.

#include "supervisor/survey/surveyor.hpp"

#include "tests/supervisor/turn/part_bench.hpp"

namespace girin::test {
namespace {

using namespace std::chrono_literals;

class SurveyorTest : public PartBench {
  protected:
    Surveyor& surveyor() {
        if (!surveyor_) {
            surveyor_ = std::make_unique<Surveyor>(common());
            EXPECT_TRUE(surveyor_->begin(inbox_));
        }
        return *surveyor_;
    }
    void ask(bool relative, int count, std::uint64_t id = 0) { surveyor().hear(AskScale{{relative, count}, id}, inbox_); }

  private:
    std::unique_ptr<Surveyor> surveyor_;
};

TEST_F(SurveyorTest, LooksOnlyWhereALimitAsksForIt) {
    EXPECT_FALSE(surveyor().next_deadline());
}

TEST_F(SurveyorTest, LooksOnceASecond) {
    settings_.max_lifetime = 60s;
    EXPECT_EQ(surveyor().next_deadline(), os_.time + 1s);
    os_.time += 1s;
    surveyor().on_time(os_.time, inbox_);
    EXPECT_EQ(surveyor().next_deadline(), os_.time + 1s);
    EXPECT_TRUE(inbox_.empty());
}

TEST_F(SurveyorTest, AsksForOldWorkersToBeReplaced) {
    settings_.max_lifetime = 60s;
    ASSERT_TRUE(surveyor().next_deadline());
    serve(1);
    os_.time += 61s;
    surveyor().on_time(os_.time, inbox_);
    EXPECT_EQ(put(), Names{"worker_asks_recycle"});
}

TEST_F(SurveyorTest, PassesSignalsOn) {
    ask(true, 1);
    EXPECT_EQ(put(), Names{"scale_by"});
}

TEST_F(SurveyorTest, HasWhoAskedWaitForTheNumber) {
    serve(2);
    ask(true, 3, 9);
    EXPECT_EQ(put(), (Names{"scale_by", "AwaitScale"}));
    ASSERT_TRUE(last_order<AwaitScale>());
    EXPECT_EQ(last_order<AwaitScale>()->asked, 5);
    ask(false, 4, 9);
    EXPECT_EQ(put(), (Names{"scale_to", "AwaitScale"}));
}

TEST_F(SurveyorTest, RefusesFewerWhileAllAreDrained) {
    serve(2);
    decide(FleetEvent::pause());
    ask(true, -1, 9);
    EXPECT_EQ(put(), Names{"AnswerRequest"});
    EXPECT_EQ(last_order<AnswerRequest>()->answer.kind, AnswerKind::refused);
}

TEST_F(SurveyorTest, MovesTheLowerEndOfARange) {
    settings_.workers = 2;
    settings_.workers_most = 6;
    ASSERT_TRUE(surveyor().next_deadline());
    serve(2);
    ask(true, 2, 9);
    EXPECT_EQ(put(), (Names{"scale_to", "AwaitScale"}));
    EXPECT_EQ(last_order<AwaitScale>()->least, std::optional<std::size_t>(4));
    ask(true, 9, 9);
    EXPECT_EQ(put(), (Names{"scale_to", "AwaitScale"}));
    EXPECT_EQ(last_order<AwaitScale>()->least, std::optional<std::size_t>(6)) << "the upper end";
    EXPECT_EQ(last_order<AwaitScale>()->asked, 13);
}

}  // namespace
}  // namespace girin::test
