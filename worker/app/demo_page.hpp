#pragma once

// The page that browsers get from the demo. It holds all it needs and asks /info for what changes.

#include <string_view>

namespace girin {

extern const std::string_view kDemoPage;

}  // namespace girin
