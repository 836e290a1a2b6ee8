#pragma once

// The dashboard's files, as they stand in dashboard/, within the binary: the page works without any file at run time
// and without the internet. Not here: who gets them (monitor_application.hpp).

#include <string_view>

namespace girin {

struct DashboardFile {
    std::string_view path;  // as it is asked for: "/dashboard.css"
    std::string_view content_type;
    std::string_view text;
};

/// Null: there is no such file.
const DashboardFile* find_dashboard_file(std::string_view path);

}  // namespace girin
