#include "store.hpp"

#include <stdexcept>
#include <utility>

namespace notes {

/// A prepared statement with its values; ends with it.
class Statement {
  public:
    Statement(sqlite3* database, const char* sql) : database_(database) {
        check(sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr));
    }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;
    ~Statement() { sqlite3_finalize(statement_); }

    Statement& bind(std::int64_t value) {
        check(sqlite3_bind_int64(statement_, ++bound_, value));
        return *this;
    }
    /// `text` lives until the statement has ended.
    Statement& bind(const std::string& text) {
        check(sqlite3_bind_text64(statement_, ++bound_, text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8));
        return *this;
    }
    /// False: no more rows.
    bool step() {
        const int result = sqlite3_step(statement_);
        if (result != SQLITE_ROW && result != SQLITE_DONE) check(result);
        return result == SQLITE_ROW;
    }
    std::int64_t number(int column) { return sqlite3_column_int64(statement_, column); }
    std::string text(int column) {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }

  private:
    void check(int result) {
        if (result != SQLITE_OK) throw std::runtime_error(std::string("database: ") + sqlite3_errmsg(database_));
    }

    sqlite3* database_;
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

std::unique_ptr<Store> Store::open_blocking(const std::string& path) { return std::unique_ptr<Store>(new Store(path)); }

Store::Store(const std::string& path) {
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path.c_str(), &database_, flags, nullptr) != SQLITE_OK) {
        const std::string why = sqlite3_errmsg(database_);
        close_blocking();
        throw std::runtime_error("open " + path + ": " + why);
    }
    sqlite3_busy_timeout(database_, kBusyTimeoutMs);
    execute("PRAGMA journal_mode = WAL");  // readers don't wait for the writer
    execute("CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT NOT NULL)");
}

void Store::execute(const char* sql) {
    Statement statement(database_, sql);
    while (statement.step()) {
    }
}

std::int64_t Store::add_blocking(const std::string& text) {
    const std::scoped_lock lock(mutex_);
    Statement(database_, "INSERT INTO notes (text) VALUES (?)").bind(text).step();
    return sqlite3_last_insert_rowid(database_);
}

std::optional<Note> Store::find_blocking(std::int64_t id) {
    const std::scoped_lock lock(mutex_);
    Statement statement(database_, "SELECT text FROM notes WHERE id = ?");
    if (!statement.bind(id).step()) return std::nullopt;
    return Note(id, statement.text(0));
}

std::vector<Note> Store::after_blocking(std::int64_t id, int most) {
    const std::scoped_lock lock(mutex_);
    Statement statement(database_, "SELECT id, text FROM notes WHERE id > ? ORDER BY id LIMIT ?");
    statement.bind(id).bind(std::int64_t{most});
    std::vector<Note> found;
    while (statement.step()) found.emplace_back(statement.number(0), statement.text(1));
    return found;
}

std::int64_t Store::newest_blocking() {
    const std::scoped_lock lock(mutex_);
    Statement statement(database_, "SELECT seq FROM sqlite_sequence WHERE name = 'notes'");
    return statement.step() ? statement.number(0) : 0;
}

bool Store::remove_blocking(std::int64_t id) {
    const std::scoped_lock lock(mutex_);
    Statement(database_, "DELETE FROM notes WHERE id = ?").bind(id).step();
    return sqlite3_changes(database_) > 0;
}

void Store::close_blocking() {
    const std::scoped_lock lock(mutex_);
    sqlite3_close(std::exchange(database_, nullptr));
}

}  // namespace notes
