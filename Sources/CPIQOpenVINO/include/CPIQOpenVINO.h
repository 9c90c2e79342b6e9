// OpenVINO's C interface, opened at run time: https://docs.openvino.ai, "OpenVINO Runtime C API".
// The program needs neither its headers nor the library to be built and started.

#ifndef C_PIQ_OPENVINO_H
#define C_PIQ_OPENVINO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// What each function returns; 0 is success.
typedef int piq_ov_status;

typedef struct piq_ov_core piq_ov_core;
typedef struct piq_ov_model piq_ov_model;
typedef struct piq_ov_compiled piq_ov_compiled;
typedef struct piq_ov_request piq_ov_request;
typedef struct piq_ov_tensor piq_ov_tensor;
// A constant input or output of a model.
typedef struct piq_ov_port piq_ov_port;

typedef struct {
  int64_t rank;
  int64_t *dims;
} piq_ov_shape;

// From min to max; max is -1 where there is no bound.
typedef struct {
  int64_t min, max;
} piq_ov_dimension;

typedef struct {
  piq_ov_dimension rank;
  piq_ov_dimension *dims;
} piq_ov_partial_shape;

typedef struct {
  const char *build;
  const char *description;
} piq_ov_version;

// The functions, under OpenVINO's names without "ov_".
typedef struct {
  void *library;
  piq_ov_status (*get_openvino_version)(piq_ov_version *);
  void (*version_free)(piq_ov_version *);
  const char *(*get_error_info)(piq_ov_status);
  const char *(*get_last_err_msg)(void);
  void (*free)(const char *);
  piq_ov_status (*core_create)(piq_ov_core **);
  void (*core_free)(piq_ov_core *);
  piq_ov_status (*core_read_model)(const piq_ov_core *, const char *path, const char *weights,
                                   piq_ov_model **);
  piq_ov_status (*core_read_model_from_memory_buffer)(const piq_ov_core *, const char *bytes,
                                                      size_t count, const piq_ov_tensor *weights,
                                                      piq_ov_model **);
  // Followed by `count` strings, names of properties and their values in turn.
  piq_ov_status (*core_compile_model)(const piq_ov_core *, const piq_ov_model *, const char *device,
                                      size_t count, piq_ov_compiled **, ...);
  void (*model_free)(piq_ov_model *);
  piq_ov_status (*model_inputs_size)(const piq_ov_model *, size_t *);
  piq_ov_status (*model_outputs_size)(const piq_ov_model *, size_t *);
  piq_ov_status (*model_const_input_by_index)(const piq_ov_model *, size_t, piq_ov_port **);
  piq_ov_status (*model_const_output_by_index)(const piq_ov_model *, size_t, piq_ov_port **);
  piq_ov_status (*model_reshape_single_input)(const piq_ov_model *, piq_ov_partial_shape);
  void (*output_const_port_free)(piq_ov_port *);
  piq_ov_status (*port_get_any_name)(const piq_ov_port *, char **);
  piq_ov_status (*port_get_partial_shape)(const piq_ov_port *, piq_ov_partial_shape *);
  piq_ov_status (*port_get_element_type)(const piq_ov_port *, unsigned *);
  void (*partial_shape_free)(piq_ov_partial_shape *);
  piq_ov_status (*shape_free)(piq_ov_shape *);
  void (*compiled_model_free)(piq_ov_compiled *);
  piq_ov_status (*compiled_model_create_infer_request)(const piq_ov_compiled *, piq_ov_request **);
  void (*infer_request_free)(piq_ov_request *);
  piq_ov_status (*infer_request_infer)(piq_ov_request *);
  piq_ov_status (*infer_request_set_input_tensor_by_index)(piq_ov_request *, size_t,
                                                           const piq_ov_tensor *);
  piq_ov_status (*infer_request_get_output_tensor_by_index)(const piq_ov_request *, size_t,
                                                            piq_ov_tensor **);
  piq_ov_status (*tensor_create_from_host_ptr)(unsigned type, piq_ov_shape, void *,
                                               piq_ov_tensor **);
  piq_ov_status (*tensor_create)(unsigned type, piq_ov_shape, piq_ov_tensor **);
  piq_ov_status (*tensor_get_byte_size)(const piq_ov_tensor *, size_t *);
  piq_ov_status (*tensor_get_shape)(const piq_ov_tensor *, piq_ov_shape *);
  piq_ov_status (*tensor_data)(const piq_ov_tensor *, void **);
  void (*tensor_free)(piq_ov_tensor *);
} piq_ov;

// Opens the library at `path`, an absolute one.
//
// Returns NULL, or what is wrong, in words that last until the next call on this thread.
const char *piq_ov_open(const char *path, piq_ov *functions);

// Compiles a model for one thread of the CPU, with products in single precision; with the mode
// PERFORMANCE, what 8-bit weights are multiplied by may be rounded to 8 bits, with ACCURACY not.
piq_ov_status piq_ov_compile(const piq_ov *, const piq_ov_core *, const piq_ov_model *,
                             const char *execution_mode, piq_ov_compiled **);

#endif
