#pragma once

// RefCounted: shared ownership on one thread, for the states behind handles (Future, Task, Handle).

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>

#include "girin/base/boost_types.hpp"
#include "girin/loop/frame_pool.hpp"

namespace girin {

/// Threads: all references of one object live on one thread at a time.
class RefCounted {
  public:
    RefCounted() = default;
    RefCounted(const RefCounted&) = delete;
    RefCounted& operator=(const RefCounted&) = delete;

    static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
    static void operator delete(void* object, std::size_t bytes) noexcept { detail::free_frame(object, bytes); }

    std::uint32_t references() const { return references_; }

    friend void intrusive_ptr_add_ref(const RefCounted* object) { ++object->references_; }
    friend void intrusive_ptr_release(const RefCounted* object) {
        if (--object->references_ == 0) delete object;
    }

  protected:
    virtual ~RefCounted() = default;

  private:
    mutable std::uint32_t references_ = 0;  // four bytes, behind which a derived class's members may stand
};

template <class T>
using Ref = boost::intrusive_ptr<T>;

}  // namespace girin
