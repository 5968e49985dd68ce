// The library's end of a BodyBuffer: includes cpprestsdk, for cpprest_transport.cc only.
#pragma once

#include <cpprest/astreambuf.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "operator/kube/body_buffer.h"

namespace sb::kube {

// Where cpprestsdk writes an answer's body: into a BodyBuffer, at the reader's pace.
class BodyStream : public concurrency::streams::details::streambuf_state_manager<std::uint8_t> {
 public:
  explicit BodyStream(std::shared_ptr<BodyBuffer> buffer)
      : streambuf_state_manager(std::ios_base::out), buffer_(std::move(buffer)) {}

  bool can_seek() const override { return false; }
  bool has_size() const override { return false; }
  std::size_t buffer_size(std::ios_base::openmode) const override { return 0; }
  void set_buffer_size(std::size_t, std::ios_base::openmode) override {}
  std::size_t in_avail() const override { return 0; }
  pos_type getpos(std::ios_base::openmode) const override { return Nowhere(); }
  pos_type seekpos(pos_type, std::ios_base::openmode) override { return Nowhere(); }
  pos_type seekoff(off_type, std::ios_base::seekdir, std::ios_base::openmode) override {
    return Nowhere();
  }
  bool acquire(std::uint8_t*& at, std::size_t& count) override {
    at = nullptr;
    count = 0;
    return false;
  }
  void release(std::uint8_t*, std::size_t) override {}
  // The library waits for this where a write has failed, on the pool's only thread. Its own version
  // queues a step to that very thread, and nothing would ever move again.
  pplx::task<void> close(std::ios_base::openmode) override { return _close_write(); }
  using streambuf_state_manager::close;

 protected:
  pplx::task<std::size_t> _putn(const std::uint8_t* at, std::size_t count) override {
    pplx::task_completion_event<std::size_t> written;
    // A set event resumes the library on its own threads, never on the reader's.
    const bool open = buffer_->Put({reinterpret_cast<const char*>(at), count},
                                   [written, count] { written.set(count); });
    if (!open) return pplx::task_from_exception<std::size_t>(std::runtime_error("reader is gone"));
    return pplx::task<std::size_t>(written);
  }
  pplx::task<int_type> _putc(std::uint8_t c) override {
    return _putn(&c, 1).then([c](std::size_t) { return static_cast<int_type>(c); });
  }
  pplx::task<bool> _sync() override { return pplx::task_from_result(true); }
  std::uint8_t* _alloc(std::size_t) override { return nullptr; }
  void _commit(std::size_t) override {}
  // Write only.
  pplx::task<int_type> _bumpc() override { return Eof(); }
  int_type _sbumpc() override { return traits::eof(); }
  pplx::task<int_type> _getc() override { return Eof(); }
  int_type _sgetc() override { return traits::eof(); }
  pplx::task<int_type> _nextc() override { return Eof(); }
  pplx::task<int_type> _ungetc() override { return Eof(); }
  pplx::task<std::size_t> _getn(std::uint8_t*, std::size_t) override {
    return pplx::task_from_result<std::size_t>(0);
  }
  std::size_t _scopy(std::uint8_t*, std::size_t) override { return 0; }

 private:
  static pos_type Nowhere() { return static_cast<pos_type>(traits::eof()); }
  static pplx::task<int_type> Eof() { return pplx::task_from_result<int_type>(traits::eof()); }

  const std::shared_ptr<BodyBuffer> buffer_;
};

}  // namespace sb::kube
