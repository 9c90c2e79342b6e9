// Linked into what AddressSanitizer checks: TBB opens a library with RTLD_DEEPBIND, whether it is there
// or not, and AddressSanitizer ends a program that does.
#define _GNU_SOURCE
#include <dlfcn.h>

__attribute__((visibility("default"))) void *dlopen(const char *path, int flags) {
  void *(*open_library)(const char *, int) =
      (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
  return open_library(path, flags & ~RTLD_DEEPBIND);
}
