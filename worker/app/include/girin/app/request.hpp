#pragma once

// Request: what a client asks, as an application sees it.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "girin/app/application.hpp"
#include "girin/http/fields.hpp"
#include "girin/loop/coro.hpp"

namespace girin {

class Exchange;
template <class T>
class Future;

/// Who is at the other end of a Unix socket, as the kernel says.
struct UnixPeer {
    int pid = 0;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

/// Every view stays valid until the handler ends.
class Request {
  public:
    explicit Request(Exchange& exchange) : exchange_(&exchange) {}

    /// As sent, case-sensitive: "GET".
    std::string_view method() const;
    /// The request target as sent: "/shop/a%20b?x=1".
    std::string_view target() const;
    /// The target's path, percent-decoded once: "/shop/a b". May hold any byte but NUL is refused before; so is a "%" that
    /// encodes nothing, and what a path can't hold unencoded (" < > \ ^ ` { | }).
    std::string_view path() const;
    /// The path as sent.
    std::string_view raw_path() const;
    /// What follows the first '?', as sent and unchecked, whatever a "%" in it means; empty when there is none.
    std::string_view query() const;
    /// 0 for HTTP/1.0, 1 for HTTP/1.1 and later ones, which are served as 1.1.
    int minor_version() const;

    /// All fields in the order and spelling in which they came. Where the target names a host ("GET http://host/path"), that
    /// is the value of Host too, as it is host()'s.
    const FieldList& headers() const;
    /// The first field of that name, compared without case.
    std::optional<std::string_view> header(std::string_view name) const;

    /// The other end of the connection: "192.0.2.1:5312", or "unix:".
    std::string_view peer() const;
    /// Nothing: the connection isn't one of a Unix socket. A system call.
    std::optional<UnixPeer> unix_peer() const;
    /// Who asks, how and for which host: as trusted proxies tell, else as the connection and Host say. The client is an
    /// address; "unknown" where a trusted proxy forwards for somebody whom it doesn't name, or not so that it can be
    /// read; empty for a Unix socket's own peer.
    std::string_view client() const;
    std::string_view scheme() const;
    std::string_view host() const;

    /// The next piece of the body, as it arrives; empty at the end. The piece is valid until the next read.
    ///
    /// Errors: BodyError when the body is malformed, too large (413) or too slow (408): let it pass to answer with
    /// its status.
    /// Cancel: raised when the client has gone.
    Coro<std::string_view> read();

    /// The rest of the body. Errors: as read(), and BodyError(413) beyond `max_bytes`, before anything is read where the
    /// length was announced; BodyError(503) while all such bodies of this worker take --limit-body-memory. What it takes
    /// counts until the handler ends.
    Coro<std::string> read_all(std::size_t max_bytes = 1'048'576);

    /// Fields after a chunked body; complete once read() has returned the end.
    const FieldList& trailers() const;

    /// This request may take so long, counted from now; said again, that counts. In place of what is left of
    /// --request-timeout, where that is set; and while its handler keeps the loop, --timeout waits as long.
    /// Only while the handler runs, on the loop's thread.
    void extend_deadline(std::chrono::nanoseconds from_now);

    /// The worker drains: it ends once this handler and others have, or when --graceful-timeout is over. For handlers that
    /// go on for long, as those of event streams: they should come to their end, so that their clients come back elsewhere.
    bool is_draining() const;
    /// Is done when that begins, at once if it has begun. Cancelled when the handler ends before. Who calls it includes
    /// girin/loop/future.hpp, which not every application needs.
    Future<void> draining();

    const WorkerInfo& worker() const;
    /// Requests this worker has begun, this one included.
    std::uint64_t number() const;

    /// For the server itself.
    Exchange& exchange() const { return *exchange_; }

  private:
    Exchange* exchange_;
};

}  // namespace girin
