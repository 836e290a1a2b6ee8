#pragma once

// Header and trailer fields: FieldList looks at fields that lie in somebody's bytes, Fields owns its own.
// Both keep order, duplicates and the spelling of names. Not here: what any field means (head_rules.hpp),
// reading them off the wire (field_block.hpp).

#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace girin {

struct Field {
    std::string_view name, value;
};

/// Where a field lies, counted from the start of its bytes; so the bytes may move.
struct FieldSlot {
    std::uint32_t name_begin = 0, name_size = 0;
    std::uint32_t value_begin = 0, value_size = 0;
};

/// Borrows both the bytes and the slots. Names are compared without case everywhere.
class FieldList {
  public:
    /// Steps over all fields, or over those of one name.
    class Iterator {
      public:
        using value_type = Field;
        using reference = Field;
        using pointer = void;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;

        Iterator() = default;
        Iterator(const FieldList* list, std::size_t at, std::string_view name)
            : list_(list), at_(at), name_(name) {
            settle();
        }
        Field operator*() const { return (*list_)[at_]; }
        Iterator& operator++() {
            ++at_;
            settle();
            return *this;
        }
        Iterator operator++(int) {
            Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator& other) const { return at_ == other.at_; }

      private:
        void settle();

        const FieldList* list_ = nullptr;
        std::size_t at_ = 0;
        std::string_view name_;  // empty: all
    };

    FieldList() = default;
    FieldList(const char* bytes, std::span<const FieldSlot> slots) : bytes_(bytes), slots_(slots) {}

    std::size_t size() const { return slots_.size(); }
    bool empty() const { return slots_.empty(); }
    Field operator[](std::size_t index) const {
        const FieldSlot& slot = slots_[index];
        return {{bytes_ + slot.name_begin, slot.name_size}, {bytes_ + slot.value_begin, slot.value_size}};
    }
    Iterator begin() const { return {this, 0, {}}; }
    Iterator end() const { return {this, slots_.size(), {}}; }

    /// The first value of that name.
    std::optional<std::string_view> find(std::string_view name) const;
    bool contains(std::string_view name) const { return find(name).has_value(); }

    /// The same fields after their bytes have moved to `bytes`.
    FieldList moved_to(const char* bytes) const { return {bytes, slots_}; }

    class Matches;
    /// All fields of that name, in order: `for (Field f : fields.find_all("cookie"))`. `name` is borrowed
    /// meanwhile.
    Matches find_all(std::string_view name) const;

  private:
    const char* bytes_ = nullptr;
    std::span<const FieldSlot> slots_;
};

class FieldList::Matches {
  public:
    Matches(FieldList list, std::string_view name) : list_(list), name_(name) {}
    Iterator begin() const { return {&list_, 0, name_}; }
    Iterator end() const { return {&list_, list_.size(), {}}; }

  private:
    FieldList list_;
    std::string_view name_;
};

/// Fields of our own: a response's, or trailers. Checks nothing: what is written to the wire is checked
/// there. clear() keeps the memory.
class Fields {
  public:
    void add(std::string_view name, std::string_view value);
    /// Replaces all fields of that name by this one, at the end.
    void set(std::string_view name, std::string_view value);
    /// How many there were.
    std::size_t remove(std::string_view name);
    void clear();
    void assign(FieldList fields);

    std::size_t size() const { return slots_.size(); }
    bool empty() const { return slots_.empty(); }
    /// Valid until this object changes.
    FieldList list() const { return {bytes_.data(), slots_}; }
    operator FieldList() const { return list(); }
    std::optional<std::string_view> find(std::string_view name) const { return list().find(name); }

  private:
    std::string bytes_;
    std::vector<FieldSlot> slots_;
};

/// A token (RFC 9110 §5.6.2) of at least one byte.
bool is_field_name(std::string_view name);
/// No controls but tab, no CR, LF or NUL, no blanks at its ends; may be empty.
bool is_field_value(std::string_view value);

}  // namespace girin
