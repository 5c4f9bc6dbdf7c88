"""Room of kernels: operators that multiply weights with activations, each with its function in C."""
