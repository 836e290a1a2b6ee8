// Asio, compiled once (BOOST_ASIO_SEPARATE_COMPILATION).

#include "loop/asio/namespace.hpp"

#include <boost/asio/impl/src.hpp>
