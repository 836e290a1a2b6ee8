#pragma once

// InputBuffer: received bytes that nobody has consumed yet, in one piece.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace girin {

class InputBuffer {
  public:
    explicit InputBuffer(std::size_t capacity) : usual_capacity_(capacity) {}

    std::string_view unconsumed() const { return {bytes_.get() + begin_, end_ - begin_}; }
    bool empty() const { return begin_ == end_; }
    void consume(std::size_t count) { begin_ += count; }

    /// Room for at least `least` bytes behind what is unconsumed, which may move.
    std::span<char> room(std::size_t least) {
        if (begin_ == end_) begin_ = end_ = 0;
        if (capacity_ - end_ < least) make_room(least);
        return {bytes_.get() + end_, capacity_ - end_};
    }
    void received(std::size_t count) { end_ += count; }

    void append(std::string_view bytes) {
        if (bytes.empty()) return;
        const std::span<char> space = room(bytes.size());
        std::memcpy(space.data(), bytes.data(), bytes.size());
        received(bytes.size());
    }

    /// Forgets everything, and gives back what it has grown beyond its usual size.
    void clear() {
        begin_ = end_ = 0;
        if (capacity_ > usual_capacity_) {
            bytes_.reset();
            capacity_ = 0;
        }
    }

    void swap(InputBuffer& other) {
        std::swap(usual_capacity_, other.usual_capacity_);
        std::swap(bytes_, other.bytes_);
        std::swap(capacity_, other.capacity_);
        std::swap(begin_, other.begin_);
        std::swap(end_, other.end_);
    }

  private:
    void make_room(std::size_t least) {
        const std::size_t size = end_ - begin_;
        if (capacity_ - size >= least && begin_ > 0) {
            std::memmove(bytes_.get(), bytes_.get() + begin_, size);
        } else {
            std::size_t wanted = std::max(usual_capacity_, capacity_);
            while (wanted - size < least) wanted *= 2;
            std::unique_ptr<char[]> larger(new char[wanted]);
            if (size > 0) std::memcpy(larger.get(), bytes_.get() + begin_, size);
            bytes_ = std::move(larger);
            capacity_ = wanted;
        }
        begin_ = 0;
        end_ = size;
    }

    std::size_t usual_capacity_;
    std::unique_ptr<char[]> bytes_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace girin
