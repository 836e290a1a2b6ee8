#include "supervisor/cli/command_line.hpp"

#include <string_view>
#include <vector>

namespace girin {
namespace {

/// Options that take a value, each with its names and its place.
struct ValueOption {
    std::string_view long_name;
    std::string_view short_name;
    std::string ServerChoice::* field;
};
constexpr ValueOption kValueOptions[] = {
    {"--control-socket", "", &ServerChoice::socket_path},
    {"--name", "-n", &ServerChoice::name},
    {"--pid", "-p", &ServerChoice::pidfile},
};

struct Flag {
    std::string_view name;
    bool CommandLine::* field;
};
constexpr Flag kFlags[] = {
    {"--json", &CommandLine::json},
    {"--quick", &CommandLine::quick},
    {"--settled", &CommandLine::settled},
    {"--once", &CommandLine::once},
    {"--help", &CommandLine::help},
    {"-h", &CommandLine::help},
};

const Flag* find_flag_option(std::string_view text) {
    for (const Flag& flag : kFlags) {
        if (flag.name == text) return &flag;
    }
    return nullptr;
}

/// Reads a value option at `words[i]`, and the value behind it; false: it is none.
Result<bool> read_value_option(const std::vector<std::string>& words, std::size_t& i, CommandLine& line) {
    for (const ValueOption& option : kValueOptions) {
        const std::string with_equals = std::string(option.long_name) + "=";
        if (words[i].starts_with(with_equals)) {
            line.server.*option.field = words[i].substr(with_equals.size());
            return true;
        }
        if (words[i] != option.long_name && (option.short_name.empty() || words[i] != option.short_name)) continue;
        if (i + 1 == words.size()) return Error(words[i] + " needs a value");
        line.server.*option.field = words[++i];
        return true;
    }
    return false;
}

/// "-2" of girin scale is no option.
bool is_option(const std::string& word) { return word.size() > 1 && word[0] == '-' && (word[1] < '0' || word[1] > '9'); }

Result<void> read_word(const std::vector<std::string>& words, std::size_t& i, CommandLine& line) {
    if (const Flag* const flag = find_flag_option(words[i])) {
        line.*(flag->field) = true;
        return {};
    }
    const auto had_value = read_value_option(words, i, line);
    if (!had_value) return had_value.error();
    if (*had_value) return {};
    if (is_option(words[i])) return Error("unknown option " + words[i]);
    if (line.command->argument.empty() || !line.argument.empty()) return Error("'" + words[i] + "' is one too many");
    line.argument = words[i];
    return {};
}

Result<void> check(const CommandLine& line) {
    if (line.help) return {};
    if (!line.command->argument.empty() && line.argument.empty()) {
        return Error(std::string(line.command->argument) + " is missing");
    }
    for (const CommandRow& row : command_rows()) {
        const Flag* const flag = find_flag_option(row.flag);
        if (!flag || !(line.*(flag->field)) || row.flag == line.command->flag) continue;
        return Error(std::string(row.flag) + " is for girin " + std::string(row.name));
    }
    return {};
}

}  // namespace

const CommandRow* find_command(std::string_view name) {
    for (const CommandRow& command : command_rows()) {
        if (command.name == name) return &command;
    }
    return nullptr;
}

Result<CommandLine> parse_command_line(int argc, char** argv) {
    CommandLine line;
    line.command = find_command(argv[1]);
    const std::vector<std::string> words(argv + 2, argv + argc);
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (auto read = read_word(words, i, line); !read) return read.error();
    }
    if (auto checked = check(line); !checked) return checked.error();
    return line;
}

std::string command_usage(const CommandRow& command) {
    std::string usage = "usage: " + command_synopsis(command);
    usage += " [--json] [--control-socket PATH | -n NAME | -p PIDFILE]\n" + std::string(command.summary) + "\n";
    return usage;
}

}  // namespace girin
