// oneDNN's C API as one small set of functions. Reasons: releases 2 and 3 of oneDNN describe
// memory (a struct, an opaque handle) and operations (with and without an operation descriptor)
// differently, and some of its constants are macros that Swift does not see.

#include <oneapi/dnnl/dnnl.h>
#include <stdlib.h>

#define PIQ_V3 (DNNL_VERSION_MAJOR >= 3)

// A memory descriptor owned by the caller (piq_md_destroy).
typedef void *piq_md;

enum {
  piq_arg_src = DNNL_ARG_SRC,
  piq_arg_dst = DNNL_ARG_DST,
  piq_arg_weights = DNNL_ARG_WEIGHTS,
  piq_arg_scratchpad = DNNL_ARG_SCRATCHPAD,
};

#if PIQ_V3
#define PIQ_MD(md) ((dnnl_memory_desc_t)(md))
#else
#define PIQ_MD(md) ((dnnl_memory_desc_t *)(md))
#endif

static inline dnnl_status_t piq_md_create(piq_md *md, int ndims, const dnnl_dim_t *dims,
    dnnl_data_type_t type, dnnl_format_tag_t tag) {
#if PIQ_V3
  return dnnl_memory_desc_create_with_tag((dnnl_memory_desc_t *)md, ndims, dims, type, tag);
#else
  dnnl_memory_desc_t *fresh = (dnnl_memory_desc_t *)calloc(1, sizeof *fresh);
  if (!fresh) return dnnl_out_of_memory;
  dnnl_status_t status = dnnl_memory_desc_init_by_tag(fresh, ndims, dims, type, tag);
  if (status != dnnl_success) free(fresh);
  else *md = fresh;
  return status;
#endif
}

static inline void piq_md_destroy(piq_md md) {
#if PIQ_V3
  dnnl_memory_desc_destroy(PIQ_MD(md));
#else
  free(md);
#endif
}

static inline size_t piq_md_size(piq_md md) { return dnnl_memory_desc_get_size(PIQ_MD(md)); }

// A copy of the descriptor that a primitive chose for one of its arguments.
static inline dnnl_status_t piq_pd_md(piq_md *md, const_dnnl_primitive_desc_t pd, int arg) {
#if PIQ_V3
  return dnnl_memory_desc_clone((dnnl_memory_desc_t *)md,
      dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg));
#else
  const dnnl_memory_desc_t *found = dnnl_primitive_desc_query_md(pd, dnnl_query_exec_arg_md, arg);
  if (!found) return dnnl_invalid_arguments;
  dnnl_memory_desc_t *copy = (dnnl_memory_desc_t *)malloc(sizeof *copy);
  if (!copy) return dnnl_out_of_memory;
  *copy = *found;
  *md = copy;
  return dnnl_success;
#endif
}

static inline dnnl_status_t piq_memory_create(dnnl_memory_t *memory, piq_md md,
    dnnl_engine_t engine, void *data) {
  return dnnl_memory_create(memory, PIQ_MD(md), engine, data);
}

static inline dnnl_status_t piq_post_sum(dnnl_post_ops_t ops) {
#if PIQ_V3
  return dnnl_post_ops_append_sum(ops, 1.f, 0, dnnl_data_type_undef);
#else
  return dnnl_post_ops_append_sum(ops, 1.f);
#endif
}

static inline dnnl_status_t piq_matmul_pd(dnnl_primitive_desc_t *pd, dnnl_engine_t engine,
    piq_md src, piq_md weights, piq_md dst, const_dnnl_primitive_attr_t attr) {
#if PIQ_V3
  return dnnl_matmul_primitive_desc_create(
      pd, engine, PIQ_MD(src), PIQ_MD(weights), NULL, PIQ_MD(dst), attr);
#else
  dnnl_matmul_desc_t op;
  dnnl_status_t status = dnnl_matmul_desc_init(
      &op, PIQ_MD(src), PIQ_MD(weights), NULL, PIQ_MD(dst));
  return status != dnnl_success ? status : dnnl_primitive_desc_create(pd, &op, attr, engine, NULL);
#endif
}

// Whether kernels multiply bf16 by instructions of the CPU: AVX512-BF16, and all that has AMX.
static inline int piq_has_bf16(void) {
  dnnl_cpu_isa_t isa = dnnl_get_effective_cpu_isa();
  return (isa & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}
