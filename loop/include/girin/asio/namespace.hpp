#pragma once

// Boost.Asio, under a name of girin's own: included before anything of Asio's by whoever shares Asio with girin's loop.
//
// An application is loaded into a process that has an Asio already, and may bring another: of another Boost, with other
// options, or within some library it links. By the plain names the dynamic linker would take one's functions for the
// other's, whose objects are laid out otherwise. So girin's lies in a namespace that names its version; `boost::asio`
// finds it there in the source. It is compiled once, in the program, for all who include this header; nobody else meets
// it. What an application was built with stands in its file, for the loader to compare (girin/base/crossing.hpp).

#include <boost/version.hpp>

#include "girin/asio/inside.hpp"
#include "girin/base/crossing.hpp"

#ifdef BOOST_ASIO_DETAIL_CONFIG_HPP
#error "include girin's headers before those of Boost.Asio: they make it the one of girin's loop"
#endif

#ifndef BOOST_ASIO_SEPARATE_COMPILATION
#define BOOST_ASIO_SEPARATE_COMPILATION
#endif

#define GIRIN_ASIO_NAMESPACE_OF(version) girin_asio_##version
#define GIRIN_ASIO_NAMESPACE_BY(version) GIRIN_ASIO_NAMESPACE_OF(version)

// A later `namespace boost::asio` goes on with this one (CWG 2061).
namespace boost {
inline namespace GIRIN_ASIO_NAMESPACE_BY(BOOST_VERSION) {
namespace asio {}
}  // namespace GIRIN_ASIO_NAMESPACE_BY(BOOST_VERSION)
}  // namespace boost

// The options that change what lies in Asio's objects, or how its threads meet.
#ifdef BOOST_ASIO_ENABLE_HANDLER_TRACKING
#define GIRIN_ASIO_TRACKING " with handler tracking"
#else
#define GIRIN_ASIO_TRACKING ""
#endif
#ifdef BOOST_ASIO_DISABLE_THREADS
#define GIRIN_ASIO_THREADS " without threads"
#else
#define GIRIN_ASIO_THREADS ""
#endif
#if defined(BOOST_ASIO_DISABLE_EPOLL) || defined(BOOST_ASIO_HAS_IO_URING_AS_DEFAULT)
#define GIRIN_ASIO_REACTOR " without epoll"
#else
#define GIRIN_ASIO_REACTOR ""
#endif
#if defined(BOOST_ASIO_ENABLE_BUFFER_DEBUGGING) || \
    (defined(_GLIBCXX_DEBUG) && !defined(BOOST_ASIO_DISABLE_BUFFER_DEBUGGING))
#define GIRIN_ASIO_BUFFERS " with buffer debugging"
#else
#define GIRIN_ASIO_BUFFERS ""
#endif
#if GIRIN_ASIO_INSIDE
#define GIRIN_ASIO_WAY ""
#else
#define GIRIN_ASIO_WAY " by its public interface"
#endif

GIRIN_CROSSES(asio, "Boost.Asio " BOOST_LIB_VERSION GIRIN_ASIO_TRACKING GIRIN_ASIO_THREADS GIRIN_ASIO_REACTOR
                        GIRIN_ASIO_BUFFERS GIRIN_ASIO_WAY);
