// Asio, compiled once (BOOST_ASIO_SEPARATE_COMPILATION).

#include "girin/asio/namespace.hpp"

#include <boost/asio/impl/src.hpp>
