// nginx and HAProxy start on a port nobody guessed, serve, tell why they refuse, and leave nothing behind.

#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/haproxy_process.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/nginx_process.hpp"
#include "tests/support/proc.hpp"

namespace girin::test {
namespace {

const char* const kSite =
    "upstream girin {\n"
    "    server 127.0.0.1:8000 fail_timeout=0;  # or unix:/run/girin.sock\n"
    "    keepalive 8;\n"
    "}\n"
    "server {\n"
    "    listen 80;\n"
    "    listen [::]:80;\n"
    "    location /here { return 200 here; }\n"
    "    location / { proxy_pass http://girin; }\n"
    "}\n";

TEST(AdaptNginxSite, ReplacesAddressesAndKeepsTheRest) {
    const std::string text = adapt_nginx_site(kSite, Endpoint::tcp("127.0.0.1", 4242), {Endpoint::unix_socket("/s")});
    EXPECT_NE(text.find("listen 127.0.0.1:4242;"), std::string::npos) << text;
    EXPECT_NE(text.find("server unix:/s fail_timeout=0;"), std::string::npos) << text;
    EXPECT_EQ(text.find(":80"), std::string::npos) << text;
    EXPECT_NE(text.find("keepalive 8;"), std::string::npos) << text;
    EXPECT_THROW(adapt_nginx_site("server { }", Endpoint(), {Endpoint()}), std::runtime_error);
}

TEST(NginxProcess, ServesAndLeavesNothingBehind) {
    if (!NginxProcess::installed()) GTEST_SKIP() << "nginx isn't installed";
    const TempDir dir;
    NginxOptions options(Endpoint::unix_socket(dir / "nobody.sock"));
    options.site_text = kSite;
    std::vector<UniqueFd> all;
    {
        NginxProcess nginx(dir, options);
        EXPECT_EQ(get(nginx.endpoint(), "/here").body, "here");
        EXPECT_EQ(get(nginx.endpoint(), "/there").status, 502);
        EXPECT_NE(nginx.log().find("nobody.sock"), std::string::npos) << nginx.log();
        all = pidfds_of_descendants(nginx.child().pid());
        EXPECT_EQ(all.size(), 1u);
    }
    EXPECT_EQ(end_processes(all, milliseconds{5'000}), 0u);
}

TEST(NginxProcess, TellsWhyItRefusesAConfiguration) {
    if (!NginxProcess::installed()) GTEST_SKIP() << "nginx isn't installed";
    const TempDir dir;
    NginxOptions options(Endpoint::tcp("127.0.0.1", 1));
    options.site_text = std::string(kSite) + "nonsense on;\n";
    try {
        NginxProcess nginx(dir, options);
        FAIL() << "nginx started";
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("nonsense"), std::string::npos) << error.what();
    }
}

TEST(NginxProcess, TakesTheSiteFileOfDeploy) {
    if (!NginxProcess::installed()) GTEST_SKIP() << "nginx isn't installed";
    const TempDir dir;
    NginxProcess nginx(dir, NginxOptions(Endpoint::unix_socket(dir / "nobody.sock")));
    EXPECT_EQ(get(nginx.endpoint(), "/").status, 502);
}

TEST(HaproxyProcess, ServesWithTheFileOfDeploy) {
    if (!HaproxyProcess::installed()) GTEST_SKIP() << "HAProxy isn't installed";
    const TempDir dir;
    HaproxyOptions options(Endpoint::unix_socket(dir / "nobody.sock"));
    options.extra_backend =
        "    http-request return status 200 content-type text/plain string here if { path /here }\n";
    HaproxyProcess haproxy(dir, options);
    EXPECT_EQ(get(haproxy.endpoint(), "/here").body, "here");
    EXPECT_EQ(get(haproxy.endpoint(), "/there").status, 503);
}

TEST(HaproxyProcess, TellsWhyItRefusesAConfiguration) {
    if (!HaproxyProcess::installed()) GTEST_SKIP() << "HAProxy isn't installed";
    const TempDir dir;
    HaproxyOptions options(Endpoint::tcp("127.0.0.1", 1));
    options.extra_backend = "    nonsense on\n";
    EXPECT_THROW(HaproxyProcess(dir, options), std::runtime_error);
}

}  // namespace
}  // namespace girin::test
