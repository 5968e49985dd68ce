// Not a test: what ThreadSanitizer cannot know. Debian's libcpprest is not built with it, so it does
// not see the reference counts that order the end of a request's context there against the end of
// its cancellation callback, which is a header's code and so is seen.
#if defined(__SANITIZE_THREAD__)
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:pplx::details::_CancellationTokenCallback\n";
}
#endif
