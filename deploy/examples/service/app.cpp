// What girin looks for in libnotes.so.

#include "notes.hpp"

GIRIN_APPLICATION(app, notes::Notes)
