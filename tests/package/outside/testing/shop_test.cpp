// The shop's own tests: its requests without a server.

#include <cstdio>
#include <memory>

#include <girin/app.hpp>
#include <girin/testing.hpp>

using girin::testing::FakeRequest;

extern "C" const girin::ApplicationExport girin_application_app;  // shop.cpp's

int main() {
    const std::unique_ptr<girin::Application> shop(girin_application_app.create());
    girin::testing::FakeWorker worker(*shop);
    const auto greeted = worker.run(FakeRequest("GET", "/"));
    const auto missed = worker.run(FakeRequest("GET", "/nothing"));
    const bool is_well = greeted.status == 200 && greeted.body == "Hello from the shop\n" && missed.status == 404;
    std::printf("%s: %d %s", is_well ? "well" : "not well", greeted.status, greeted.body.c_str());
    return is_well ? 0 : 1;
}
