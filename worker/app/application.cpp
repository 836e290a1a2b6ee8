#include "girin/app/application.hpp"

namespace girin {

Coro<void> Application::startup(const WorkerInfo&) { co_return; }
Coro<void> Application::shutdown() { co_return; }
void Application::load() {}

}  // namespace girin
