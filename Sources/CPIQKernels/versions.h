// How a function is compiled once for each generation of CPUs.

#ifndef C_PIQ_VERSIONS_H
#define C_PIQ_VERSIONS_H

// Loops over channels are written for one channel, with all else unrolled: they become vector code.
// ThreadSanitizer cannot start where a program chooses between versions.
#if defined(__has_feature)
#define HAS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#else
#define HAS_THREAD_SANITIZER 0
#endif
#if defined(__x86_64__) && defined(__ELF__) && !HAS_THREAD_SANITIZER
#define FOR_EACH_CPU __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define FOR_EACH_CPU
#endif
#define INLINED static inline __attribute__((always_inline))
#define UNROLLED _Pragma("clang loop unroll(full)")
// Outputs are never inputs.
#define SIDE_BY_SIDE _Pragma("clang loop vectorize(assume_safety)")

#endif
