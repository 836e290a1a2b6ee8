#pragma once

// The one header an application includes.

#include "worker/app/application.hpp"
#include "worker/app/export.hpp"
#include "worker/app/function_application.hpp"
#include "worker/app/request.hpp"
#include "worker/app/response.hpp"
#include "worker/app/sync_application.hpp"
