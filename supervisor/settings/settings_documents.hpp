#pragma once

// Documents printed from the settings table and kept as files: deploy/girin.1, deploy/settings.md and
// deploy/girin.conf.example. A test compares those files with what is printed here.

#include <string>
#include <string_view>

namespace girin {

/// The manual page, in man(7) macros.
std::string man_page();
/// The reference, in Markdown: each setting with all its names, its default, range and what a reload does.
std::string settings_reference();
/// A settings file in which every setting stands, commented out, at its default.
std::string sample_file();

/// One of the three by its name: "man", "markdown" or "sample"; anything else is empty.
std::string document_text(std::string_view format);

}  // namespace girin
