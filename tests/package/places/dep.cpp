// What an application needs from beside itself; with FROM_OTHERS it needs something of the application in turn, and of
// another dependency, at once and not only when it is called.

extern "C" int beside_value() { return 41; }

#ifdef FROM_OTHERS
extern "C" int application_value();
extern "C" int other_value();
extern "C" {
__attribute__((visibility("default"))) int (*const from_others[])() = {&application_value, &other_value};
}
extern "C" int sum_of_others() { return from_others[0]() + from_others[1](); }
#endif
#ifdef DEEPER
extern "C" int other_value();
extern "C" int deeper_value() { return other_value(); }
#endif
