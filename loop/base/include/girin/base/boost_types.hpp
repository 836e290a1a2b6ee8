#pragma once

// Included by headers of ours whose types have Boost's within them (Result, Runnable, Ref).

#include "girin/base/crossing.hpp"

GIRIN_CROSSES(boost, "Boost " BOOST_LIB_VERSION);
