#pragma once

// ExceptionGroup: several errors that happened together, as PEP 654.

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace girin {

class ExceptionGroup : public std::exception {
  public:
    ExceptionGroup(std::string message, std::vector<std::exception_ptr> exceptions);

    const char* what() const noexcept override { return text_.c_str(); }
    /// In the order in which they happened; never empty.
    const std::vector<std::exception_ptr>& exceptions() const { return exceptions_; }

    /// Those that are an `E`, nested groups looked into.
    template <class E>
    std::vector<std::exception_ptr> select() const {
        std::vector<std::exception_ptr> selected;
        collect<E>(selected);
        return selected;
    }

    /// What of it is an `E`, and the rest, each with the nesting that it has here; none where nothing is.
    template <class E>
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split() const {
        return split_if([](const std::exception_ptr& one) {
            try {
                std::rethrow_exception(one);
            } catch (const E&) {
                return true;
            } catch (...) {
                return false;
            }
        });
    }
    /// The first of the two.
    template <class E>
    std::optional<ExceptionGroup> subgroup() const {
        return split<E>().first;
    }
    /// By a condition, which is asked of groups as well: one that meets it goes whole.
    std::pair<std::optional<ExceptionGroup>, std::optional<ExceptionGroup>> split_if(
        const std::function<bool(const std::exception_ptr&)>& condition) const;

  private:
    template <class E>
    void collect(std::vector<std::exception_ptr>& into) const {
        for (const std::exception_ptr& one : exceptions_) {
            try {
                std::rethrow_exception(one);
            } catch (const E&) {
                into.push_back(one);
            } catch (const ExceptionGroup& group) {
                group.collect<E>(into);
            } catch (...) {
            }
        }
    }

    std::optional<ExceptionGroup> with(std::vector<std::exception_ptr> exceptions) const;

    std::string message_;
    std::string text_;
    std::vector<std::exception_ptr> exceptions_;
};

}  // namespace girin
