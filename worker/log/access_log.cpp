#include "worker/log/access_log.hpp"

#include <limits.h>
#include <sys/stat.h>

#include <string_view>
#include <utility>

namespace girin {
namespace {

constexpr int kStandardOutput = 1;
constexpr std::size_t kGatheredBytes = 65536;
constexpr std::size_t kUsualLineBytes = 2048;

/// The length of the most whole lines that fit into `limit`; of the first line where none does.
std::size_t whole_lines(std::string_view lines, std::size_t limit) {
    if (lines.size() <= limit) return lines.size();
    const std::size_t last = lines.rfind('\n', limit - 1);
    return last == std::string_view::npos ? lines.find('\n') + 1 : last + 1;
}

}  // namespace

AccessLog::~AccessLog() { flush(); }

Result<void> AccessLog::open(const AccessLogOptions& options) {
    flush();
    if (!options.enabled) {
        format_.reset();
        return {};
    }
    const auto style = options.json ? AccessFormat::Style::json : AccessFormat::Style::text;
    auto format = AccessFormat::compile(options.format, style);
    if (!format) return format.error();
    if (options.opened_fd >= 0) {
        sink_.use(UniqueFd(options.opened_fd));
    } else if (auto opened = sink_.open(options.file, kStandardOutput); !opened) {
        return opened.error();
    }
    format_.emplace(std::move(*format));
    lines_.reserve(kGatheredBytes + kUsualLineBytes);
    choose_write_size();
    return {};
}

/// Workers share a pipe, and only writes of up to PIPE_BUF bytes don't mix there; a file takes any size in one piece.
void AccessLog::choose_write_size() {
    struct stat about {};
    const bool is_file = ::fstat(sink_.fd(), &about) == 0 && S_ISREG(about.st_mode);
    write_size_ = is_file ? kGatheredBytes : PIPE_BUF;
}

void AccessLog::add(const AccessRecord& record) {
    if (!format_) return;
    format_->append(lines_, record);
    if (lines_.size() >= kGatheredBytes) flush();
}

void AccessLog::flush() {
    std::string_view rest = lines_;
    while (!rest.empty()) {
        const std::size_t size = whole_lines(rest, write_size_);
        sink_.write(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    lines_.clear();
}

void AccessLog::use(UniqueFd opened) {
    flush();
    if (!format_) return;
    sink_.use(std::move(opened));
    choose_write_size();
}

}  // namespace girin
