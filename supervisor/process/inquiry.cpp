#include "supervisor/process/inquiry.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>

#include "supervisor/process/exit_cause.hpp"

namespace girin {
namespace {

constexpr int kInquiryFailed = 1;

[[noreturn]] void answer_question(int report_fd, const std::function<InquiryOutcome()>& question) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const InquiryOutcome outcome = question();
    const std::size_t bytes = std::min(outcome.text.size(), Inquiry::kLongestAnswer);
    [[maybe_unused]] const ssize_t written = ::write(report_fd, outcome.text.data(), bytes);
    ::_exit(outcome.passed ? 0 : kInquiryFailed);
}

std::string read_answer(int report_fd) {
    std::string answer(Inquiry::kLongestAnswer, '\0');
    const ssize_t bytes = ::read(report_fd, answer.data(), answer.size());
    answer.resize(bytes > 0 ? static_cast<std::size_t>(bytes) : 0);
    return answer;
}

}  // namespace

Result<Inquiry> Inquiry::start(Os& os, std::string what, const std::function<void()>& leave_master,
                               const std::function<InquiryOutcome()>& question) {
    auto pipe = make_pipe();
    if (!pipe) return pipe.error();
    if (auto set = set_nonblocking(pipe->first.get()); !set) return set.error();
    auto child = os.fork_child();
    if (!child) return child.error();
    if (child->pid == 0) {
        leave_master();
        answer_question(pipe->second.get(), question);
    }
    Inquiry started;
    started.what_ = std::move(what);
    started.child_ = std::move(*child);
    started.report_ = std::move(pipe->first);
    return started;
}

std::string Inquiry::explain_failure(const ChildExit& ended, const std::string& answer) const {
    if (!ended.by_signal && !answer.empty()) return answer;
    ExitEvidence evidence;
    evidence.ended = ended;
    return what_ + " " + explain_exit(evidence).sentence;
}

std::optional<InquiryOutcome> Inquiry::poll_outcome(Os& os) {
    const auto ended = os.reap_child(pidfd());
    if (!ended) return InquiryOutcome::fail(ended.error().message());
    if (!*ended) return std::nullopt;
    const std::string answer = read_answer(report_.get());
    const ChildExit& exit = **ended;
    if (!exit.by_signal && exit.value == 0) return InquiryOutcome::pass(answer);
    return InquiryOutcome::fail(given_up_.empty() ? explain_failure(exit, answer) : given_up_);
}

void Inquiry::give_up(Os& os, std::string why) {
    if (given_up_.empty()) given_up_ = std::move(why);
    [[maybe_unused]] const auto sent = os.signal_child(pidfd(), SIGKILL);
}

}  // namespace girin
