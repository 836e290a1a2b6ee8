#pragma once

// ExceptionGroup: several errors that happened together, as PEP 654.

#include <exception>
#include <string>
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

    std::string text_;
    std::vector<std::exception_ptr> exceptions_;
};

}  // namespace girin
