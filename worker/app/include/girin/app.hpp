#pragma once

// What an application is written against: requests, responses, how it is exported, and the log. Needs nothing of Boost's.
// With the loop's tools: girin/girin.hpp.

#include "girin/app/application.hpp"
#include "girin/app/export.hpp"
#include "girin/app/function_application.hpp"
#include "girin/app/request.hpp"
#include "girin/app/response.hpp"
#include "girin/app/sync_application.hpp"
#include "girin/http/date.hpp"
#include "girin/http/status.hpp"
#include "girin/log.hpp"
