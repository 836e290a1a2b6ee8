#pragma once

// A pointer to what somebody else owns, and keeps for at least as long: by its type one sees that nothing is freed here.

namespace girin {

template <class T>
class Borrowed {
  public:
    /// Nothing is borrowed.
    Borrowed() = default;
    Borrowed(T* owners) : owners_(owners) {}

    T* operator->() const { return owners_; }
    operator T*() const { return owners_; }

  private:
    T* owners_ = nullptr;
};

}  // namespace girin
