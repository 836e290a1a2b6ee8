#pragma once

// Store: the notes, in an SQLite file that all workers share. Every function blocks, so each is called by run_in_executor; one
// connection for each worker, which its jobs take turns with.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace notes {

struct Note {
    std::int64_t id;
    std::string text;

    // With a constructor it is no aggregate, which g++ 12 would destroy twice beside a co_await.
    Note(std::int64_t number, std::string what) : id(number), text(std::move(what)) {}
};

class Statement;

/// Errors: std::runtime_error with what SQLite says.  Threads: any.
class Store {
  public:
    /// How long one waits for another process that writes.
    static constexpr int kBusyTimeoutMs = 5000;

    /// Makes file and table where there are none.
    static std::unique_ptr<Store> open_blocking(const std::string& path);
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    ~Store() { close_blocking(); }

    /// Its number, larger than all before.
    std::int64_t add_blocking(const std::string& text);
    std::optional<Note> find_blocking(std::int64_t id);
    /// Those with larger numbers than `id`, the oldest `most` of them.
    std::vector<Note> after_blocking(std::int64_t id, int most);
    /// Of the newest note there has ever been; 0: none.
    std::int64_t newest_blocking();
    /// False: there was none.
    bool remove_blocking(std::int64_t id);
    /// Nothing may be called after it.
    void close_blocking();

  private:
    explicit Store(const std::string& path);
    void execute(const char* sql);

    std::mutex mutex_;
    sqlite3* database_ = nullptr;
};

}  // namespace notes
