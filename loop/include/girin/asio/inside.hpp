#pragma once

// GIRIN_ASIO_INSIDE: whether Asio's private parts are used (internals.hpp). Wanted by the build (GIRIN_ASIO_INTERNALS), and
// only with an Asio they were checked against; any other is used over its public interface, slower.

#include <boost/asio/version.hpp>

// Checked by reading, and by loop_tests.
#define GIRIN_ASIO_OLDEST_CHECKED 102600
#ifndef GIRIN_ASIO_BELOW
#define GIRIN_ASIO_BELOW 103900
#endif

#if GIRIN_ASIO_INTERNALS && BOOST_ASIO_VERSION >= GIRIN_ASIO_OLDEST_CHECKED && BOOST_ASIO_VERSION < GIRIN_ASIO_BELOW
#define GIRIN_ASIO_INSIDE 1
#else
#define GIRIN_ASIO_INSIDE 0
#endif
