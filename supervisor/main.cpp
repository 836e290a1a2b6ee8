// girin, the program.

#include "girin/run.hpp"

int main(int argc, char** argv) { return girin::run_girin(argc, argv); }
