// Linked into what sanitizers check: TBB, below OpenVINO, opens a library with RTLD_DEEPBIND, whether it
// is there or not, and sanitizers end a program that does.
#define _GNU_SOURCE
#include <dlfcn.h>

__attribute__((visibility("default"))) void *dlopen(const char *path, int flags) {
  void *(*open_library)(const char *, int) =
      (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
  return open_library(path, flags & ~RTLD_DEEPBIND);
}
