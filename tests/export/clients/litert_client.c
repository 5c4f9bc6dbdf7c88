/* Runs a signature of a .tflite file from C, through libLiteRt.so alone.
 *
 *     litert_client LIBRARY MODEL JOBS
 *
 * LIBRARY is the shared object of the ai-edge-litert wheel. JOBS holds lines of
 *
 *     run SIGNATURE
 *     in NAME FILE      bytes of the rows of an input, one after another
 *     out NAME FILE     where the bytes of an output go
 *
 * A signature is run once for each row that its inputs hold. The wheel brings no headers: what is
 * called here is declared as LiteRT 2.3 has it. Exit status 0, or 1 with a sentence on stderr.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPU = 1, READ = 0, WRITE = 1, MOST = 8 };

/* Ranked tensor types are passed on as they come: 72 bytes in this version, with room for more. */
typedef struct {
  long long words[32];
} Type;

typedef int (*Function)();

static void *library;

static void fail(const char *what, const char *name) {
  fprintf(stderr, "%s: %s\n", what, name);
  exit(1);
}

static Function find(const char *name) {
  Function found = (Function)dlsym(library, name);
  if (!found) fail("The library does not export", name);
  return found;
}

static void check(int status, const char *name) {
  if (status) fail("LiteRT refused", name);
}

#define CALL(name, ...) check(find(#name)(__VA_ARGS__), #name)

typedef struct {
  char name[128], file[1024];
  char *bytes;
  size_t size, row;
  void *buffer;
} Port;

typedef struct {
  char signature[128];
  Port inputs[MOST], outputs[MOST];
  size_t input_count, output_count;
} Job;

static void *environment, *model, *compiled;

static void read_bytes(Port *port) {
  FILE *file = fopen(port->file, "rb");
  if (!file) fail("No such file", port->file);
  fseek(file, 0, SEEK_END);
  port->size = ftell(file);
  rewind(file);
  port->bytes = malloc(port->size + 1);
  if (fread(port->bytes, 1, port->size, file) != port->size) fail("Not read to its end", port->file);
  fclose(file);
}

static void *signature_at(size_t i, const char **key) {
  void *signature;
  CALL(LiteRtGetModelSignature, model, i, &signature);
  CALL(LiteRtGetSignatureKey, signature, key);
  return signature;
}

static size_t index_of(const char *wanted) {
  size_t count;
  CALL(LiteRtGetNumModelSignatures, model, &count);
  for (size_t i = 0; i < count; i++) {
    const char *key;
    signature_at(i, &key);
    if (!strcmp(key, wanted)) return i;
  }
  fail("The file has no signature", wanted);
  return 0;
}

/* A buffer for the port that the signature has at a place, and the port's own place in the job. */
static Port *make_buffer(void *signature, size_t index, size_t place, int is_input, Port *ports, size_t count) {
  const char *name;
  void *tensor, *needed;
  Type type;
  if (is_input) {
    CALL(LiteRtGetSignatureInputName, signature, place, &name);
    CALL(LiteRtGetSignatureInputTensorByIndex, signature, place, &tensor);
    CALL(LiteRtGetCompiledModelInputBufferRequirements, compiled, index, place, &needed);
  } else {
    CALL(LiteRtGetSignatureOutputName, signature, place, &name);
    CALL(LiteRtGetSignatureOutputTensorByIndex, signature, place, &tensor);
    CALL(LiteRtGetCompiledModelOutputBufferRequirements, compiled, index, place, &needed);
  }
  for (size_t i = 0; i < count; i++) {
    if (strcmp(ports[i].name, name)) continue;
    CALL(LiteRtGetRankedTensorType, tensor, &type);
    CALL(LiteRtCreateManagedTensorBufferFromRequirements, environment, &type, needed, &ports[i].buffer);
    CALL(LiteRtGetTensorBufferPackedSize, ports[i].buffer, &ports[i].row);
    return &ports[i];
  }
  fail("The job leaves out", name);
  return NULL;
}

static void run(Job *job) {
  size_t index = index_of(job->signature), inputs, outputs, rows = 0;
  const char *key;
  void *signature = signature_at(index, &key);
  void *in[MOST], *out[MOST], *memory;
  CALL(LiteRtGetNumSignatureInputs, signature, &inputs);
  CALL(LiteRtGetNumSignatureOutputs, signature, &outputs);
  if (inputs != job->input_count) fail("Not as many inputs as in the file", job->signature);
  if (outputs != job->output_count) fail("Not as many outputs as in the file", job->signature);
  for (size_t i = 0; i < inputs; i++) {
    Port *port = make_buffer(signature, index, i, 1, job->inputs, inputs);
    in[i] = port->buffer;
    read_bytes(port);
    if (port->size % port->row) fail("Not a whole number of rows", port->file);
    if (i && port->size / port->row != rows) fail("Not as many rows as the first input", port->file);
    rows = port->size / port->row;
  }
  for (size_t i = 0; i < outputs; i++) {
    Port *port = make_buffer(signature, index, i, 0, job->outputs, outputs);
    out[i] = port->buffer;
    port->bytes = malloc(rows * port->row);
  }
  for (size_t row = 0; row < rows; row++) {
    for (size_t i = 0; i < inputs; i++) {
      Port *port = &job->inputs[i];
      CALL(LiteRtLockTensorBuffer, port->buffer, &memory, WRITE);
      memcpy(memory, port->bytes + row * port->row, port->row);
      CALL(LiteRtUnlockTensorBuffer, port->buffer);
    }
    CALL(LiteRtRunCompiledModel, compiled, index, inputs, in, outputs, out);
    for (size_t i = 0; i < outputs; i++) {
      Port *port = &job->outputs[i];
      CALL(LiteRtLockTensorBuffer, port->buffer, &memory, READ);
      memcpy(port->bytes + row * port->row, memory, port->row);
      CALL(LiteRtUnlockTensorBuffer, port->buffer);
    }
  }
  for (size_t i = 0; i < outputs; i++) {
    FILE *file = fopen(job->outputs[i].file, "wb");
    if (!file || fwrite(job->outputs[i].bytes, job->outputs[i].row, rows, file) != rows || fclose(file))
      fail("Not written", job->outputs[i].file);
  }
  for (size_t i = 0; i < inputs; i++) {
    find("LiteRtDestroyTensorBuffer")(job->inputs[i].buffer);
    free(job->inputs[i].bytes);
  }
  for (size_t i = 0; i < outputs; i++) {
    find("LiteRtDestroyTensorBuffer")(job->outputs[i].buffer);
    free(job->outputs[i].bytes);
  }
}

static void open_model(const char *path) {
  void *options;
  CALL(LiteRtCreateEnvironment, 0, NULL, &environment);
  CALL(LiteRtCreateModelFromFile, environment, path, &model);
  CALL(LiteRtCreateOptions, &options);
  CALL(LiteRtSetOptionsHardwareAccelerators, options, CPU);
  CALL(LiteRtCreateCompiledModel, environment, model, options, &compiled);
  find("LiteRtDestroyOptions")(options);
}

int main(int count, char **arguments) {
  char line[1200], name[128], file[1024];
  Job job = {0};
  if (count != 4) fail("Usage", "litert_client LIBRARY MODEL JOBS");
  library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) fail("Not opened", dlerror());
  open_model(arguments[2]);
  FILE *jobs = fopen(arguments[3], "r");
  if (!jobs) fail("No such file", arguments[3]);
  while (fgets(line, sizeof line, jobs)) {
    if (sscanf(line, "run %127s", name) == 1) {
      if (job.signature[0]) run(&job);
      memset(&job, 0, sizeof job);
      strcpy(job.signature, name);
    } else if (sscanf(line, "in %127s %1023s", name, file) == 2 && job.input_count < MOST) {
      strcpy(job.inputs[job.input_count].name, name);
      strcpy(job.inputs[job.input_count++].file, file);
    } else if (sscanf(line, "out %127s %1023s", name, file) == 2 && job.output_count < MOST) {
      strcpy(job.outputs[job.output_count].name, name);
      strcpy(job.outputs[job.output_count++].file, file);
    } else {
      fail("Not a line of a job", line);
    }
  }
  if (job.signature[0]) run(&job);
  find("LiteRtDestroyCompiledModel")(compiled);
  find("LiteRtDestroyModel")(model);
  find("LiteRtDestroyEnvironment")(environment);
  return 0;
}
