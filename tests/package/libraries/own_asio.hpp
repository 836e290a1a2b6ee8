#pragma once

/// Runs an io_context of its own for a moment, within whatever thread calls; returns how many handlers ran: 24.
__attribute__((visibility("default"))) int count_by_own_asio();
