#pragma once

// The reload, as a part of the master: the settings are checked in a child, read again here, and given sockets; all of it
// is undone when the reload fails. Also the way back, which begins from what has served before. Not here: when a reload
// begins, is committed or rolled back (fleet/fleet_reload.cpp).

#include <optional>
#include <string>

#include "supervisor/process/inquiry.hpp"
#include "supervisor/reload/settings_copy.hpp"
#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class Reloader : public Part {
  public:
    explicit Reloader(Common& common) : common_(common) {}

    bool owns(SourceKind kind) const override { return kind == SourceKind::check_end; }
    bool on_ready(ReadySource source, Inbox& inbox) override;
    void carry_out(const Action& action, Inbox& inbox) override;
    std::vector<pid_t> children() const override;
    void let_go() override;

  private:
    Result<void> start_check(std::uint32_t generation);
    Result<void> begin_candidate();
    Result<Settings> prepare(std::uint32_t generation, const std::string& address_lines);
    Result<Settings> prepare_way_back(const Action& action);
    void answer(std::uint32_t generation, const Result<Settings>& settings, Inbox& inbox) const;
    void commit(const Action& action);
    void roll_back(const Action& action);
    void set_own_environment(const Settings& now);
    void abandon_check();
    std::string application_file(const Settings& settings) const;

    Common& common_;
    std::optional<Inquiry> check_;
    GenerationFiles candidate_;  // what the check fills, and where it is
    SettingsCopy candidate_settings_;
};

}  // namespace girin
