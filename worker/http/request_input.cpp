#include "worker/http/request_input.hpp"

namespace girin {

RequestEvent RequestInput::next_body_event() {
    if (body_is_over_) return RequestEvent::end;
    const RequestEvent event = next_event();
    if (event == RequestEvent::body) body_bytes_ += piece().size();
    if (event == RequestEvent::end) {
        body_is_over_ = true;
        if (!parser_.trailers().empty()) {
            kept_trailers_.assign(parser_.trailers());
            trailers_ = kept_trailers_.list();
        }
    }
    return event;
}

void RequestInput::make_room_for_body() {
    if (in_body_buffer_) return;
    body_buffer_.clear();
    body_buffer_.append(head_buffer_.unconsumed());
    in_body_buffer_ = true;
}

}  // namespace girin
