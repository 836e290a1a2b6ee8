// girin-load: the load client as a program. Prints a table; exit code 0 when nothing was lost, 1 when something was, 2
// for a mistake in its arguments.

#include <boost/program_options.hpp>
#include <csignal>
#include <fstream>
#include <iostream>

#include "tests/load/load_client.hpp"
#include "tests/load/report.hpp"
#include "tests/load/slow_clients.hpp"

namespace girin::load {
namespace {

namespace po = boost::program_options;

LoadClient* g_client = nullptr;  // for the signal handler: stop() is a store and a write

po::options_description describe_options() {
    po::options_description options("girin-load [options] ADDRESS");
    options.add_options()
        ("help,h", "this text")
        ("address", po::value<std::string>(), "HOST:PORT or unix:PATH")
        ("rate,r", po::value<double>()->default_value(500), "requests a second; 0: closed loop")
        ("connections,c", po::value<std::size_t>()->default_value(32), "kept; closed loop: requests at a time")
        ("new-share", po::value<double>()->default_value(0.5), "share of requests on a connection of their own")
        ("duration,d", po::value<double>()->default_value(5), "seconds; 0: until interrupted")
        ("requests,n", po::value<std::uint64_t>()->default_value(0), "end after so many; 0: don't")
        ("timeout,t", po::value<double>()->default_value(5), "seconds for one request")
        ("target", po::value<std::vector<std::string>>()->composing(), "GET this; repeatable")
        ("expect", po::value<std::string>(), "body that every GET must be answered with")
        ("echo", po::value<std::string>(), "POST to this target what must come back")
        ("echo-bytes", po::value<std::size_t>()->default_value(1000), "size of that body")
        ("seed", po::value<unsigned>()->default_value(1), "of the random choices")
        ("slow", po::value<std::string>(), "in place of load: silent, header, body or reader, `connections` of them")
        ("json", po::value<std::string>(), "file for the result as JSON; - for standard output in place of the table");
    return options;
}

std::chrono::milliseconds seconds_of(const po::variables_map& values, const char* name) {
    return std::chrono::milliseconds(static_cast<long>(values[name].as<double>() * 1000));
}

std::vector<LoadRequest> requests_of(const po::variables_map& values) {
    std::vector<LoadRequest> requests;
    std::optional<std::string> expected;
    if (values.contains("expect")) expected = values["expect"].as<std::string>();
    if (values.contains("target")) {
        for (const auto& target : values["target"].as<std::vector<std::string>>()) {
            requests.push_back(LoadRequest::get(target, expected));
        }
    }
    if (values.contains("echo")) {
        const std::string body = random_text(values["echo-bytes"].as<std::size_t>(), values["seed"].as<unsigned>());
        requests.push_back(LoadRequest::echo(values["echo"].as<std::string>(), body));
    }
    if (requests.empty()) requests.push_back(LoadRequest::get("/", expected));
    return requests;
}

LoadOptions load_options_of(const po::variables_map& values) {
    LoadOptions options(test::Endpoint::parse(values["address"].as<std::string>()), requests_of(values));
    options.rate = values["rate"].as<double>();
    options.connections = values["connections"].as<std::size_t>();
    options.new_share = values["new-share"].as<double>();
    options.duration = seconds_of(values, "duration");
    options.requests_in_all = values["requests"].as<std::uint64_t>();
    options.timeout = seconds_of(values, "timeout");
    options.seed = values["seed"].as<unsigned>();
    if (options.rate < 0 || (options.rate == 0 && options.connections == 0)) {
        throw std::invalid_argument("there is neither a rate nor a number of connections");
    }
    return options;
}

Slowness slowness_of(const std::string& name) {
    if (name == "silent") return Slowness::silent;
    if (name == "header") return Slowness::slow_header;
    if (name == "body") return Slowness::slow_body;
    if (name == "reader") return Slowness::slow_reader;
    throw std::invalid_argument("--slow " + name + ": one of silent, header, body, reader");
}

int run_load(const po::variables_map& values) {
    LoadClient client(load_options_of(values));
    g_client = &client;
    std::signal(SIGINT, [](int) { g_client->stop(); });
    client.run();
    std::signal(SIGINT, SIG_DFL);
    const LoadTotals totals = client.totals();
    const std::string json_file = values.contains("json") ? values["json"].as<std::string>() : "";
    if (json_file != "-") std::cout << to_table(totals);
    if (json_file == "-") std::cout << to_json(totals) << "\n";
    else if (!json_file.empty()) std::ofstream(json_file) << to_json(totals) << "\n";
    return totals.losses() == 0 && totals.ok() > 0 ? 0 : 1;
}

int run_slow(const po::variables_map& values) {
    SlowOptions options(test::Endpoint::parse(values["address"].as<std::string>()),
                        slowness_of(values["slow"].as<std::string>()));
    options.count = values["connections"].as<std::size_t>();
    options.duration = seconds_of(values, "duration");
    if (values.contains("target")) options.target = values["target"].as<std::vector<std::string>>().front();
    if (options.count > SlowOptions::kMostSlowClients) {
        throw std::invalid_argument("--connections: at most 2000 with --slow");
    }
    const SlowTotals totals = SlowClients(options).wait();
    std::cout << totals.connected << " connected, " << totals.refused << " refused, " << totals.closed << " closed, "
              << totals.reset << " reset, " << totals.still_open << " still open\n";
    for (const auto& [status, count] : totals.answers) std::cout << count << " answered " << status << "\n";
    return 0;
}

int main_of(int argc, char** argv) {
    const auto options = describe_options();
    po::variables_map values;
    const auto address = po::positional_options_description().add("address", 1);
    po::store(po::command_line_parser(argc, argv).options(options).positional(address).run(), values);
    if (values.contains("help") || !values.contains("address")) {
        std::cout << options;
        return values.contains("help") ? 0 : 2;
    }
    return values.contains("slow") ? run_slow(values) : run_load(values);
}

}  // namespace
}  // namespace girin::load

int main(int argc, char** argv) {
    try {
        return girin::load::main_of(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "girin-load: " << error.what() << "\n";
        return 2;
    }
}
