#include "supervisor/settings/suggest.hpp"

#include <algorithm>

namespace girin {
namespace {

constexpr std::size_t kLongestName = 64;  // of what is compared; bounds the work on nonsense
constexpr std::size_t kShortestPrefix = 3;

std::string shortest_with_prefix(std::string_view prefix, const std::vector<std::string>& known) {
    std::string shortest;
    for (const std::string& name : known) {
        const bool better = shortest.empty() || name.size() < shortest.size();
        if (prefix.size() >= kShortestPrefix && name.starts_with(prefix) && better) shortest = name;
    }
    return shortest;
}

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the usual matrix: two back (for swaps), the last, and the one being filled.
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        before.swap(last);
        last.swap(row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

std::string nearest_name(std::string_view wrong, const std::vector<std::string>& known, std::size_t most_edits) {
    if (wrong.empty() || wrong.size() > kLongestName) return {};
    std::string nearest = shortest_with_prefix(wrong, known);
    if (!nearest.empty()) return nearest;
    std::size_t edits = most_edits + 1;
    for (const std::string& name : known) {
        const std::size_t distance = edit_distance(wrong, name);
        if (distance >= edits || distance >= wrong.size()) continue;
        edits = distance;
        nearest = name;
    }
    return nearest;
}

}  // namespace girin
