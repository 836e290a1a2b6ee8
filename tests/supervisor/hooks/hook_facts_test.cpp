// The facts of an event as variables, and callbacks that throw.

#include "girin/run/hook_facts.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "supervisor/hooks/hooks.hpp"

namespace girin::test {
namespace {

using Entries = std::vector<std::string>;

HookFacts facts(HookEvent event) {
    HookFacts facts(event);
    facts.master_pid = 7;
    facts.name = "shop";
    facts.generation = 2;
    facts.listen = "127.0.0.1:80 unix:/s";
    return facts;
}

TEST(HookFacts, AreVariablesOfTheirEventOnly) {
    EXPECT_EQ(to_environment(facts(HookEvent::ready)),
              (Entries{"GIRIN_EVENT=ready", "GIRIN_MASTER_PID=7", "GIRIN_NAME=shop", "GIRIN_GENERATION=2",
                       "GIRIN_LISTEN=127.0.0.1:80 unix:/s"}));
}

TEST(HookFacts, NameTheOutcomeOfAReload) {
    HookFacts told(HookEvent::reload);
    told.outcome = "rolled-back";
    told.reason = "no database";
    const Entries entries = to_environment(told);
    EXPECT_EQ(entries.at(entries.size() - 2), "GIRIN_OUTCOME=rolled-back");
    EXPECT_EQ(entries.back(), "GIRIN_REASON=no database");
}

TEST(HookFacts, TellAWorkersEndByCodeOrBySignal) {
    HookFacts told(HookEvent::worker_exit);
    told.worker.emplace();
    told.worker->pid = 12;
    told.worker->slot = 0;
    told.worker->cause = "exited with code 3";
    told.worker->exit_code = 3;
    Entries entries = to_environment(told);
    EXPECT_EQ(Entries(entries.end() - 4, entries.end()),
              (Entries{"GIRIN_WORKER_PID=12", "GIRIN_SLOT=0", "GIRIN_CAUSE=exited with code 3", "GIRIN_EXIT_CODE=3"}));
    told.worker->exit_code.reset();
    told.worker->signal = 9;
    EXPECT_EQ(to_environment(told).back(), "GIRIN_SIGNAL=9");
}

TEST(HookFacts, StayWithinOneLineAndALimit) {
    HookFacts told(HookEvent::degraded);
    told.reason = std::string("a\nb\0c\x7f", 6) + std::string(10'000, 'x');
    const std::string entry = to_environment(told).back();
    EXPECT_TRUE(entry.starts_with("GIRIN_REASON=a b c x")) << entry.substr(0, 30);
    EXPECT_EQ(entry.size(), std::string("GIRIN_REASON=").size() + kLongestHookValue);
}

TEST(HookCommand, IsTheSettingThatIsNamedAfterTheEvent) {
    Settings settings;
    settings.on_starting = "starting";
    settings.on_ready = "ready";
    settings.on_reload = "reload";
    settings.on_worker_exit = "worker-exit";
    settings.on_degraded = "degraded";
    for (const HookEvent event : {HookEvent::starting, HookEvent::ready, HookEvent::reload, HookEvent::worker_exit,
                                  HookEvent::degraded}) {
        EXPECT_EQ(hook_command(settings, event), to_text(event));
    }
}

TEST(ServerCallbacks, AreCalledForTheirEvent) {
    std::string called;
    ServerCallbacks callbacks;
    EXPECT_TRUE(call_back(callbacks, facts(HookEvent::ready)));
    callbacks.on_starting = [&](const HookFacts&) { called += "starting "; };
    callbacks.on_ready = [&](const HookFacts& told) { called += told.name + " "; };
    callbacks.on_reload = [&](const HookFacts&) { called += "reload "; };
    callbacks.on_worker_exit = [&](const HookFacts&) { called += "exit "; };
    callbacks.on_degraded = [&](const HookFacts&) { called += "degraded"; };
    for (const HookEvent event : {HookEvent::starting, HookEvent::ready, HookEvent::reload, HookEvent::worker_exit,
                                  HookEvent::degraded}) {
        EXPECT_TRUE(call_back(callbacks, facts(event)));
    }
    EXPECT_EQ(called, "starting shop reload exit degraded");
}

TEST(ServerCallbacks, ThatThrowAreAnError) {
    ServerCallbacks callbacks;
    callbacks.on_ready = [](const HookFacts&) { throw std::runtime_error("no pager"); };
    callbacks.on_reload = [](const HookFacts&) { throw 3; };
    const auto ready = call_back(callbacks, facts(HookEvent::ready));
    ASSERT_FALSE(ready);
    EXPECT_EQ(ready.error().message(), "callback on-ready has thrown: no pager");
    EXPECT_FALSE(call_back(callbacks, facts(HookEvent::reload)));
}

}  // namespace
}  // namespace girin::test
