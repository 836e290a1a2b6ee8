#pragma once

// What an application is written against: requests, responses, and how it is exported. Needs nothing of Boost's; with
// the loop and the log: girin/girin.hpp.

#include "girin/app/application.hpp"
#include "girin/app/export.hpp"
#include "girin/app/function_application.hpp"
#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/app/sync_application.hpp"
#include "girin/http/date.hpp"
#include "girin/http/status.hpp"
