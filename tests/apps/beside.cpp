// What needs_beside.cpp needs.

extern "C" __attribute__((visibility("default"))) int girin_test_beside() { return 11; }
