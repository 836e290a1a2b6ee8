#include "girin/loop/frame_pool.hpp"

#include <new>

#if defined(__SANITIZE_ADDRESS__)
#define GIRIN_PLAIN_FRAMES 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GIRIN_PLAIN_FRAMES 1
#endif
#endif

namespace girin::detail {

#ifdef GIRIN_PLAIN_FRAMES

void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }

#else

namespace {

constexpr std::size_t kStep = 16;         // sizes are rounded up to it
constexpr std::size_t kClasses = 128;     // frames up to 2 KiB are kept
constexpr std::size_t kKeptPerClass = 1024;

struct FreeFrame {
    FreeFrame* next;
};

struct FreeList {
    FreeFrame* first = nullptr;
    std::size_t length = 0;
};

class FramePool {
  public:
    ~FramePool() {
        for (FreeList& list : lists_) {
            while (list.first != nullptr) ::operator delete(pop(list));
        }
        closed = true;
    }

    void* pop(FreeList& list) {
        FreeFrame* frame = list.first;
        list.first = frame->next;
        --list.length;
        return frame;
    }
    void push(FreeList& list, void* memory) {
        list.first = new (memory) FreeFrame{list.first};
        ++list.length;
    }
    FreeList& list(std::size_t size_class) { return lists_[size_class]; }

    // Frames may be freed while the thread's own objects are being destroyed, after the pool itself.
    static thread_local bool closed;

  private:
    FreeList lists_[kClasses];
};

thread_local bool FramePool::closed = false;
thread_local FramePool pool;

std::size_t class_of(std::size_t bytes) { return (bytes - 1) / kStep; }

}  // namespace

void* allocate_frame(std::size_t bytes) {
    const std::size_t size_class = class_of(bytes);
    if (size_class >= kClasses || FramePool::closed) return ::operator new(bytes);
    FreeList& list = pool.list(size_class);
    if (list.first != nullptr) return pool.pop(list);
    return ::operator new((size_class + 1) * kStep);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
    const std::size_t size_class = class_of(bytes);
    if (size_class >= kClasses || FramePool::closed || pool.list(size_class).length >= kKeptPerClass) {
        ::operator delete(frame);
        return;
    }
    pool.push(pool.list(size_class), frame);
}

#endif

}  // namespace girin::detail
