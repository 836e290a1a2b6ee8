#pragma once

// The service manager, as a part of the master: what it is told of the server, which sockets it keeps for us, and who
// follows us. Not here: when and in which words it is told (service_report.hpp).

#include "supervisor/turn/common.hpp"
#include "supervisor/turn/part.hpp"

namespace girin {

class ServicePart : public Part {
  public:
    explicit ServicePart(Common& common) : common_(common), service_(common.setup.service) {}

    std::optional<TimePoint> next_deadline() const override;
    void carry_out(const Action& action, Inbox& inbox) override;
    void hear(const Order& order, Inbox& inbox) override;
    void let_go() override;

    /// Before each wait, and once at the end: what is new is told.
    void tell();

  private:
    ServiceFacts facts() const;
    void keep_sockets();

    Common& common_;
    Borrowed<Service> service_;  // null: nobody wants to know
};

}  // namespace girin
