#include "CPIQOpenVINO.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

// The name of each function, and where its address goes.
#define FUNCTION(name) {"ov_" #name, offsetof(piq_ov, name)}
static const struct {
  const char *name;
  size_t offset;
} functions_of_openvino[] = {
    FUNCTION(get_openvino_version),
    FUNCTION(version_free),
    FUNCTION(get_error_info),
    FUNCTION(get_last_err_msg),
    FUNCTION(free),
    FUNCTION(core_create),
    FUNCTION(core_free),
    FUNCTION(core_read_model),
    FUNCTION(core_read_model_from_memory_buffer),
    FUNCTION(core_compile_model),
    FUNCTION(model_free),
    FUNCTION(model_inputs_size),
    FUNCTION(model_outputs_size),
    FUNCTION(model_const_input_by_index),
    FUNCTION(model_const_output_by_index),
    FUNCTION(model_reshape_single_input),
    FUNCTION(output_const_port_free),
    FUNCTION(port_get_any_name),
    FUNCTION(port_get_partial_shape),
    FUNCTION(port_get_element_type),
    FUNCTION(partial_shape_free),
    FUNCTION(shape_free),
    FUNCTION(compiled_model_free),
    FUNCTION(compiled_model_create_infer_request),
    FUNCTION(infer_request_free),
    FUNCTION(infer_request_infer),
    FUNCTION(infer_request_set_input_tensor_by_index),
    FUNCTION(infer_request_get_output_tensor_by_index),
    FUNCTION(tensor_create_from_host_ptr),
    FUNCTION(tensor_create),
    FUNCTION(tensor_get_byte_size),
    FUNCTION(tensor_get_shape),
    FUNCTION(tensor_data),
    FUNCTION(tensor_free),
};

const char *piq_ov_open(const char *path, piq_ov *functions) {
  static _Thread_local char problem[512];
  functions->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (functions->library == NULL) {
    const char *reason = dlerror();
    snprintf(problem, sizeof problem, "%s", reason != NULL ? reason : "cannot be opened");
    return problem;
  }
  size_t count = sizeof functions_of_openvino / sizeof functions_of_openvino[0];
  for (size_t i = 0; i < count; i++) {
    void *address = dlsym(functions->library, functions_of_openvino[i].name);
    if (address == NULL) {
      snprintf(problem, sizeof problem, "has no function %s", functions_of_openvino[i].name);
      dlclose(functions->library);
      functions->library = NULL;
      return problem;
    }
    memcpy((char *)functions + functions_of_openvino[i].offset, &address, sizeof address);
  }
  return NULL;
}

piq_ov_status piq_ov_compile(const piq_ov *ov, const piq_ov_core *core, const piq_ov_model *model,
                             const char *execution_mode, piq_ov_compiled **compiled) {
  return ov->core_compile_model(core, model, "CPU", 10, compiled,          //
                                "INFERENCE_NUM_THREADS", "1",              //
                                "NUM_STREAMS", "1",                        //
                                "INFERENCE_PRECISION_HINT", "f32",         //
                                "EXECUTION_MODE_HINT", execution_mode,     //
                                "ENABLE_CPU_PINNING", "NO");
}
