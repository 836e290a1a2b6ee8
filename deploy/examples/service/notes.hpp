#pragma once

// The application: which request is answered how, and what is begun and ended with the worker. One object for each worker.
//
//   GET    /notes?after=ID     a list of notes, at most kListMost
//   POST   /notes              {"text": "…"} → 201, the note
//   GET    /notes/ID           one; DELETE the same
//   GET    /events             new notes as server-sent events
//   PUT    /files/NAME         a body of any length up to kUploadMostBytes, into a file

#include <girin/app.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "feed.hpp"
#include "metrics.hpp"
#include "store.hpp"

namespace notes {

/// From the environment, which the workers have from girin: NOTES_DB, NOTES_FILES, NOTES_STATSD (HOST:PORT, or empty).
struct Options {
    std::string database = "notes.db";
    std::filesystem::path files = "files";
    std::string statsd;

    static Options from_environment();
};

class Notes final : public girin::Application {
  public:
    static constexpr int kListMost = 100;
    static constexpr std::size_t kJsonMostBytes = 64 * 1024;
    static constexpr std::uint64_t kUploadMostBytes = 1024 * 1024 * 1024;

    Notes() : Notes(Options::from_environment()) {}
    explicit Notes(Options options) : options_(std::move(options)), metrics_(options_.statsd) {}

    girin::Coro<void> startup(const girin::WorkerInfo& worker) override;
    girin::Coro<void> handle(girin::Request& request, girin::Response& response) override;
    girin::Coro<void> shutdown() override;

  private:
    girin::Coro<void> list(girin::Request& request, girin::Response& response);
    girin::Coro<void> add(girin::Request& request, girin::Response& response);
    girin::Coro<void> show(std::int64_t id, girin::Response& response);
    girin::Coro<void> remove(std::int64_t id, girin::Response& response);
    girin::Coro<void> upload(girin::Request& request, girin::Response& response, std::string name);

    Options options_;
    Metrics metrics_;
    std::unique_ptr<Store> store_;  // from startup() on
    std::unique_ptr<Feed> feed_;    // the same
};

}  // namespace notes
