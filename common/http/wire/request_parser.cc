// Beast's parser asserts on some splits of a last chunk (n >= 5 for "0\r\n\r"); bytes from the
// network must never reach an assert, and its checks hold without them.
#define BOOST_DISABLE_ASSERTS
#include "common/http/wire/request_parser.h"

#include <algorithm>
#include <boost/beast/http/basic_parser.hpp>
#include <cstring>
#include <optional>

namespace sb::http {
namespace {

namespace beast = boost::beast;
using beast::http::field;

constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
constexpr std::size_t kMaxFields = 100;
constexpr std::size_t kFirstBuffer = 2 * 1024;
constexpr std::size_t kBodyBuffer = 16 * 1024;
constexpr std::size_t kKeptBody = 64 * 1024;  // a larger body's memory is given back

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
           return lower(x) == lower(y);
         });
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const HeaderField& field : fields) {
    if (EqualsIgnoringCase(field.name, name)) return field.value;
  }
  return {};
}

std::vector<std::string_view> Request::headers(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const HeaderField& field : fields) {
    if (EqualsIgnoringCase(field.name, name)) values.push_back(field.value);
  }
  return values;
}

// One per request; the callbacks write into the owner.
class RequestParser::Parser : public beast::http::basic_parser<true> {
 public:
  explicit Parser(RequestParser& owner) : owner_(owner) { Start(); }

  // A Beast parser reads one message: the next one needs a new one in the same place.
  static void Restart(std::unique_ptr<Parser>& parser, RequestParser& owner) {
    Parser* raw = parser.release();
    raw->~Parser();
    parser.reset(new (raw) Parser(owner));
  }

  bool expects_continue = false;
  int refused = 0;
  int version = 11;

 private:
  using Code = boost::beast::error_code;
  using View = boost::beast::string_view;

  void Start() {
    eager(false);  // put() stops after the header, so that its end is known
    body_limit(owner_.max_body_bytes_);
    header_limit(kMaxHeaderBytes);
  }

  void Refuse(Code& code, int status) {
    refused = status;
    code = beast::http::error::bad_value;
  }
  bool InBuffer(const char* p) const {
    return p >= owner_.buffer_.data() && p <= owner_.buffer_.data() + owner_.buffer_.size();
  }
  std::size_t Offset(const char* p) const {
    return static_cast<std::size_t>(p - owner_.buffer_.data()) - owner_.begin_;
  }

  void on_request_impl(beast::http::verb, View method, View target, int sent, Code&) override {
    version = sent;
    owner_.method_size_ = method.size();
    owner_.target_ = Offset(target.data());
    owner_.target_size_ = target.size();
  }

  void on_field_impl(field id, View name, View value, Code& code) override {
    if (header_done_) return;  // Trailers are dropped: RFC 9110 §6.5.1.
    if (owner_.fields_.size() == kMaxFields) return Refuse(code, 431);
    // Beast copies a folded value elsewhere: obsolete line folding, RFC 9112 §5.2.
    if (!value.empty() && !InBuffer(value.data())) return Refuse(code, 400);
    if (id == field::host && ++hosts_ > 1) return Refuse(code, 400);
    if (id == field::transfer_encoding) {
      if (++encodings_ > 1 || version < 11 || lengths_ > 0) return Refuse(code, 400);
      if (!EqualsIgnoringCase({value.data(), value.size()}, "chunked")) return Refuse(code, 400);
    }
    if (id == field::content_length && (++lengths_ > 1 || encodings_ > 0)) return Refuse(code, 400);
    if (id == field::expect) {
      if (!EqualsIgnoringCase({value.data(), value.size()}, "100-continue"))
        return Refuse(code, 417);
      expects_continue = true;
    }
    owner_.fields_.push_back(
        {Offset(name.data()), name.size(), value.empty() ? 0 : Offset(value.data()), value.size()});
  }

  void on_header_impl(Code& code) override {
    header_done_ = true;
    if (hosts_ == 0 && version >= 11) Refuse(code, 400);
  }

  void on_body_init_impl(const boost::optional<std::uint64_t>& length, Code&) override {
    if (length) owner_.body_.reserve(std::min<std::size_t>(*length, kKeptBody));
  }
  std::size_t on_body_impl(View bytes, Code&) override {
    owner_.body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, View, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View bytes, Code&) override {
    owner_.body_.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(Code&) override {}
  void on_response_impl(int, View, int, Code&) override {}

  RequestParser& owner_;
  int hosts_ = 0, encodings_ = 0, lengths_ = 0;
  bool header_done_ = false;
};

RequestParser::RequestParser(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {
  buffer_.resize(kFirstBuffer);
  parser_ = std::make_unique<Parser>(*this);
}
RequestParser::~RequestParser() = default;

bool RequestParser::keep_alive() const { return parser_->keep_alive(); }
bool RequestParser::http_1_0() const { return parser_->version == 10; }

bool RequestParser::TakeExpectContinue() {
  return parser_->is_header_done() && std::exchange(parser_->expects_continue, false);
}

void RequestParser::Compact() {
  // During a body only the header has to stay; before that, everything from the request's first
  // byte.
  const std::size_t keep = header_end_ ? header_end_ : parsed_;
  if (keep < parsed_) {
    std::memmove(buffer_.data() + keep, buffer_.data() + parsed_, end_ - parsed_);
    end_ -= parsed_ - keep;
    parsed_ = keep;
  }
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    if (header_end_) header_end_ -= begin_;
    parsed_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
}

std::span<char> RequestParser::Space() {
  if (begin_ == end_) begin_ = parsed_ = end_ = 0;
  const std::size_t wanted = header_end_ ? kBodyBuffer / 4 : 1;
  if (buffer_.size() - end_ < wanted) {
    Compact();
    if (buffer_.size() - end_ < wanted) {
      buffer_.resize(header_end_ ? std::max(buffer_.size(), end_ + kBodyBuffer)
                                 : 2 * buffer_.size());
    }
  }
  return {buffer_.data() + end_, buffer_.size() - end_};
}

void RequestParser::Commit(std::size_t bytes) { end_ += bytes; }

RequestParser::Status RequestParser::Refuse(int status) {
  refusal_ = status;
  return Status::kRefused;
}

RequestParser::Status RequestParser::Advance() {
  if (refusal_ != 0) return Status::kRefused;
  if (begin_ == parsed_ && header_end_ == 0) {
    // A robust server skips an empty line before a request (RFC 9112 §2.2).
    if (end_ - begin_ >= 2 && buffer_[begin_] == '\r' && buffer_[begin_ + 1] == '\n') {
      begin_ += 2;
      parsed_ = begin_;
    }
  }
  if (parsed_ == end_) return Status::kNeedMore;
  while (parsed_ < end_ && !parser_->is_done()) {
    const bool in_header = !parser_->is_header_done();
    boost::beast::error_code code;
    const std::size_t used =
        parser_->put(boost::asio::buffer(buffer_.data() + parsed_, end_ - parsed_), code);
    parsed_ += used;
    if (in_header && parser_->is_header_done()) header_end_ = parsed_;
    if (code == beast::http::error::need_more) {
      // Beast counts its header limit anew for each line it has consumed: this one is for all of
      // them, and for a chunk's header.
      const std::size_t pending = in_header ? end_ - begin_ : end_ - parsed_;
      if (pending >= kMaxHeaderBytes) return Refuse(in_header ? 431 : 400);
      return Status::kNeedMore;
    }
    if (code == beast::http::error::body_limit) return Refuse(413);
    if (code == beast::http::error::header_limit) return Refuse(431);
    if (code) return Refuse(parser_->refused ? parser_->refused : 400);
    if (in_header && header_end_ - begin_ > kMaxHeaderBytes) return Refuse(431);
  }
  if (!parser_->is_done()) return Status::kNeedMore;
  return Finish() ? Status::kComplete : Refuse(400);
}

bool RequestParser::Finish() {
  const char* const base = buffer_.data() + begin_;
  request_.method = {base, method_size_};
  std::string_view target(base + target_, target_size_);
  if (!target.starts_with('/') && target != "*") {
    // The absolute form, which a server must accept (RFC 9112 §3.2.2).
    const std::size_t scheme = target.find("://");
    if (scheme == std::string_view::npos || scheme > 5) return false;
    const std::size_t slash = target.find_first_of("/?", scheme + 3);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
    if (target.starts_with('?')) return false;
  }
  const std::size_t mark = target.find('?');
  request_.path = target.substr(0, mark);
  request_.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  request_.body = body_;
  views_.clear();
  for (const Field& field : fields_) {
    views_.push_back(
        {{base + field.name, field.name_size}, {base + field.value, field.value_size}});
  }
  request_.fields = views_;
  return true;
}

void RequestParser::Next() {
  begin_ = parsed_;
  header_end_ = 0;
  fields_.clear();
  if (body_.capacity() > kKeptBody) body_ = std::string();
  body_.clear();
  if (begin_ == end_) {
    begin_ = parsed_ = end_ = 0;
    if (buffer_.size() > kBodyBuffer) {
      buffer_ = std::vector<char>(kFirstBuffer);
    }
  }
  Parser::Restart(parser_, *this);
}

}  // namespace sb::http
