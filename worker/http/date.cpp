#include "girin/http/date.hpp"

#include <algorithm>
#include <cstring>

namespace girin {
namespace {

constexpr std::time_t kLastSecond = 253402300799;  // 9999-12-31 23:59:59

void put_two(char* out, int value) {
    out[0] = static_cast<char>('0' + value / 10);
    out[1] = static_cast<char>('0' + value % 10);
}

}  // namespace

HttpDate http_date(std::time_t time) {
    // Not strftime: its names of days and months are the locale's.
    constexpr char kDays[] = "SunMonTueWedThuFriSat";
    constexpr char kMonths[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time = std::clamp<std::time_t>(time, 0, kLastSecond);
    std::tm utc{};
    gmtime_r(&time, &utc);
    HttpDate date;
    std::memcpy(date.data(), "ddd, 00 mmm 0000 00:00:00 GMT", kHttpDateBytes);
    std::memcpy(date.data(), kDays + 3 * utc.tm_wday, 3);
    put_two(date.data() + 5, utc.tm_mday);
    std::memcpy(date.data() + 8, kMonths + 3 * utc.tm_mon, 3);
    put_two(date.data() + 12, (utc.tm_year + 1900) / 100);
    put_two(date.data() + 14, utc.tm_year % 100);
    put_two(date.data() + 17, utc.tm_hour);
    put_two(date.data() + 20, utc.tm_min);
    put_two(date.data() + 23, utc.tm_sec);
    return date;
}

}  // namespace girin
