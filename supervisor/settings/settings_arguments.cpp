#include "supervisor/settings/settings_arguments.hpp"

#include <algorithm>
#include <boost/program_options.hpp>
#include <map>
#include <utility>

#include "supervisor/settings/settings_file.hpp"
#include "supervisor/settings/suggest.hpp"

namespace girin {
namespace {

namespace po = boost::program_options;

constexpr std::string_view kNegation = "no-";
constexpr std::size_t kMostEditsInVariable = 2;

std::size_t most_edits(std::string_view name) {
    return std::max<std::size_t>(1, name.size() / 3);
}

bool can_be_negated(const SettingRow& row) {
    return is_switch(row) && has_value(row);
}

std::string negated(const SettingRow& row) {
    return std::string(kNegation) + std::string(row.flag);
}

std::vector<std::string> all_flags() {
    std::vector<std::string> flags;
    for (const SettingRow& row : setting_rows()) {
        flags.emplace_back(row.flag);
        if (!row.other_flag.empty()) flags.emplace_back(row.other_flag);
        if (can_be_negated(row)) flags.push_back(negated(row));
    }
    return flags;
}

std::string did_you_mean(const std::string& nearest) {
    return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

void describe(const SettingRow& row, po::options_description& options) {
    const auto semantic = [&] {
        return is_switch(row) ? po::value<std::string>()->zero_tokens() : po::value<std::string>();
    };
    std::string names(row.flag);
    if (row.short_flag != 0) names += std::string(",") + row.short_flag;
    options.add_options()(names.c_str(), semantic(), "");
    if (!row.other_flag.empty()) options.add_options()(std::string(row.other_flag).c_str(), semantic(), "");
    if (can_be_negated(row)) options.add_options()(negated(row).c_str(), semantic(), "");
}

po::options_description describe_all() {
    po::options_description options;
    for (const SettingRow& row : setting_rows()) describe(row, options);
    return options;
}

// A new setting must not change what an abbreviation meant: there are none.
constexpr int kStyle = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;

po::parsed_options split_command_line(const std::vector<std::string>& arguments) {
    const po::options_description options = describe_all();
    po::positional_options_description rest;
    rest.add("application", -1);
    return po::command_line_parser(arguments).options(options).positional(rest).style(kStyle).run();
}

Error unknown_option(const std::string& token) {
    const std::string name = token.substr(0, token.find('='));
    const bool is_long = name.starts_with("--");
    const std::string bare = is_long ? name.substr(2) : "";
    const std::string nearest = nearest_name(bare, all_flags(), most_edits(bare));
    return Error(name + ": unknown option" + did_you_mean(nearest.empty() ? "" : "--" + nearest) + " (command line)");
}

Error superfluous_value(const std::string& name) {
    const SettingRow* row = find_flag(std::string_view(name).substr(std::min<std::size_t>(2, name.size())));
    const std::string off = row && can_be_negated(*row) ? ", and --" + negated(*row) + " turns it off" : "";
    return Error(name + ": takes no value" + off + " (command line)");
}

Error bad_syntax(const po::invalid_command_line_syntax& error) {
    const std::string name = error.get_option_name();
    switch (error.kind()) {
        case po::invalid_command_line_syntax::missing_parameter:
            return Error(name + ": a value is missing (command line)");
        case po::invalid_command_line_syntax::empty_adjacent_parameter:
            return Error(name + ": a value is missing after '=' (command line)");
        case po::invalid_command_line_syntax::extra_parameter: return superfluous_value(name);
        default: return Error(std::string("command line: ") + error.what());
    }
}

Result<po::parsed_options> tokens_of(const std::vector<std::string>& arguments) {
    try {
        return split_command_line(arguments);
    } catch (const po::unknown_option& error) {
        return unknown_option(error.get_option_name());
    } catch (const po::invalid_command_line_syntax& error) {
        return bad_syntax(error);
    } catch (const po::error& error) {
        return Error(std::string("command line: ") + error.what());
    }
}

// `-w -b :80`: the library takes what follows for the value, whatever it looks like. A value that does begin with a
// dash is written after '='; numbers below zero are told as such.
bool lacks_its_value(const po::option& option) {
    if (option.original_tokens.size() < 2 || option.value.empty()) return false;
    const std::string& next = option.original_tokens[1];
    return next.size() > 1 && next[0] == '-' && (next[1] < '0' || next[1] > '9');
}

/// `--exec … -- COMMAND ARGUMENT…`: the command is nobody's options but its own. Without both, nothing is split off.
std::pair<std::vector<std::string>, std::vector<std::string>> split_off_command(std::vector<std::string> arguments) {
    const auto dashes = std::ranges::find(arguments, "--");
    const auto asked = std::find(arguments.begin(), dashes, "--exec");
    if (dashes == arguments.end() || asked == dashes) return {std::move(arguments), {}};
    std::vector<std::string> command(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
    arguments.erase(asked);
    return {std::move(arguments), std::move(command)};
}

Assignment to_assignment(const po::option& option) {
    const SettingSource source(SettingSource::Kind::command_line, {});
    const SettingRow* row = find_flag(option.string_key);
    if (!row) return {*find_flag(std::string_view(option.string_key).substr(kNegation.size())), "false", source};
    if (is_switch(*row)) return {*row, "true", source};
    return {*row, option.value.front(), source};
}

Result<void> check_one_application(const std::vector<Assignment>& found) {
    const auto is_application = [](const Assignment& a) {
        return a.row->field == SettingField(&Settings::application);
    };
    const auto first = std::ranges::find_if(found, is_application);
    if (first == found.end()) return {};
    const auto second = std::find_if(first + 1, found.end(), is_application);
    if (second == found.end()) return {};
    return Error("'" + second->text + "': a second application after '" + first->text +
                 "'; there can be one (command line)");
}

// Names of the environment are unique but for what a careless parent passed on: the first counts, as in getenv.
std::map<std::string_view, std::string_view> variables_of(const std::vector<std::string>& environment) {
    std::map<std::string_view, std::string_view> variables;
    for (const std::string_view entry : environment) {
        const std::size_t equals = entry.find('=');
        if (equals != entry.npos) variables.emplace(entry.substr(0, equals), entry.substr(equals + 1));
    }
    return variables;
}

Result<void> check_no_variable_is_misspelt(const std::map<std::string_view, std::string_view>& variables) {
    std::vector<std::string> known;
    for (const SettingRow& row : setting_rows()) {
        if (auto name = environment_variable(row); !name.empty()) known.push_back(std::move(name));
    }
    for (const auto& [name, value] : variables) {
        if (!name.starts_with("GIRIN_") || std::ranges::find(known, name) != known.end()) continue;
        const auto misspelt = [&, wrong = name](const std::string& right) {
            return edit_distance(wrong, right) <= std::min(kMostEditsInVariable, right.size() / 6);
        };
        const auto right = std::ranges::find_if(known, misspelt);
        if (right != known.end()) {
            return Error(std::string(name) + ": unknown setting" + did_you_mean(*right) + " (environment)");
        }
    }
    return {};
}

Error unknown_setting(const FileEntry& entry) {
    if (const SettingRow* row = find_flag(entry.key); row && row->places != SettingPlaces::all) {
        return Error("'" + entry.key + "' can't be set in a file");
    }
    std::vector<std::string> known;
    for (const SettingRow& row : setting_rows()) {
        if (auto key = file_key(row); !key.empty()) known.push_back(std::move(key));
    }
    const std::string nearest = nearest_name(entry.key, known, most_edits(entry.key));
    return Error("unknown setting '" + entry.key + "'" + did_you_mean(nearest));
}

Result<const SettingRow*> row_of_entry(const FileEntry& entry, std::map<const SettingRow*, std::size_t>& lines) {
    const SettingRow* row = find_file_key(entry.key);
    if (!row) return unknown_setting(entry);
    const auto [seen, is_new] = lines.emplace(row, entry.line);
    if (!is_new && !is_list(*row)) {
        return Error("'" + entry.key + "' is set a second time; first in line " + std::to_string(seen->second));
    }
    return row;
}

}  // namespace

Error Assignment::refused(const Error& why) const {
    const std::string flag(row->flag);
    switch (source.kind) {
        case SettingSource::Kind::file: return why.within(source.where + ": " + file_key(*row));
        case SettingSource::Kind::platform:
        case SettingSource::Kind::environment: return Error(source.where + ": " + why.message() + " (environment)");
        case SettingSource::Kind::command_line:
        case SettingSource::Kind::default_value: break;
    }
    const bool positional = row->field == SettingField(&Settings::application);
    return Error((positional ? flag : "--" + flag) + ": " + why.message() + " (command line)");
}

Result<std::vector<Assignment>> read_command_line(const std::vector<std::string>& arguments) {
    const auto [options_only, command] = split_off_command(arguments);
    const bool was_split = options_only.size() != arguments.size();
    if (was_split && command.empty()) return Error("--exec: the COMMAND is missing after '--' (command line)");
    const auto tokens = tokens_of(options_only);
    if (!tokens) return tokens.error();
    std::vector<Assignment> found;
    for (const po::option& option : tokens->options) {
        if (lacks_its_value(option)) {
            return Error("--" + option.string_key + ": a value is missing before '" + option.original_tokens[1] +
                         "' (command line)");
        }
        found.push_back(to_assignment(option));
    }
    if (auto checked = check_one_application(found); !checked) return checked.error();
    for (const std::string& word : command) {
        const SettingSource source(SettingSource::Kind::command_line, {});
        found.emplace_back(row_of(&Settings::exec), word, source);
    }
    return found;
}

Result<std::vector<Assignment>> read_environment(const std::vector<std::string>& environment) {
    const auto variables = variables_of(environment);
    if (auto checked = check_no_variable_is_misspelt(variables); !checked) return checked.error();
    std::vector<Assignment> platform, ours;
    const auto add = [&](const SettingRow& row, const std::string& variable, SettingSource::Kind kind,
                         std::string_view prefix, std::vector<Assignment>& to) {
        const auto found = variables.find(variable);
        if (variable.empty() || found == variables.end() || found->second.empty()) return;
        to.emplace_back(row, std::string(prefix) + std::string(found->second), SettingSource(kind, variable));
    };
    for (const SettingRow& row : setting_rows()) {
        add(row, std::string(row.platform_variable), SettingSource::Kind::platform, row.platform_prefix, platform);
        add(row, environment_variable(row), SettingSource::Kind::environment, {}, ours);
    }
    platform.insert(platform.end(), ours.begin(), ours.end());
    return platform;
}

Result<std::vector<Assignment>> read_file_entries(const SettingsFile& file) {
    const auto entries = parse_settings_file(file.text, file.name);
    if (!entries) return entries.error();
    std::vector<Assignment> found;
    std::map<const SettingRow*, std::size_t> lines;
    for (const FileEntry& entry : *entries) {
        const std::string where = file.name + ":" + std::to_string(entry.line);
        const auto row = row_of_entry(entry, lines);
        if (!row) return row.error().within(where);
        found.emplace_back(**row, entry.value, SettingSource(SettingSource::Kind::file, where));
    }
    return found;
}

}  // namespace girin
