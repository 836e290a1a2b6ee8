#pragma once

// Context variables, as Python's contextvars: values that belong to what runs, not to a thread. A task, a callback and a
// job of the executor begin with the values of who made them; what they set is their own.

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace girin {

namespace detail {

/// Never changed once others may see it.
class ContextData : public boost::intrusive_ref_counter<ContextData, boost::thread_safe_counter> {
  public:
    struct Entry {
        std::uint64_t variable;
        std::shared_ptr<const void> value;
    };
    std::vector<Entry> entries;
};

/// Of what runs on this thread; null: nothing is set. Holds a reference. One for a program and the libraries that it loads.
extern constinit thread_local const ContextData* t_context;

std::uint64_t next_context_variable() noexcept;
std::shared_ptr<const void> context_value(std::uint64_t variable) noexcept;
/// Null: not set.
void set_context_value(std::uint64_t variable, std::shared_ptr<const void> value);

}  // namespace detail

/// All variables' values at one moment. Copies share it; costs nothing while no variable is set. Threads: any.
class Context {
  public:
    /// Nothing is set.
    Context() = default;
    /// Of what runs here, as contextvars.copy_context().
    static Context current() {
        Context context;
        context.data_ = detail::t_context;
        return context;
    }

    /// Calls `function` with these values; what it sets stays here.
    template <class F, class... Args>
    decltype(auto) run(F&& function, Args&&... args) {
        const Scope scope(*this);
        return std::forward<F>(function)(std::forward<Args>(args)...);
    }

    /// This one and the one of what runs change places.
    void swap_with_current() noexcept {
        if (!data_ && detail::t_context == nullptr) return;
        const detail::ContextData* const mine = data_.detach();
        data_ = boost::intrusive_ptr<const detail::ContextData>(detail::t_context, false);
        detail::t_context = mine;
    }

    /// While it stands, `context` is what runs here.
    class Scope {
      public:
        explicit Scope(Context& context) noexcept : context_(context) { context_.swap_with_current(); }
        Scope(const Scope&) = delete;
        Scope& operator=(const Scope&) = delete;
        ~Scope() { context_.swap_with_current(); }

      private:
        Context& context_;
    };

  private:
    boost::intrusive_ptr<const detail::ContextData> data_;
};

/// Usually a global: `ContextVar<std::string> request_id("request id");`
template <class T>
class ContextVar {
  public:
    /// What was set before, for reset().
    class Token {
      public:
        Token(Token&&) = default;

      private:
        friend class ContextVar;
        explicit Token(std::shared_ptr<const void> before) : before_(std::move(before)) {}
        std::shared_ptr<const void> before_;
    };

    explicit ContextVar(std::string name) : name_(std::move(name)) {}
    ContextVar(std::string name, T default_value) : name_(std::move(name)), default_(std::move(default_value)) {}
    ContextVar(const ContextVar&) = delete;
    ContextVar& operator=(const ContextVar&) = delete;

    const std::string& name() const { return name_; }
    /// Errors: std::out_of_range when it isn't set here and has no default.
    T get() const {
        if (const std::shared_ptr<const void> value = detail::context_value(id_)) return *static_cast<const T*>(value.get());
        if (default_) return *default_;
        throw std::out_of_range("context variable '" + name_ + "' has no value");
    }
    T get(T otherwise) const {
        const std::shared_ptr<const void> value = detail::context_value(id_);
        return value ? *static_cast<const T*>(value.get()) : std::move(otherwise);
    }
    /// For what runs, and what it makes from now on.
    Token set(T value) {
        Token before(detail::context_value(id_));
        detail::set_context_value(id_, std::make_shared<const T>(std::move(value)));
        return before;
    }
    /// Back to what it was before that set().
    void reset(Token token) { detail::set_context_value(id_, std::move(token.before_)); }

  private:
    const std::uint64_t id_ = detail::next_context_variable();
    const std::string name_;
    const std::optional<T> default_;
};

}  // namespace girin
