#include "girin/http/fields.hpp"

#include "worker/http/chars.hpp"

namespace girin {

void FieldList::Iterator::settle() {
    if (name_.empty()) return;
    while (at_ < list_->size() && !chars::equal_no_case((*list_)[at_].name, name_)) ++at_;
}

std::optional<std::string_view> FieldList::find(std::string_view name) const {
    for (std::size_t i = 0; i < size(); ++i) {
        const Field field = (*this)[i];
        if (chars::equal_no_case(field.name, name)) return field.value;
    }
    return std::nullopt;
}

FieldList::Matches FieldList::find_all(std::string_view name) const { return {*this, name}; }

void Fields::add(std::string_view name, std::string_view value) {
    FieldSlot slot;
    slot.name_begin = static_cast<std::uint32_t>(bytes_.size());
    slot.name_size = static_cast<std::uint32_t>(name.size());
    slot.value_begin = static_cast<std::uint32_t>(bytes_.size() + name.size());
    slot.value_size = static_cast<std::uint32_t>(value.size());
    bytes_.append(name).append(value);
    slots_.push_back(slot);
}

void Fields::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

std::size_t Fields::remove(std::string_view name) {
    // The bytes stay behind until clear(): a field is removed seldom, and never for long.
    return std::erase_if(slots_, [this, name](const FieldSlot& slot) {
        return chars::equal_no_case({bytes_.data() + slot.name_begin, slot.name_size}, name);
    });
}

void Fields::clear() {
    bytes_.clear();
    slots_.clear();
}

void Fields::assign(FieldList fields) {
    clear();
    for (Field field : fields) add(field.name, field.value);
}

bool is_field_name(std::string_view name) { return !name.empty() && chars::all(name, chars::kToken); }

bool is_field_value(std::string_view value) {
    if (value.empty()) return true;
    if (chars::is_blank(value.front()) || chars::is_blank(value.back())) return false;
    return chars::skip_field_text(value, 0, value.size()) == value.size();
}

}  // namespace girin
