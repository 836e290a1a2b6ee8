#pragma once

// What a program that is about to be executed may inherit. A second line of defence: all descriptors of ours are
// close-on-exec from their birth, those of libraries and of applications may not be.

namespace girin {

/// From `first` on, each open descriptor is closed by the next exec. Kernels before 5.11 have no call for it; there the
/// open ones are looked up in /proc.
void close_on_exec_from(int first);

}  // namespace girin
