extern "C" int other_value() { return 20; }
