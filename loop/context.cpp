#include "girin/loop/context.hpp"

#include <algorithm>

namespace girin::detail {

constinit thread_local const ContextData* t_context = nullptr;

namespace {

/// Gives up what a thread that ends has set.
struct AtThreadEnd {
    ~AtThreadEnd() {
        if (const ContextData* const last = std::exchange(t_context, nullptr)) intrusive_ptr_release(last);
    }
};
thread_local AtThreadEnd t_at_end;

}  // namespace

std::uint64_t next_context_variable() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

std::shared_ptr<const void> context_value(std::uint64_t variable) noexcept {
    if (t_context == nullptr) return nullptr;
    for (const ContextData::Entry& entry : t_context->entries) {
        if (entry.variable == variable) return entry.value;
    }
    return nullptr;
}

void set_context_value(std::uint64_t variable, std::shared_ptr<const void> value) {
    static_cast<void>(&t_at_end);
    boost::intrusive_ptr<ContextData> changed(new ContextData);
    if (t_context != nullptr) changed->entries = t_context->entries;
    std::erase_if(changed->entries, [variable](const auto& entry) { return entry.variable == variable; });
    if (value) changed->entries.push_back({variable, std::move(value)});
    const ContextData* const before = std::exchange(t_context, changed.detach());
    if (before != nullptr) intrusive_ptr_release(before);
}

}  // namespace girin::detail
