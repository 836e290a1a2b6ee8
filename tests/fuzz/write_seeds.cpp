// write_seeds CORPUS OUT: the requests of tests/requests as inputs of the fuzz target, one file each, with
// either choice of limits.

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/worker/http/request_corpus.hpp"

int main(int argc, char** argv) {
    if (argc != 3) return std::fputs("usage: write_seeds CORPUS OUT\n", stderr), 2;
    std::filesystem::create_directories(argv[2]);
    for (const char* kind : {"valid", "invalid"}) {
        const auto cases = girin::test::load_corpus(std::string(argv[1]) + "/" + kind);
        if (!cases) return std::fprintf(stderr, "%s\n", cases.error().message().c_str()), 1;
        for (const girin::test::CorpusCase& c : *cases) {
            for (const char choice : {'0', '1'}) {
                const std::string name = std::string(argv[2]) + "/" + kind + "-" + c.name + "-" + choice;
                std::ofstream(name, std::ios::binary) << choice << '7' << c.bytes;
            }
        }
    }
    return 0;
}
